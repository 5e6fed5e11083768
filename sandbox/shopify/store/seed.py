"""Believable shops: people, goods, and a year of orders that ends now.

The same seed gives the same world, apart from the moment at which its year ends.
"""

from __future__ import annotations

import random
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from .catalogue import CAST, CODES, FIRST_NAMES, LAST_NAMES, PRODUCTS, SHOPS, STAFF, STREETS
from .discounts import Discount, RedeemCode
from .money import money
from .records import (
    Address,
    Collection,
    Consent,
    Customer,
    Location,
    Product,
    StaffMember,
    Variant,
)
from .seed_orders import seed_orders
from .shop import Shop

YEAR = timedelta(days=365)


def seed_shop(
    domain: str, number: int, *, customers: int, orders: int, seed: int, now: datetime
) -> Shop:
    """The `number`th shop (from 1) with its goods, people and orders."""
    dice = random.Random(f"{seed}:{domain}")
    handle = domain.partition(".")[0]
    facts = SHOPS.get(handle) or {**SHOPS["aurora"], "name": handle.title()}
    shop = _shop(domain, number, facts, now)
    _add_staff(shop, facts)
    _add_goods(shop, now - YEAR)
    _add_places(shop, facts, now - YEAR)
    _add_codes(shop, now - YEAR)
    _add_people(shop, dice, CAST.get(handle), customers, now)
    seed_orders(shop, dice, orders, now)
    return shop


def _shop(domain: str, number: int, facts: dict[str, Any], now: datetime) -> Shop:
    """The shop itself; its id is the root of all ids inside, so that no two shops share one."""
    shop_id = number * 10_000_000 + 4242
    address1, city, province, province_code, code, country, country_code = facts["address"]
    address = Address(
        shop_id, None, None, address1, city, province, province_code, code, country, country_code
    )
    handle = domain.partition(".")[0]
    return Shop(
        id=shop_id,
        domain=domain,
        name=facts["name"],
        email=f"owner@{handle}.example.com",
        owner_name=facts["owner"],
        currency=facts["currency"],
        timezone=facts["timezone"],
        taxes_included=facts["taxes_included"],
        tax_title=facts["tax"][0],
        tax_rate=facts["tax"][1],
        address=address,
        phone=facts["phone"],
        created_at=now - YEAR * 2,
    )


def _add_staff(shop: Shop, facts: dict[str, Any]) -> None:
    """The owner first, then two employees."""
    people = [tuple(facts["owner"].split(" ", 1)), *STAFF]
    for index, (first, last) in enumerate(people):
        email = f"{first.lower()}@{shop.handle}.example.com"
        member = StaffMember(shop.next_id("StaffMember"), first, last, email, index == 0)
        shop.staff.append(shop.add(member))


def _add_goods(shop: Shop, at: datetime) -> None:
    """Products with one variant each, their collections, and a gift card."""
    groups: dict[str, Collection] = {}
    for title, kind, price, group in PRODUCTS:
        product = _add_product(shop, title, kind, money(price), at)
        if group not in groups:
            handle = group.lower().replace(" ", "-")
            collection = Collection(shop.next_id("Collection"), group, handle, at)
            groups[group] = shop.add(collection)
        groups[group].product_ids.append(product.id)
    _add_product(shop, "Gift card", "Gift Cards", money("50.00"), at).is_gift_card = True


def _add_product(shop: Shop, title: str, kind: str, price: Decimal, at: datetime) -> Product:
    """A product and its only variant."""
    handle = title.lower().replace(",", "").replace(" ", "-")
    product: Product = shop.add(
        Product(shop.next_id("Product"), title, handle, shop.name, kind, at, at)
    )
    product.tags.append(kind)
    sku = f"{kind[:3].upper()}-{product.id % 1000:03d}"
    variant_id = shop.next_id("ProductVariant")
    shop.add(Variant(variant_id, product.id, "Default Title", sku, price, at, at))
    product.variant_ids.append(variant_id)
    return product


def _add_places(shop: Shop, facts: dict[str, Any], at: datetime) -> None:
    """The shop's locations, with coordinates."""
    _, _, province, province_code, _, country, country_code = facts["address"]
    for name, address1, city, code, latitude, longitude in facts["places"]:
        shop.add(
            Location(
                shop.next_id("Location"),
                name,
                address1,
                city,
                province,
                province_code,
                code,
                country,
                country_code,
                latitude,
                longitude,
                shop.phone,
                at,
                at,
            )
        )


def _add_codes(shop: Shop, at: datetime) -> None:
    """The merchant's own discount codes, which seeded orders use."""
    for code, percent in CODES.items():
        discount = Discount(
            shop.next_id("DiscountCodeNode"), "DiscountCodeBasic", code, at, None, at, at
        )
        discount.gets = {"value": {"percentage": percent / 100}, "items": {"all": True}}
        discount.codes.append(RedeemCode(shop.next_id("DiscountRedeemCode"), code))
        shop.add(discount)


def _add_people(
    shop: Shop,
    dice: random.Random,
    star: tuple[str, str, str, str] | None,
    count: int,
    now: datetime,
) -> None:
    """`count` customers who joined over two years; the shop's known one is the first."""
    for index in range(count):
        joined = now - timedelta(minutes=dice.randint(0, 2 * 365 * 24 * 60))
        customer = _person(shop, dice, index, joined)
        if index == 0 and star:
            customer.first_name, customer.last_name, customer.email, customer.phone = star
            customer.addresses = [_home(shop, dice, customer)]
            customer.email_consent = Consent("subscribed", "single_opt_in", joined)
            customer.created_at = customer.updated_at = now - YEAR
        shop.add(customer)


def _person(shop: Shop, dice: random.Random, index: int, joined: datetime) -> Customer:
    """Somebody with a name, mostly an email, at times a phone and an address."""
    first, last = dice.choice(FIRST_NAMES), dice.choice(LAST_NAMES)
    email = f"{first}.{last}{index}@example.com".lower() if dice.random() < 0.96 else None
    # A customer is always reachable in one way: nobody is without both.
    has_phone = email is None or dice.random() < 0.35
    phone = f"{shop.phone[:-7]}{2_000_000 + index:07d}" if has_phone else None
    customer = Customer(shop.next_id("Customer"), first, last, email, phone, joined, joined)
    customer.state = dice.choices(["DISABLED", "ENABLED", "INVITED"], [60, 36, 4])[0]
    customer.verified_email = email is not None and dice.random() < 0.8
    if email:
        state = dice.choices(["subscribed", "not_subscribed", "unsubscribed"], [55, 35, 10])[0]
        changed = joined if state != "not_subscribed" else None
        customer.email_consent = Consent(state, "single_opt_in", changed)
    if dice.random() < 0.7:
        customer.addresses.append(_home(shop, dice, customer))
    if dice.random() < 0.06:
        customer.tags.append("wholesale")
    return customer


def _home(shop: Shop, dice: random.Random, customer: Customer) -> Address:
    """A postal address in the shop's town."""
    near = shop.address
    street = f"{dice.randint(1, 240)} {dice.choice(STREETS)}"
    return Address(
        shop.next_id("MailingAddress"),
        customer.first_name,
        customer.last_name,
        street,
        near.city,
        near.province,
        near.province_code,
        near.zip,
        near.country,
        near.country_code,
        customer.phone,
    )
