"""How close members are to the programme: the part E of health, in fifths, of a whole shop.

The invariant: each of its four parts is a fact that segments know, too.
"""

from datetime import timedelta
from typing import Any

from sqlalchemy import Integer, Select, cast, func, select

from loyalty.criteria.columns import columns_of
from loyalty.criteria.facts import Source
from loyalty.criteria.frames import Column, Frame
from loyalty.members.tables import Member
from loyalty.preferences import NotificationPreference

REDEEMED_DAYS = 180
_FACTS = {
    Source.MEMBER: {"has_email"},
    Source.ENTRIES: {"last_redemption_on"},
    Source.CONSENT: {"email_consent"},
    Source.CARDS: {"has_card_now"},
    Source.BOUNCES: {"has_hard_bounce"},
}


def select_engagement(frame: Frame) -> Select[Any]:
    """`member_id` and `engagement` (0 to 5) of each active member of the shop.

    2 for a card on a phone; 1 each for a card whose pushes may be heard, a reward redeemed within
    180 days, and an address that marketing may be sent to.
    """
    found = [columns_of(frame, source, names) for source, names in _FACTS.items()]
    facts = {name: column for joined in found for name, column in joined.columns.items()}
    pushes = (
        select(NotificationPreference.member_id, NotificationPreference.marketing)
        .where(NotificationPreference.shop_id == frame.shop.shop_id)
        .subquery("pushes")
    )
    columns: tuple[Any, ...] = (
        Member.id.label("member_id"),
        _fifths(frame, facts, pushes.c.marketing),
    )
    statement = select(*columns)
    for table in (*(joined.table for joined in found), pushes):
        if table is not None:
            statement = statement.outerjoin(table, table.c.member_id == Member.id)
    return statement.where(Member.shop_id == frame.shop.shop_id, Member.state == "active")


def _fifths(frame: Frame, facts: dict[str, Column], hears: Column) -> Column:
    consent, edge = facts["email_consent"], frame.today - timedelta(days=REDEEMED_DAYS)
    has_card = _is(facts["has_card_now"])
    # Who has unsubscribed hears no marketing by push, either.
    is_heard = has_card & func.coalesce(hears, True) & (consent != "unsubscribed")
    redeemed = _is(facts["last_redemption_on"] >= edge)
    emailable = facts["has_email"] & (consent == "subscribed") & ~_is(facts["has_hard_bounce"])
    parts = (has_card, has_card, is_heard, redeemed, emailable)
    return sum((cast(part, Integer) for part in parts[1:]), cast(parts[0], Integer)).label(
        "engagement"
    )


def _is(column: Any) -> Column:
    return func.coalesce(column, False)
