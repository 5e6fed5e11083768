"""The way to the member's card, as a QR code that their phone's camera reads off the till."""

import io
from typing import Any
from uuid import UUID

import segno

from wallet.card_links import card_page_url

_QUIET_ZONE = 4  # modules of white around the code, which ISO/IEC 18004 wants


def card_json(shop_id: int, member_id: UUID) -> dict[str, Any]:
    """The card page's address, drawn: as an SVG with its quiet zone, and as rows of modules.

    `qr_modules` has a text of 0 and 1 (dark) for each row, without the quiet zone.
    """
    url = card_page_url(shop_id, member_id)
    code = segno.make(url, micro=False, error="m")
    return {"url": url, "qr_svg": _svg(code), "qr_modules": _rows(code)}


def _svg(code: segno.QRCode) -> str:
    drawn = io.BytesIO()
    code.save(
        drawn, kind="svg", xmldecl=False, svgns=True, border=_QUIET_ZONE, scale=4, omitsize=True
    )
    return drawn.getvalue().decode()


def _rows(code: segno.QRCode) -> list[str]:
    return ["".join("1" if dark else "0" for dark in row) for row in code.matrix]
