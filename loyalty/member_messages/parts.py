"""Messages' part in what is held of a person: a text may call them by their name, so it goes."""

from collections.abc import Sequence

from loyalty.member_messages.tables import MemberMessage
from loyalty.privacy.parts import Drop, Part, Stays, by_member

PARTS: Sequence[Part] = (
    Part(
        MemberMessage,
        by_member(MemberMessage),
        "Messages on your card",
        Drop(),
        Stays("the survivor's phone is not told what was for another card"),
        # Staff are persons too.
        secrets=("actor", "key"),
    ),
)
