"""Who may be sent which email, and if not, why: asked for many at a time, before each send again.

The invariant: a hard bounce and a complaint stop every email; a no stops all that nobody asked
for, and marketing needs a yes. The later word counts: a yes after a no lifts it, an older one
never does, so that what is remembered of an address outlives even its erased member.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from loyalty.base.bulk import among
from loyalty.base.said import said
from loyalty.members.consent import MemberConsent
from loyalty.members.tables import Member
from mailing.addresses import address_hash, deliverable
from mailing.tables import EmailAddress
from mailing.topics import OFFERS, TOPICS, MemberTopic, list_choices

Reason = Literal[
    "not_active",
    "no_address",
    "hard_bounce",
    "complained",
    "unsubscribed",
    "no_consent",
    "preference_off",
]
WORDS: Mapping[str, str] = {
    "not_active": said("The member is no longer active"),
    "no_address": said("The member has no email address that works"),
    "hard_bounce": said("Emails to this address bounce"),
    "complained": said("The member reported an earlier email as spam"),
    "unsubscribed": said("The member has unsubscribed"),
    "no_consent": said("The member has not said yes to marketing emails"),
    "preference_off": said("The member wants no emails of this topic"),
}
"""What each reason is called; an email's own reason may say more."""

MARKETING = frozenset({"campaign", "one_off"})
"""Kinds of email that only who said yes may be sent, unless it answers them."""
WAITED_FOR = frozenset({"proof", "verification", "reward", "data_request", "erasure"})
"""Kinds that somebody waits for, as for every email that a person asked for."""
TOPIC_OF_KIND: Mapping[str, str] = {
    "campaign": OFFERS,
    "one_off": OFFERS,
    "expiry_warning": "points",
    "adjustment": "points",
    "granted": "points",
    "tier": "points",
    "birthday": "birthday",
    "reward": "rewards",
    "reward_in_reach": "rewards",
    "coupon": "rewards",
    "referral": "rewards",
}
"""The topic of each kind that has one; a campaign may be sent under another."""


@dataclass(frozen=True, slots=True)
class Known:
    """All that is known of one member: who they are, their address, their words, their choices."""

    member: Any
    address: Any
    consent: Any
    choices: Mapping[str, MemberTopic]


def why_not(
    session: Session,
    shop_id: int,
    members: Collection[UUID],
    *,
    kind: str,
    topic: str | None = None,
    is_asked_for: bool = False,
) -> dict[UUID, str]:
    """member → Reason for those who must not be sent an email of `kind`; the others are left out.

    At most some 10,000 members at a time. `topic`: a campaign's, else the kind's own.
    `is_asked_for`: it answers the member, so that only an address that cannot be written to
    stops it. Unknown members are not active.
    """
    asked = topic or TOPIC_OF_KIND.get(kind)
    reasons: dict[UUID, str] = dict.fromkeys(members, "not_active")
    for known in read_known(session, shop_id, members):
        reason = _unreachable(known)
        if reason is None and not is_asked_for:
            reason = _unwanted(known, kind in MARKETING, asked)
        if reason is None:
            del reasons[known.member.id]
        else:
            reasons[known.member.id] = reason
    return reasons


def list_wanted(session: Session, shop_id: int, member_id: UUID) -> frozenset[str]:
    """The topics of which the member is sent emails by itself, could they be reached."""
    for known in read_known(session, shop_id, [member_id]):
        return frozenset(
            topic for topic in TOPICS if _unwanted(known, topic == OFFERS, topic) is None
        )
    return frozenset()


def why_blocked(
    session: Session,
    member: Member,
    *,
    is_asked_for: bool,
    kind: str = "card",
    topic: str | None = None,
) -> str | None:
    """Why `member` must not be sent one email of `kind`, in words; None when they may be.

    Who has unsubscribed gets no email that comes by itself, but the card that a person
    asked for: it is an answer, and no advertising.
    """
    reason = find_reason(session, member, is_asked_for=is_asked_for, kind=kind, topic=topic)
    return in_words(session, member, reason) if reason else None


def find_reason(
    session: Session, member: Member, *, is_asked_for: bool, kind: str, topic: str | None
) -> str | None:
    """The Reason why `member` must not be sent one email of `kind`; None when they may be."""
    session.flush()
    who = [member.id]
    found = why_not(session, member.shop_id, who, kind=kind, topic=topic, is_asked_for=is_asked_for)
    return found.get(member.id)


def in_words(session: Session, member: Member, reason: str) -> str:
    """A reason in words, with what the member's own address adds to it."""
    if reason == "no_address":
        if member.email_norm:
            return said("The email address is not valid")
        return said("The member has no email address")
    if reason == "hard_bounce":
        key = (member.shop_id, address_hash(member.shop_id, member.email_norm))
        address = session.get_one(EmailAddress, key, populate_existing=True)
        why = address.hard_bounce_reason
        return said("Emails to this address bounce: %(reason)s", reason=why)
    return WORDS[reason]


def read_known(session: Session, shop_id: int, members: Collection[UUID]) -> Iterable[Known]:
    """What is known of each of these members of the shop."""
    if not members:
        return
    rows = session.execute(
        select(Member.id, Member.state, Member.email, Member.email_norm).where(
            Member.shop_id == shop_id, among(Member.id, members)
        )
    ).all()
    hashes = {row.id: address_hash(shop_id, row.email_norm) for row in rows if row.email_norm}
    addresses = _addresses(session, shop_id, set(hashes.values()))
    consents = _consents(session, shop_id, members)
    choices = list_choices(session, shop_id, members)
    for row in rows:
        address = addresses.get(hashes.get(row.id, ""))
        yield Known(row, address, consents.get(row.id), choices.get(row.id, {}))


def _addresses(session: Session, shop_id: int, hashes: Collection[str]) -> dict[str, Any]:
    columns = (
        EmailAddress.address_hash,
        EmailAddress.hard_bounced_at,
        EmailAddress.complained_at,
        EmailAddress.unsubscribed_at,
        EmailAddress.soft_bounces,
    )
    rows = session.execute(
        select(*columns).where(
            EmailAddress.shop_id == shop_id, among(EmailAddress.address_hash, hashes)
        )
    )
    return {row.address_hash: row for row in rows}


def _consents(session: Session, shop_id: int, members: Collection[UUID]) -> dict[UUID, Any]:
    columns = (
        MemberConsent.member_id,
        MemberConsent.state,
        MemberConsent.changed_at,
        MemberConsent.refused_at,
    )
    rows = session.execute(
        select(*columns).where(
            MemberConsent.shop_id == shop_id,
            among(MemberConsent.member_id, members),
            MemberConsent.channel == "email",
        )
    )
    return {row.member_id: row for row in rows}


def _unreachable(known: Known) -> Reason | None:
    """What stops every email, whoever asked for it."""
    if known.member.state != "active":
        return "not_active"
    if not known.member.email_norm or deliverable(known.member.email) is None:
        return "no_address"
    if known.address is not None and known.address.complained_at:
        return "complained"
    if known.address is not None and known.address.hard_bounced_at:
        return "hard_bounce"
    return None


def _unwanted(known: Known, is_marketing: bool, topic: str | None) -> Reason | None:
    """What stops an email that nobody asked for."""
    choice = known.choices.get(topic or "")
    no_at = _no_at(known)
    if no_at is not None:
        chosen_at = choice.changed_at if choice is not None and choice.is_wanted else None
        is_lifted = chosen_at is not None and chosen_at >= no_at and not is_marketing
        return None if is_lifted else "unsubscribed"
    if is_marketing and not _has_said_yes(known):
        return "no_consent"
    return "preference_off" if choice is not None and not choice.is_wanted else None


def is_unsubscribed(known: Known) -> bool:
    """Whether the member's no stands, or that of their address."""
    return _no_at(known) is not None


def _no_at(known: Known) -> datetime | None:
    """When they said no, unless a later yes lifts it."""
    told: Sequence[datetime | None] = (
        known.address.unsubscribed_at if known.address is not None else None,
        known.consent.refused_at if known.consent is not None else None,
    )
    no_at = max((moment for moment in told if moment is not None), default=None)
    if no_at is not None and _has_said_yes(known) and known.consent.changed_at > no_at:
        return None
    return no_at


def _has_said_yes(known: Known) -> bool:
    return known.consent is not None and known.consent.state == "subscribed"
