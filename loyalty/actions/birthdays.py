"""Birthdays: a month and a day, celebrated once a calendar year at nine in the shop's morning.

The invariant: a birthday given or changed within 30 days before it counts from the year after.
"""

from calendar import isleap
from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import exists, or_, select
from sqlalchemy.orm import Session

from loyalty import audit, automatic_emails, outbox, timeline
from loyalty.actions.awarding import Deed, note_deeds
from loyalty.actions.rules import ActionRule, find_rule
from loyalty.actions.tables import MemberAction
from loyalty.audit import Actor
from loyalty.base.clock import day_in
from loyalty.base.errors import BadBirthday, MemberHasMoved
from loyalty.base.said import said
from loyalty.ledger.posting import lock_balance
from loyalty.members.states import get_active_member
from loyalty.members.tables import Member
from loyalty.shops.tables import Shop

LEAP_YEAR = 2000
"""The year that a stored birthday has: nobody asks when a member was born."""
HOUR = time(9)
NOTICE_DAYS = 30
LOOK_BACK_DAYS = 7
"""A birthday that no job came to celebrate is made up for within a week."""


def set_birthday(
    session: Session,
    shop: Shop,
    member_id: UUID,
    *,
    month: int | None,
    day: int | None,
    actor: Actor,
    now: datetime,
) -> bool:
    """Store the birthday, or forget it (None, None); False when it was so already.

    Raises BadBirthday with the field at fault, MemberNotFound, MemberNotActive. The caller commits.
    """
    birthday_on = read_birthday(month, day)
    lock_balance(session, shop.shop_id, member_id)
    member = get_active_member(session, shop.shop_id, member_id)
    if member.birthday_on == birthday_on:
        return False
    member.birthday_on = birthday_on
    member.birthday_changed_on = day_in(shop.timezone, now)
    member.sources = {**member.sources, "birthday": "local"}
    # The day itself is in no log and no event: it goes with the member's row.
    details = {"is_known": birthday_on is not None}
    kind = timeline.BIRTHDAY_CHANGED
    timeline.note_event(session, shop.shop_id, member_id, kind, now, actor=str(actor), **details)
    subject = ("member", str(member_id))
    audit.record(session, shop.shop_id, actor, "birthday_changed", subject, now=now, **details)
    session.flush()
    return True


def read_birthday(month: int | None, day: int | None) -> date | None:
    """The stored form of a month and a day; None for neither. Raises BadBirthday."""
    if month is None and day is None:
        return None
    if month is None or not 1 <= month <= 12:
        raise BadBirthday("month", said("Choose a month"))
    if day is None:
        raise BadBirthday("day", said("Choose a day"))
    try:
        return date(LEAP_YEAR, month, day)
    except ValueError as error:
        raise BadBirthday("day", said("This month has no such day")) from error


def birthday_in(year: int, birthday_on: date) -> date:
    """The day on which it is celebrated in `year`: 29 February on the 28th in common years."""
    if (birthday_on.month, birthday_on.day) == (2, 29) and not isleap(year):
        return date(year, 2, 28)
    return birthday_on.replace(year=year)


def first_counting_on(birthday_on: date, changed_on: date | None, *, today: date) -> date:
    """The next birthday, from `today` on, that will be rewarded."""
    for year in (today.year, today.year + 1):
        on = birthday_in(year, birthday_on)
        if on >= today and (changed_on is None or on - changed_on > timedelta(days=NOTICE_DAYS)):
            return on
    return birthday_in(today.year + 2, birthday_on)


def celebrate_due(session: Session, shop: Shop, *, now: datetime, limit: int = 200) -> int:
    """Give those whose birthday it is, or was within a week, their points; how many got them.

    Only who was a member, under a rule that stood, at nine that morning. Fewer than `limit` means
    that nobody is left. Flushes; the caller commits.
    """
    given = 0
    for day in _due_days(shop, now):
        moment = _nine_in_the_morning(shop, day)
        rule = find_rule(session, shop, "birthday", at=moment)
        if rule is None:
            continue
        given += _celebrate(session, shop, day, moment, rule, limit - given, now)
        if given >= limit:
            break
    return given


def _due_days(shop: Shop, now: datetime) -> list[date]:
    """Today, once it is nine there, and the week before it, the oldest first."""
    today = day_in(shop.timezone, now)
    days = [today - timedelta(days=back) for back in range(LOOK_BACK_DAYS, -1, -1)]
    return [day for day in days if _nine_in_the_morning(shop, day) <= now]


def _nine_in_the_morning(shop: Shop, day: date) -> datetime:
    return datetime.combine(day, HOUR, ZoneInfo(shop.timezone)).astimezone(UTC)


def _list_celebrating(
    session: Session, shop: Shop, day: date, moment: datetime, limit: int
) -> Sequence[Member]:
    """In the order in which they are locked; those who were celebrated this year are left out."""
    is_done = exists().where(
        MemberAction.shop_id == shop.shop_id,
        MemberAction.member_id == Member.id,
        MemberAction.kind == "birthday",
        MemberAction.key == str(day.year),
    )
    statement = (
        select(Member)
        .where(
            Member.shop_id == shop.shop_id,
            Member.state == "active",
            Member.birthday_on.in_(_stored_as(day)),
            Member.joined_at <= moment,
            or_(
                Member.birthday_changed_on.is_(None),
                Member.birthday_changed_on < day - timedelta(days=NOTICE_DAYS),
            ),
            ~is_done,
        )
        .order_by(Member.id)
        .limit(limit)
    )
    return session.scalars(statement).all()


def _stored_as(day: date) -> list[date]:
    """Which stored birthdays are celebrated on `day`."""
    stored = {day.replace(year=LEAP_YEAR), date(LEAP_YEAR, 2, 29)}
    return sorted(each for each in stored if birthday_in(day.year, each) == day)


def _celebrate(
    session: Session,
    shop: Shop,
    day: date,
    moment: datetime,
    rule: ActionRule,
    limit: int,
    now: datetime,
) -> int:
    deed = Deed("birthday", str(day.year), moment)
    while True:
        members = _list_celebrating(session, shop, day, moment, limit)
        try:
            actions = note_deeds(session, shop, [m.id for m in members], deed, rule, now=now)
            break
        except MemberHasMoved:
            continue  # merged while we waited for their lock: who is asked anew is listed no more
    greets = automatic_emails.is_on(session, shop.shop_id, "birthday")
    addressed = {member.id for member in members if greets and member.email_norm}
    for action in actions.values():
        if action.state == "earned" and action.member_id in addressed:
            outbox.stage(
                session,
                shop.shop_id,
                outbox.BIRTHDAY_EMAIL_ASKED,
                member_id=action.member_id,
                body={"points": action.points},
                now=now,
            )
    return len(actions)
