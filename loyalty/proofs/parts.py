"""The part of emailed codes in what is held of a person: that one was asked for, never the code."""

from collections.abc import Sequence

from loyalty.privacy.parts import Drop, Part, Stays, by_member
from loyalty.proofs.tables import EmailChallenge

PARTS: Sequence[Part] = (
    Part(
        EmailChallenge,
        by_member(EmailChallenge),
        "Codes sent to you by email",
        Drop(),
        Stays("a code is good for minutes, and for whom it was made"),
    ),
)
"""The person's rows go when they are erased."""
