"""The way to the member's card, as a QR code that their phone's camera reads off the till."""

from typing import Any
from uuid import UUID

import segno

from wallet.card_links import card_page_url


def card_json(shop_id: int, member_id: UUID) -> dict[str, Any]:
    """The card page's address, and it drawn as rows of modules.

    `qr_modules` has a text of 0 and 1 (dark) for each row, without the white around the code that
    ISO/IEC 18004 wants.
    """
    url = card_page_url(shop_id, member_id)
    code = segno.make(url, micro=False, error="m")
    rows = ["".join("1" if dark else "0" for dark in row) for row in code.matrix]
    return {"url": url, "qr_modules": rows}
