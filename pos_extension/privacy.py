"""The till's part in what is held of a person: the answers that named them."""

from collections.abc import Sequence

from loyalty.privacy.parts import Blank, Moves, Part, by_member
from pos_extension.tables import TillWrite

PARTS: Sequence[Part] = (
    Part(
        TillWrite,
        by_member(TillWrite),
        "At the till",
        # A resend must find its key, or it would enrol them anew; without an answer it is refused.
        Blank(
            {"answer": {}},
            keeps=("shop_id", "client_key", "fingerprint", "member_id", "status", "created_at"),
        ),
        Moves("points at the survivor"),
    ),
)
