"""A year of orders: loyal customers buy often, some orders are refunded, cancelled or gifts."""

from __future__ import annotations

import random
from datetime import datetime, timedelta
from decimal import Decimal

from .build import LineSpec, OrderSpec, build_order, pay
from .catalogue import CODES
from .money import money
from .orders import DiscountApplication, Order
from .refunding import apply_cancel, apply_refund
from .shop import Shop

GIFT_CARD_SHARE, POS_SHARE, GUEST_SHARE, CODE_SHARE = 0.02, 0.3, 0.04, 0.15
TEST_SHARE, REFUND_SHARE, CANCEL_SHARE, UNPAID_SHARE = 0.005, 0.05, 0.02, 0.02


def seed_orders(shop: Shop, dice: random.Random, count: int, now: datetime) -> None:
    """`count` orders from a year ago until now, in order of time."""
    people = shop.all("Customer")
    if not people:
        return
    loyalty = [min(dice.paretovariate(1.2), 9.0) for _ in people]
    ages = sorted((dice.randint(30, 365 * 24 * 3600) for _ in range(count)), reverse=True)
    for age in ages:
        customer = dice.choices(people, loyalty)[0]
        at = now - timedelta(seconds=age)
        order = build_order(shop, _spec(shop, dice, customer.id), at=at)
        shop.add(order)
        # Nobody orders before being a customer.
        customer.created_at = min(customer.created_at, at)
        customer.updated_at = max(customer.updated_at, at)
        if dice.random() >= UNPAID_SHARE:
            pay(shop, order, at)
            _afterlife(shop, dice, order, min(now, at + timedelta(days=dice.randint(1, 14))))


def _spec(shop: Shop, dice: random.Random, customer_id: int) -> OrderSpec:
    """What somebody buys, where, and with which discount."""
    at_till = dice.random() < POS_SHARE
    places = shop.all("Location")
    spec = OrderSpec(customer_id=customer_id, test=dice.random() < TEST_SHARE)
    if at_till:
        spec.source_name = "pos"
        spec.location_id = dice.choice(places).id
        spec.user_id = dice.choice(shop.staff).id
        spec.customer_id = None if dice.random() < GUEST_SHARE / POS_SHARE else customer_id
    else:
        spec.shipping = money(dice.choice(["0", "5.90", "9.50"]))
    spec.lines = _basket(shop, dice)
    if dice.random() < CODE_SHARE:
        code, percent = dice.choice(list(CODES.items()))
        spec.applications.append(DiscountApplication(code, code, Decimal(percent), "percentage"))
    return spec


def _basket(shop: Shop, dice: random.Random) -> list[LineSpec]:
    """One to four products, or a gift card at times."""
    products = shop.all("Product")
    goods = [p for p in products if not p.is_gift_card]
    lines = [
        LineSpec(product_id=product.id, quantity=dice.choices([1, 2, 3], [8, 2, 1])[0])
        for product in dice.sample(goods, dice.choices([1, 2, 3, 4], [5, 3, 2, 1])[0])
    ]
    if dice.random() < GIFT_CARD_SHARE:
        lines.append(LineSpec(product_id=products[-1].id))
    return lines


def _afterlife(shop: Shop, dice: random.Random, order: Order, at: datetime) -> None:
    """Some paid orders come back, in part or as a whole."""
    fate = dice.random()
    if fate < CANCEL_SHARE:
        apply_cancel(shop, order, reason="CUSTOMER", refund=True, at=at)
    elif fate < CANCEL_SHARE + REFUND_SHARE:
        apply_refund(shop, order, lines=[(order.lines[0].id, 1)], at=at, note="Did not fit")
    order.updated_at = at
