"""The way to the member's card, as a QR code that their phone's camera reads off the till.

The invariant: who is known already gets the card by their own mail; the till's link only asks for
it, so a cashier who opens it sees nothing that redeems.
"""

from typing import Any
from uuid import UUID

import segno

from loyalty.audit import Actor
from loyalty.base.clock import utc_now
from loyalty.base.db import shop_transaction
from loyalty.base.errors import TooManyRequests
from loyalty.till.hand_outs import hand_out
from pos_extension import refusals
from pos_extension.auth import Till, enter
from wallet.card_links import card_page_url, till_page_url


def hand_out_card(till: Till, member_id: UUID) -> dict[str, Any]:
    """The address for the member's phone, audited; Refusal 409 for a user who showed too many."""
    with shop_transaction(till.shop_id) as session:
        shop, now = enter(session, till), utc_now()
        actor = Actor("till_user", str(till.user_id))
        try:
            opens_at_once = hand_out(session, shop, member_id, actor, now=now)
        except TooManyRequests as error:
            raise refusals.too_many_cards() from error
    if opens_at_once:
        return _card_json(card_page_url(till.shop_id, member_id), needs_email=False)
    return _card_json(till_page_url(till.shop_id, member_id, now=now), needs_email=True)


def _card_json(url: str, *, needs_email: bool) -> dict[str, Any]:
    """The address, and it drawn as rows of modules.

    `qr_modules` has a text of 0 and 1 (dark) for each row, without the white around the code that
    ISO/IEC 18004 wants. `needs_email`: the page sends the card to the member's address.
    """
    code = segno.make(url, micro=False, error="m")
    rows = ["".join("1" if dark else "0" for dark in row) for row in code.matrix]
    return {"url": url, "qr_modules": rows, "needs_email": needs_email}
