"""The profile's tab Consent & bounce: the member's words, and what may come by itself."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from flask import g
from sqlalchemy.orm import Session

from loyalty.members.consent import MemberConsent
from loyalty.members.recording_consent import list_words
from mailing import setup
from mailing.permission import list_wanted
from mailing.topics import TOPICS

TAB = "consent"
_CHANNELS = {"email": "Email", "sms": "SMS"}
_STATES = {
    "subscribed": ("Said yes", "success"),
    "asked": ("Ticked, not confirmed", "info"),
    "unsubscribed": ("Unsubscribed", "warning"),
}
_SILENT = ("Never said anything", "")
_SOURCES = {
    "shopify": "in Shopify",
    "join_page": "on the join page",
    "verified_email": "on the join page, confirmed by email",
    "staff": "told to staff",
    "unsubscribe_page": "on the unsubscribe page",
    "complaint": "by reporting an email as spam",
    "merge": "by merging with another member",
}
_TOPICS = {
    "offers": "Offers and news",
    "points": "Points and tier",
    "birthday": "Birthday greetings",
    "rewards": "Rewards and coupons",
}


@dataclass(frozen=True, slots=True)
class Word:
    """What the member said on one channel; `at` and `where` are None without a word."""

    channel: str
    label: str
    state: str
    badge: tuple[str, str]
    at: datetime | None
    where: str | None


@dataclass(frozen=True, slots=True)
class Consent:
    """`topics`: each topic of emails, and whether it may come by itself; empty with email off."""

    words: list[Word]
    topics: list[tuple[str, bool]]
    error: str = ""


def read_consent(session: Session, member_id: UUID, *, error: str = "") -> dict[str, Any]:
    """What the tab shows of the member."""
    known = list_words(session, g.shop_id, member_id)
    words = [_word(channel, known.get(channel)) for channel in _CHANNELS]
    wanted = list_wanted(session, g.shop_id, member_id) if setup.is_on() else frozenset()
    topics = [(_TOPICS[topic], topic in wanted) for topic in TOPICS] if setup.is_on() else []
    return {"consent": Consent(words, topics, error)}


def _word(channel: str, known: MemberConsent | None) -> Word:
    label = _CHANNELS[channel]
    if known is None:
        return Word(channel, label, "", _SILENT, None, None)
    where = _SOURCES.get(known.source, known.source)
    return Word(channel, label, known.state, _STATES[known.state], known.changed_at, where)
