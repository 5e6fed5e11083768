"""What tests of earning do again and again: rules of the shop, orders that come in, points."""

from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from loyalty.audit import Actor
from loyalty.catalogue import mirror
from loyalty.catalogue.facts import ProductFacts
from loyalty.catalogue.tables import Collection
from loyalty.earning.saving import add_promotion, add_rule
from loyalty.ledger.tables import LedgerEntry
from loyalty.orders.facts import OrderFacts
from loyalty.orders.recording import record_order, record_refund
from loyalty.orders.tables import Order
from loyalty.programme.tables import EarningRule, Programme, Promotion
from loyalty.shops.tables import Shop
from tests.factories.facts import NOON

OPERATOR = Actor("operator", "ops")


def no_rules(session: Session, shop: Shop) -> None:
    """Switch the first rule of the shop off."""
    session.execute(
        update(EarningRule).where(EarningRule.shop_id == shop.shop_id).values(is_active=False)
    )
    session.expire_all()


def rule(session: Session, shop: Shop, **given: Any) -> EarningRule:
    """A new rule: one point per 1.00 unless it gives fixed points."""
    settings: dict[str, Any] = {"name": "Rule"} | given
    if settings.get("gives") != "fixed":
        settings.setdefault("points_per_unit", "1")
    return add_rule(session, shop.shop_id, settings, actor=OPERATOR, now=NOON)


def promotion(session: Session, shop: Shop, multiplier: str, **given: Any) -> Promotion:
    """A new promotion."""
    settings = {"name": "Promotion", "multiplier": multiplier} | given
    return add_promotion(session, shop.shop_id, settings, actor=OPERATOR, now=NOON)


def settings(session: Session, shop: Shop, **values: Any) -> Programme:
    """The programme with these settings changed."""
    programme = session.get_one(Programme, shop.shop_id)
    for name, value in values.items():
        setattr(programme, name, value)
    session.flush()
    return programme


def product(
    session: Session,
    shop: Shop,
    product_id: int = 9001,
    *,
    collections: Any = (),
    tags: Any = (),
) -> None:
    """A product of the mirror, and the collections that it is in."""
    for collection_id in collections:
        if session.get(Collection, (shop.shop_id, collection_id)) is None:
            session.add(
                Collection(shop_id=shop.shop_id, collection_id=collection_id, title="Light")
            )
    session.flush()
    facts = ProductFacts(
        product_id, "Candle", frozenset(tags), None, NOON, collections=frozenset(collections)
    )
    mirror.record_products(session, shop.shop_id, [facts], read_at=NOON)


def comes(session: Session, shop: Shop, *told: Any) -> None:
    """Each order or refund comes in, in turn."""
    for facts in told:
        if isinstance(facts, OrderFacts):
            record_order(session, shop, facts, now=NOON, is_backfill=False)
        else:
            record_refund(session, shop, facts, now=NOON)


def posted(session: Session) -> list[tuple[str, int]]:
    """Kinds and points of all entries, in the order in which they were written."""
    rows = session.execute(select(LedgerEntry.kind, LedgerEntry.points).order_by(LedgerEntry.id))
    return [(kind, points) for kind, points in rows]


def total(session: Session) -> int:
    """Σ of all entries."""
    return sum(points for _, points in posted(session))


def order_of(session: Session, shop: Shop, order_id: int = 5123) -> Order:
    """The order as the database has it."""
    return session.get_one(Order, (shop.shop_id, order_id), populate_existing=True)
