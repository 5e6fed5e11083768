"""How orders earn: the shop's settings for it, checked and audited. Who commits is the caller."""

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy.orm import Session

from loyalty import audit
from loyalty.audit import Actor
from loyalty.base.errors import BadSetting
from loyalty.base.said import said
from loyalty.programme.tables import Programme

DAYS_MAX = 365
_DAYS = ("hold_days", "claim_days", "guest_claim_days")
_FLAGS = ("counts_tax", "counts_shipping")
_MONEY_REFUNDS = ("prorate", "ignore")


def change_earning(
    session: Session, shop_id: int, given: Mapping[str, object], *, actor: Actor, now: datetime
) -> bool:
    """Change the settings that are `given`, for what happens from now on; whether any changed.

    hold_days, claim_days and guest_claim_days are 0 to 365; counts_tax and counts_shipping true
    or false; money_refunds prorate or ignore. Raises BadSetting with the field and the reason.
    """
    for name, value in given.items():
        _check(name, value)
    programme = session.get_one(Programme, shop_id, with_for_update=True)
    changed = {name: value for name, value in given.items() if getattr(programme, name) != value}
    if not changed:
        return False
    before = {name: getattr(programme, name) for name in changed}
    for name, value in changed.items():
        setattr(programme, name, value)
    subject = ("programme", str(shop_id))
    audit.record(
        session, shop_id, actor, "earning_changed", subject, now=now, before=before, after=changed
    )
    session.flush()
    return True


def _check(name: str, value: object) -> None:
    if name in _DAYS:
        is_whole = isinstance(value, int) and not isinstance(value, bool)
        if not is_whole or not 0 <= value <= DAYS_MAX:  # type: ignore[operator]
            raise BadSetting(name, said("is no whole number from 0 to %(most)s", most=DAYS_MAX))
    elif name in _FLAGS:
        if not isinstance(value, bool):
            raise BadSetting(name, said("is neither true nor false"))
    elif name == "money_refunds":
        if value not in _MONEY_REFUNDS:
            raise BadSetting(name, said("is none of %(known)s", known=", ".join(_MONEY_REFUNDS)))
    else:
        raise BadSetting(name[:40], said("is no setting of earning"))
