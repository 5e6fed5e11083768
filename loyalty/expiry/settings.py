"""Changes of the expiry rule and of the clamp: checked, audited, and carried to old lots by a job.

The invariant: a rule that cannot work is refused with field and reason, and nothing is written.
"""

from datetime import date, datetime

from sqlalchemy import update
from sqlalchemy.orm import Session

from loyalty import audit
from loyalty.audit import Actor
from loyalty.base.clock import day_in
from loyalty.base.errors import BadExpiry
from loyalty.base.ids import new_id
from loyalty.base.said import said
from loyalty.expiry.tables import ExpiryChange
from loyalty.programme.tables import Programme
from loyalty.shops.tables import Shop

MODES = ("never", "days", "months", "inactivity")
DAYS_MAX, MONTHS_MAX = 3650, 120
NEGATIVE = ("allow", "clamp")


def set_expiry(
    session: Session,
    shop: Shop,
    *,
    mode: str,
    days: str | int | None = None,
    months: str | int | None = None,
    actor: Actor,
    now: datetime,
) -> bool:
    """When points expire from the shop's today on; False when it was so already.

    Lots that are released from now on follow it at once; `loyalty.expiry.dating` gives every
    old lot the full period from today and tells the members. Raises BadExpiry.
    """
    number = _check(mode, days, months)
    programme = session.get_one(
        Programme, shop.shop_id, with_for_update=True, populate_existing=True
    )
    before = describe(programme)
    today = day_in(shop.timezone, now)
    wanted = (
        mode,
        number if mode in ("days", "inactivity") else None,
        number if mode == "months" else None,
    )
    if (programme.expiry_mode, programme.expiry_days, programme.expiry_months) == wanted:
        return False
    programme.expiry_mode, programme.expiry_days, programme.expiry_months = wanted
    programme.expiry_since = None if mode == "never" else today
    _open_change(session, shop.shop_id, today, now)
    subject = ("programme", str(shop.shop_id))
    audit.record(
        session,
        shop.shop_id,
        actor,
        "expiry_set",
        subject,
        now=now,
        before=before,
        after=describe(programme),
    )
    session.flush()
    return True


def set_negative_balance(
    session: Session, shop_id: int, value: str, *, actor: Actor, now: datetime
) -> bool:
    """Whether reversing spent points goes below zero (allow) or stops there (clamp).

    False when it was so already; what was forgiven or owed before stays so. Raises BadExpiry.
    """
    if value not in NEGATIVE:
        raise BadExpiry("negative_balance", said("Choose allow or clamp"))
    programme = session.get_one(Programme, shop_id, with_for_update=True, populate_existing=True)
    before = programme.negative_balance
    if before == value:
        return False
    programme.negative_balance = value
    subject = ("programme", str(shop_id))
    audit.record(
        session,
        shop_id,
        actor,
        "negative_balance_set",
        subject,
        now=now,
        before=before,
        after=value,
    )
    session.flush()
    return True


def describe(programme: Programme) -> str:
    """The rule in a few words: `365 days per lot`."""
    return {
        "never": "never",
        "days": f"{programme.expiry_days} days per lot",
        "months": f"{programme.expiry_months} months to that month's end",
        "inactivity": f"{programme.expiry_days} days of inactivity",
    }[programme.expiry_mode]


def _check(mode: str, days: str | int | None, months: str | int | None) -> int | None:
    """The one number that the mode needs."""
    if mode not in MODES:
        raise BadExpiry("mode", said("Choose never, days, months or inactivity"))
    takes_days, takes_months = mode in ("days", "inactivity"), mode == "months"
    if days is not None and not takes_days:
        raise BadExpiry("days", said("%(mode)s takes no number of days", mode=mode))
    if months is not None and not takes_months:
        raise BadExpiry("months", said("%(mode)s takes no number of months", mode=mode))
    if takes_days:
        return _number("days", days, DAYS_MAX)
    if takes_months:
        return _number("months", months, MONTHS_MAX)
    return None


_MISSING = {
    "days": said("Enter a number of days"),
    "months": said("Enter a number of months"),
}


def _number(field: str, value: str | int | None, highest: int) -> int:
    text = str(value if value is not None else "").strip()
    if not text:
        raise BadExpiry(field, _MISSING[field])
    if not (text.isascii() and text.isdigit()) or len(text) > 6:
        raise BadExpiry(field, said("Enter a whole number, such as 12"))
    if not 1 <= int(text) <= highest:
        raise BadExpiry(field, said("Enter 1 to %(most)s", most=highest))
    return int(text)


def _open_change(session: Session, shop_id: int, today: date, now: datetime) -> None:
    """The newest change alone is carried out: what an older one has left undone is over."""
    session.execute(
        update(ExpiryChange)
        .where(ExpiryChange.shop_id == shop_id, ExpiryChange.done_at.is_(None))
        .values(done_at=now)
    )
    session.add(
        ExpiryChange(
            shop_id=shop_id,
            id=new_id(),
            since_on=today,
            made_at=now,
            after_id=None,
            members=0,
            done_at=None,
        )
    )
