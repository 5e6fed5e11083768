"""Saving earning rules and promotions: checked, versioned, audited. Flushes; the caller commits.

The invariant: every version that an award can name is kept as it was.
"""

from collections.abc import Collection, Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from loyalty import audit
from loyalty.audit import Actor
from loyalty.base.errors import BadRule, RuleNotFound
from loyalty.base.ids import new_id
from loyalty.base.said import said
from loyalty.catalogue import tables as catalogue
from loyalty.earning.checking import Given, check_promotion, check_rule
from loyalty.earning.conditions import Conditions, write_conditions
from loyalty.earning.rulebook import settings_of
from loyalty.programme.tables import EarningRule, EarningRuleVersion, Promotion
from loyalty.shops.tables import Location

RULE_DEFAULTS: dict[str, Any] = {
    "kind": "order",
    "gives": "per_unit",
    "rounding": "floor",
    "is_exclusive": False,
    "priority": 100,
    "conditions": {},
    "limits": {},
    "is_active": True,
}
_OFF = {"is_active": False}
"""Whatever else is wrong with it, it can be switched off."""
_PROMOTION_DEFAULTS: dict[str, Any] = {"conditions": {}, "is_active": True}


def add_rule(
    session: Session, shop_id: int, given: Given, *, actor: Actor, now: datetime
) -> EarningRule:
    """A new rule from the settings `given`; raises BadRule with the field and the reason."""
    rule = EarningRule(shop_id=shop_id, id=new_id(), version=1, created_at=now)
    _apply_rule(session, rule, RULE_DEFAULTS | dict(given))
    session.add(rule)
    session.flush()
    keep_version(session, rule, now=now)
    _audit(session, rule, "earning_rule_added", {}, actor, now)
    return rule


def change_rule(
    session: Session, shop_id: int, rule_id: UUID, given: Given, *, actor: Actor, now: datetime
) -> EarningRule:
    """The rule with those of its settings that are `given` changed, as a new version.

    Awards keep the version they were made by. Raises BadRule, RuleNotFound.
    """
    rule = session.get(EarningRule, (shop_id, rule_id), with_for_update=True)
    if rule is None:
        raise RuleNotFound(str(rule_id))
    if given.get("kind", rule.kind) != rule.kind:
        raise BadRule("kind", said("stays %(kind)s: make a new rule instead", kind=rule.kind))
    before = _as_json(settings_of(rule))
    if dict(given) == _OFF:
        rule.is_active = False
    else:
        _apply_rule(session, rule, settings_of(rule) | dict(given))
    if _as_json(settings_of(rule)) != before:
        rule.version += 1
        session.flush()
        keep_version(session, rule, now=now)
        _audit(session, rule, "earning_rule_changed", before, actor, now)
    return rule


def add_promotion(
    session: Session, shop_id: int, given: Given, *, actor: Actor, now: datetime
) -> Promotion:
    """A new promotion from the settings `given`; raises BadRule with the field and the reason."""
    promotion = Promotion(shop_id=shop_id, id=new_id(), version=1, created_at=now)
    _apply_promotion(session, promotion, _PROMOTION_DEFAULTS | dict(given))
    session.add(promotion)
    session.flush()
    _audit(session, promotion, "promotion_added", {}, actor, now)
    return promotion


def change_promotion(
    session: Session, shop_id: int, promotion_id: UUID, given: Given, *, actor: Actor, now: datetime
) -> Promotion:
    """The promotion with what is `given` changed. Raises BadRule, RuleNotFound."""
    promotion = session.get(Promotion, (shop_id, promotion_id), with_for_update=True)
    if promotion is None:
        raise RuleNotFound(str(promotion_id))
    before = _as_json(settings_of(promotion))
    if dict(given) == _OFF:
        promotion.is_active = False
    else:
        _apply_promotion(session, promotion, settings_of(promotion) | dict(given))
    if _as_json(settings_of(promotion)) != before:
        promotion.version += 1
        session.flush()
        _audit(session, promotion, "promotion_changed", before, actor, now)
    return promotion


def keep_version(session: Session, rule: EarningRule, *, now: datetime) -> None:
    """Keep the rule as it is now under its version's number."""
    session.add(
        EarningRuleVersion(
            shop_id=rule.shop_id,
            rule_id=rule.id,
            version=rule.version,
            facts=_as_json(settings_of(rule)),
            saved_at=now,
        )
    )
    session.flush()


def _apply_rule(session: Session, rule: EarningRule, given: Mapping[str, object]) -> None:
    _refuse_unknown(given, EarningRule)
    checked = check_rule(given)
    _check_known(session, rule.shop_id, checked.conditions, rule.conditions)
    _copy(rule, checked, conditions=write_conditions(checked.conditions))


def _apply_promotion(session: Session, row: Promotion, given: Mapping[str, object]) -> None:
    _refuse_unknown(given, Promotion)
    checked = check_promotion(given)
    _check_known(session, row.shop_id, checked.conditions, row.conditions)
    _copy(row, checked, conditions=write_conditions(checked.conditions))


def _copy(row: EarningRule | Promotion, checked: object, **instead: Any) -> None:
    for name in checked.__slots__:  # type: ignore[attr-defined]
        value = instead[name] if name in instead else getattr(checked, name)
        if getattr(row, name) != value:
            setattr(row, name, value)
    row.fault, row.fault_at = None, None


def _refuse_unknown(given: Mapping[str, object], table: type[EarningRule | Promotion]) -> None:
    apart = {"shop_id", "id", "version", "created_at", "fault", "fault_at"}
    known = {column.key for column in table.__table__.columns} - apart
    for name in sorted(set(given) - known):
        raise BadRule(str(name)[:40], said("is no setting of ours"))


def _check_known(
    session: Session, shop_id: int, conditions: Conditions, before: Mapping[str, Any] | None
) -> None:
    """Refuse what the shop does not have: a condition on it could never hold.

    What was asked before may be gone since.
    """
    product, collection = catalogue.Product, catalogue.Collection
    for field, wanted, column, owner, is_there in (
        ("products", conditions.products, product.product_id, product.shop_id,
         product.deleted_at.is_(None)),
        ("collections", conditions.collections, collection.collection_id, collection.shop_id,
         collection.deleted_at.is_(None)),
        ("locations", conditions.locations, Location.location_id, Location.shop_id,
         Location.deleted_at.is_(None)),
    ):  # fmt: skip
        new = wanted - set((before or {}).get(field, ()))
        missing = new - _known(session, column, new, owner == shop_id, is_there)
        if missing:
            raise BadRule(
                f"conditions.{field}", said("%(id)s is none of this shop's", id=min(missing))
            )


def _known(
    session: Session,
    column: InstrumentedAttribute[int],
    wanted: Collection[int],
    *where: ColumnElement[bool],
) -> set[int]:
    if not wanted:
        return set()
    return set(session.scalars(select(column).where(column.in_(wanted), *where)))


def _as_json(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Settings as JSON keeps them: decimals and dates as text."""
    return {
        name: str(value) if isinstance(value, Decimal | date) else value
        for name, value in settings.items()
    }


def _audit(
    session: Session,
    row: EarningRule | Promotion,
    action: str,
    before: Mapping[str, Any],
    actor: Actor,
    now: datetime,
) -> None:
    after = _as_json(settings_of(row))
    changed = {name: value for name, value in after.items() if before.get(name) != value}
    audit.record(
        session,
        row.shop_id,
        actor,
        action,
        (row.__tablename__, str(row.id)),
        now=now,
        version=row.version,
        before={name: before.get(name) for name in changed} if before else None,
        after=changed,
    )
