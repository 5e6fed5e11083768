"""Opens a .pkpass as Wallet does: the archive, the manifest, the signature, then pass.json.

Invariant: a bundle comes out of `open_bundle` only when each of its bytes was vouched for.
"""

import hashlib
import io
import json
import struct
import zipfile
import zlib
from dataclasses import dataclass
from typing import Any

from sandbox.apple.passjson import problems_in
from sandbox.apple.problems import Problem, Refusal, refuse
from sandbox.apple.signature import SignatureChecker

UNPACKED_BYTES_MAX = 30_000_000
NOT_IN_MANIFEST = {"manifest.json", "signature"}
PNG_START = b"\x89PNG\r\n\x1a\n"


@dataclass(frozen=True)
class Bundle:
    """A pass that may be trusted."""

    content: dict[str, Any]  # pass.json
    files: dict[str, bytes]

    @property
    def key(self) -> tuple[str, str]:
        """What identifies a pass on a device: pass type id and serial number."""
        return self.content["passTypeIdentifier"], self.content["serialNumber"]


def open_bundle(data: bytes, signatures: SignatureChecker) -> Bundle:
    """Return the bundle in `data`, or raise Refusal with every reason found."""
    files = _unpack(data)
    problems = _manifest_problems(files) + _image_problems(files)
    signer, signature_problems = signatures.check(files["signature"], files["manifest.json"])
    problems += signature_problems
    content = _read_json(files["pass.json"], "pass.json")
    problems += problems_in(content)
    if signer is not None:
        problems += _signer_problems(content, signer)
    if problems:
        raise Refusal(problems)
    return Bundle(content, files)


def _unpack(data: bytes) -> dict[str, bytes]:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            entries = [entry for entry in archive.infolist() if not entry.is_dir()]
            if sum(entry.file_size for entry in entries) > UNPACKED_BYTES_MAX:
                raise refuse("too_large", "the bundle unpacks to more than 30 MB")
            files = {entry.filename: archive.read(entry) for entry in entries}
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, EOFError) as error:
        raise refuse("not_a_zip", f"the bundle is no readable zip: {error}") from error
    if len(files) != len(entries):
        raise refuse("name_twice", "two entries of the zip have the same name")
    for name in files:
        if name.startswith("/") or "\\" in name or ".." in name.split("/"):
            raise refuse("bad_name", f"{name!r} points out of the bundle")
    missing = [name for name in ("pass.json", "manifest.json", "signature") if name not in files]
    if missing:
        raise Refusal([Problem("file_missing", f"{name} is missing") for name in missing])
    return files


def _manifest_problems(files: dict[str, bytes]) -> list[Problem]:
    manifest = _read_json(files["manifest.json"], "manifest.json")
    there = set(files) - NOT_IN_MANIFEST
    problems = [Problem("file_extra", f"{name} is not in the manifest")
                for name in sorted(there - set(manifest))]  # fmt: skip
    problems += [Problem("file_missing", f"{name} is in the manifest only")
                 for name in sorted(set(manifest) - there)]  # fmt: skip
    for name in sorted(there & set(manifest)):
        if hashlib.sha1(files[name], usedforsecurity=False).hexdigest() != manifest[name]:
            problems.append(Problem("file_changed", f"{name} has another SHA-1 than the manifest"))
    return problems


def _image_problems(files: dict[str, bytes]) -> list[Problem]:
    problems = [] if "icon.png" in files else [Problem("icon_missing", "icon.png is missing")]
    for name, data in files.items():
        if name.endswith(".png") and not _is_png(data):
            problems.append(Problem("image_bad", f"{name} is not a whole PNG"))
    return problems


def _signer_problems(content: dict[str, Any], signer: tuple[str, str]) -> list[Problem]:
    pass_type_id, team_id = signer
    problems = []
    if content.get("passTypeIdentifier") != pass_type_id:
        problems.append(Problem("wrong_pass_type", f"signed by a certificate for {pass_type_id}"))
    if content.get("teamIdentifier") != team_id:
        problems.append(Problem("wrong_team", f"signed by a certificate of team {team_id}"))
    return problems


def _read_json(data: bytes, name: str) -> dict[str, Any]:
    try:
        content = json.loads(data)
    except ValueError as error:
        raise refuse("bad_json", f"{name}: {error}") from error
    if not isinstance(content, dict):
        raise refuse("bad_json", f"{name} holds no dictionary")
    return content


def _is_png(data: bytes) -> bool:
    """Walk the chunks: IHDR first with a size, each checksum right, IEND last."""
    if not data.startswith(PNG_START):
        return False
    kinds, at = [], len(PNG_START)
    while at + 12 <= len(data):
        (length,) = struct.unpack_from(">I", data, at)
        chunk = data[at + 4 : at + 8 + length]
        checksum = data[at + 8 + length : at + 12 + length]
        if checksum != struct.pack(">I", zlib.crc32(chunk)):
            return False
        kinds.append(chunk[:4])
        at += 12 + length
    sizes = struct.unpack_from(">II", data, 16) if len(data) >= 24 else (0, 0)
    return (
        kinds[:1] == [b"IHDR"] and kinds[-1] == b"IEND" and b"IDAT" in kinds
        and min(sizes) > 0 and at == len(data)
    )  # fmt: skip
