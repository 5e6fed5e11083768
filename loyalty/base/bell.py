"""The after-commit bell: who wants to be told that a shop has work. Losing a ring loses nothing."""

from collections.abc import Callable
from typing import Literal

Queue = Literal[
    "inbox",
    "relay",
    "wallet",
    "google",
    "mail",
    "projection",
    "referrals",
    "consents",
    "backfill",
    "redemptions",
    "segments",
    "segment_refresh",
    "campaigns",
    "group_grants",
    "insights",
]
Ring = Callable[[Queue, int], None]

_ring: Ring | None = None


def register(ring: Ring) -> None:
    """Set what `ring` calls; the composition root does this once per process."""
    global _ring
    _ring = ring


def ring(queue: Queue, shop_id: int) -> None:
    """Tell the workers of `queue` that `shop_id` has work, if anyone listens."""
    if _ring is not None:
        _ring(queue, shop_id)
