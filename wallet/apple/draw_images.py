"""Draws the default images: `python -m wallet.apple.draw_images` writes both wallets' images/*.png.

The mark is a musical repeat sign, the score's way to say "encore". Palette
PNGs, because a phone downloads them again with every update.
"""

import struct
import zlib
from pathlib import Path

FOLDER = Path(__file__).parent / "images"
GOOGLE_FOLDER = Path(__file__).parents[1] / "google" / "images"

_SHADES = 16  # palette entries from ground to ink: smooth edges at a few hundred bytes
_GROUND, _INK = (0x12, 0x3B, 0x3A), (0xFF, 0xF6, 0xE5)
_SAMPLES = 4
_UNIT = 1000


def draw_all() -> None:
    """Write icon and logo at the three scales that Apple's devices choose from, and Google's."""
    for scale in (1, 2, 3):
        suffix = "" if scale == 1 else f"@{scale}x"
        _write(FOLDER / f"icon{suffix}.png", 29 * scale, see_through=False)
        _write(FOLDER / f"logo{suffix}.png", 50 * scale, see_through=True)
    # Google cuts a circle out of a square of at least this size.
    _write(GOOGLE_FOLDER / "logo.png", 660, see_through=False)


def _write(path: Path, size: int, *, see_through: bool) -> None:
    path.parent.mkdir(exist_ok=True)
    rows = [[_shade(x, y, size) for x in range(size)] for y in range(size)]
    path.write_bytes(_png(rows, see_through=see_through))


def _shade(x: int, y: int, size: int) -> int:
    """How much of pixel (x, y) the mark covers, in shades."""
    steps = range(1, 2 * _SAMPLES, 2)
    cells = 2 * _SAMPLES * size
    xs = [(2 * _SAMPLES * x + step) * _UNIT // cells for step in steps]
    ys = [(2 * _SAMPLES * y + step) * _UNIT // cells for step in steps]
    inside = sum(_in_mark(across, down) for across in xs for down in ys)
    return inside * (_SHADES - 1) // _SAMPLES**2


def _in_mark(x: int, y: int) -> bool:
    """Whether the point of the unit square, in thousandths, lies on the repeat sign."""
    if 180 <= y <= 820 and (620 <= x <= 760 or 490 <= x <= 540):
        return True
    return any((x - 330) ** 2 + (y - middle) ** 2 <= 84**2 for middle in (380, 620))


def _png(rows: list[list[int]], *, see_through: bool) -> bytes:
    size = len(rows)
    header = struct.pack(">2L5B", size, size, 4, 3, 0, 0, 0)  # 4 bits a pixel, palette
    ramp = [_mix(_INK if see_through else _GROUND, shade) for shade in range(_SHADES)]
    alpha = bytes(shade * 255 // (_SHADES - 1) for shade in range(_SHADES))
    chunks = [(b"IHDR", header), (b"PLTE", b"".join(ramp))]
    if see_through:
        chunks.append((b"tRNS", alpha))
    packed = b"".join(b"\0" + _nibbles(row) for row in rows)
    chunks += [(b"IDAT", zlib.compress(packed, 9)), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(*chunk) for chunk in chunks)


def _mix(ground: tuple[int, int, int], shade: int) -> bytes:
    rest = _SHADES - 1
    return bytes(
        (g * (rest - shade) + i * shade) // rest for g, i in zip(ground, _INK, strict=True)
    )


def _nibbles(row: list[int]) -> bytes:
    padded = [*row, 0] if len(row) % 2 else row
    return bytes(a << 4 | b for a, b in zip(padded[::2], padded[1::2], strict=True))


def _chunk(kind: bytes, content: bytes) -> bytes:
    checksum = zlib.crc32(kind + content)
    return struct.pack(">L", len(content)) + kind + content + struct.pack(">L", checksum)


if __name__ == "__main__":
    draw_all()
