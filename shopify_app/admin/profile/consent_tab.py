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
from shopify_app.admin.languages import N_, Words, _

TAB = "consent"
_CHANNELS = Words({"email": N_("Email marketing"), "sms": N_("SMS marketing")})
_ANSWERS = {
    "email": {
        "subscribed": N_("They said yes to Email"),
        "unsubscribed": N_("They said no to Email"),
    },
    "sms": {
        "subscribed": N_("They said yes to SMS"),
        "unsubscribed": N_("They said no to SMS"),
    },
}
_STATES = {
    "subscribed": (N_("Said yes"), "success"),
    "asked": (N_("Ticked, not confirmed"), "info"),
    "unsubscribed": (N_("Unsubscribed"), "warning"),
}
_SILENT = (N_("Never said anything"), "")
_SOURCES = Words(
    {
        "shopify": N_("in Shopify"),
        "join_page": N_("on the join page"),
        "verified_email": N_("on the join page, confirmed by email"),
        "staff": N_("told to staff"),
        "unsubscribe_page": N_("on the unsubscribe page"),
        "complaint": N_("by reporting an email as spam"),
        "merge": N_("by merging with another member"),
    }
)
_TOPICS = Words(
    {
        "offers": N_("Offers and news"),
        "points": N_("Points and tier"),
        "birthday": N_("Birthday greetings"),
        "rewards": N_("Rewards and coupons"),
    }
)


@dataclass(frozen=True, slots=True)
class Word:
    """What the member said on one channel; `at` and `where` are None without a word.

    `answers`: what else they may have told staff, each state with its button's words.
    """

    channel: str
    label: str
    state: str
    badge: tuple[str, str]
    answers: list[tuple[str, str]]
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
    topics = [(_(_TOPICS[topic]), topic in wanted) for topic in TOPICS] if setup.is_on() else []
    return {"consent": Consent(words, topics, error)}


def _word(channel: str, known: MemberConsent | None) -> Word:
    label, state = _(_CHANNELS[channel]), known.state if known else ""
    words, tone = _STATES.get(state, _SILENT)
    badge = (_(words), tone)
    answers = [(said, _(text)) for said, text in _ANSWERS[channel].items() if said != state]
    if known is None:
        return Word(channel, label, state, badge, answers, None, None)
    where = _(_SOURCES.get(known.source, known.source))
    return Word(channel, label, state, badge, answers, known.changed_at, where)
