"""The wallet's parts in what is held of a person: cards, the phones they are on, what was tapped.

An erased member's cards are made void by the subscribers, which the phones must hear of; only days
later are the phones themselves forgotten.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, delete, func, select, update
from sqlalchemy.orm import Session

from loyalty.privacy.parts import (
    Drop,
    Keep,
    Merging,
    Moves,
    Part,
    Person,
    Run,
    Stays,
    Unites,
    by_member,
)
from wallet.content import as_void
from wallet.google.tables import GoogleNotice, GoogleObject
from wallet.hops import PushHop
from wallet.messages import PushMessage
from wallet.tables import (
    AppleDevice,
    AppleRegistration,
    MemberToken,
    PassClick,
    PassRevision,
    WalletPass,
)
from wallet.tokens import raise_epoch

_VOIDED = Keep("the wallet's subscriber makes the card void and tells the phone")
_MERGED = Moves("both cards show the survivor", has_home=True)
_POINTS = Moves("points at the survivor")
_WITH_CARD = Stays("it stays with its card")


def _of_pass(model: Any) -> Any:
    """The rows of a table that hangs on Apple passes."""

    def whose(person: Person) -> ColumnElement[bool]:
        passes = select(WalletPass.id).where(by_member(WalletPass)(person))
        return (model.shop_id == person.shop_id) & model.pass_id.in_(passes)

    return whose


def _notices(person: Person) -> ColumnElement[bool]:
    objects = select(GoogleObject.id).where(by_member(GoogleObject)(person))
    return (GoogleNotice.shop_id == person.shop_id) & GoogleNotice.google_object_id.in_(objects)


def _devices(person: Person) -> ColumnElement[bool]:
    """Phones that have the person's card; they may have other shops' cards too."""
    own = select(AppleRegistration.device_id).where(_of_pass(AppleRegistration)(person))
    return AppleDevice.device_id.in_(own)


def _forget_phones(session: Session, person: Person, now: datetime) -> None:
    """Drop the card from its phones; a phone goes when no shop's card is on it any more."""
    mine = _of_pass(AppleRegistration)(person)
    devices = list(session.scalars(select(AppleRegistration.device_id).where(mine)))
    session.execute(delete(AppleRegistration).where(mine))
    session.execute(select(func.forget_devices(devices)))


def _void_cards(session: Session, person: Person, now: datetime) -> None:
    """Make void what no subscriber has, such as cards of a platform that is switched off by now."""
    live = select(WalletPass).where(by_member(WalletPass)(person), WalletPass.voided_at.is_(None))
    for card in session.scalars(live.order_by(WalletPass.id).with_for_update()):
        card.content, card.voided_at = as_void(card.content), now
    session.execute(
        update(GoogleObject)
        .where(by_member(GoogleObject)(person), GoogleObject.voided_at.is_(None))
        .values(content={}, voided_at=now)
    )


def _keep_codes(session: Session, merging: Merging) -> None:
    """Nothing to do: whoever scans a code of the merged member is led to the survivor."""


def _renew_codes(session: Session, merging: Merging) -> None:
    """The phone of the one who leaves has shown the survivor's code: it is the newest no more."""
    raise_epoch(session, merging.shop_id, merging.survivor_id, now=merging.now)


PARTS: Sequence[Part] = (
    Part(
        WalletPass,
        by_member(WalletPass),
        "Apple Wallet passes",
        _VOIDED,
        _MERGED,
        secrets=("authentication_token", "content"),
        erase_later=Run("what is not void by now is made so", _void_cards),
    ),
    Part(
        AppleDevice,
        _devices,
        "Phones with your card",
        Keep("the phone must hear that its card is void"),
        Stays("a phone is nobody's in particular"),
        secrets=("push_token",),
        erase_later=Keep("goes with the last card that is on it, see Apple Wallet on your phones"),
    ),
    Part(
        AppleRegistration,
        _of_pass(AppleRegistration),
        "Apple Wallet on your phones",
        Keep("the phone must hear that its card is void"),
        _WITH_CARD,
        erase_later=Run("phones and their registrations are dropped", _forget_phones),
    ),
    Part(
        PassRevision,
        _of_pass(PassRevision),
        "What your card said",
        Keep("what a phone has is compared with it until the card is void there"),
        _WITH_CARD,
        erase_later=Drop(),
    ),
    Part(
        GoogleNotice,
        _notices,
        "Google Wallet notifications",
        Keep("counts how often Google may still notify, and names nobody"),
        _WITH_CARD,
        erase_later=Drop(),
    ),
    Part(
        GoogleObject,
        by_member(GoogleObject),
        "Google Wallet cards",
        _VOIDED,
        _MERGED,
        secrets=("content", "claimed_by", "lease_ends_at"),
        erase_later=Keep("made void together with the Apple Wallet passes"),
    ),
    Part(
        MemberToken,
        by_member(MemberToken),
        "Codes of your card",
        Drop(),
        Unites("both codes find the survivor", _keep_codes, _renew_codes),
        secrets=("token", "short_code"),
    ),
    Part(PassClick, by_member(PassClick), "Links you opened", Drop(), _POINTS),
    Part(
        PushMessage,
        by_member(PushMessage),
        "Pushes",
        Keep("the last one tells the phone that the card is void"),
        _POINTS,
        erase_later=Drop(),
    ),
    Part(
        PushHop,
        by_member(PushHop),
        "The way of each push",
        Keep("the last one tells the phone that the card is void"),
        _POINTS,
        erase_later=Drop(),
    ),
)
