"""The ways a campaign reaches members: told at start, for the domain knows no email and no wallet.

The invariant: a channel takes a message in the transaction of the recipient's turn, or not at all.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from sqlalchemy.orm import Session

from loyalty.campaigns.tables import Campaign
from loyalty.shops.tables import Shop

Name = Literal["email", "push"]
NAMES: tuple[Name, ...] = ("email", "push")


@dataclass(frozen=True, slots=True)
class Told:
    """One recipient to be told, and the code that goes with it, if any."""

    member_id: UUID
    coupon_code_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class Channel:
    """One way. `check` raises BadCampaign for words that cannot go it, or where it is switched off.

    `why_not(session, campaign, member_ids)`: reasons of those whom it may not reach, for 10,000
    at a time. `send(session, shop, campaign, told, now)` stages a message to each in this
    transaction, whose balances are locked; the id of each that was taken, an email's is that of its
    outbox event. `settle(session, campaign, now)`
    writes down how messages under way have ended; how many. `room()`: how many may be under way,
    so that a campaign stands before nothing that somebody waits for.
    """

    name: Name
    check: Callable[[Session, Shop, Campaign], None]
    why_not: Callable[[Session, Campaign, Sequence[UUID]], Mapping[UUID, str]]
    send: Callable[[Session, Shop, Campaign, Sequence[Told], datetime], Mapping[UUID, UUID]]
    settle: Callable[[Session, Campaign, datetime], int]
    room: Callable[[], int]


_channels: dict[str, Channel] = {}


def register(channels: Sequence[Channel]) -> None:
    """Set the channels of this process."""
    _channels.clear()
    _channels.update({channel.name: channel for channel in channels})


def channels_of(campaign: Campaign) -> list[Channel]:
    """Those that the campaign uses, in the order of NAMES."""
    assert _channels, "loyalty.campaigns.channels.register() was not called"
    return [_channels[name] for name in NAMES if name in campaign.channels]
