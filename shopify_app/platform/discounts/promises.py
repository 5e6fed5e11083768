"""What is promised to somebody as a code, and the input that Shopify makes a discount of.

The invariant: a code works once, and the tag of its discount says whose it is.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from loyalty.base.money import Money
from loyalty.redemption.terms import Terms

TITLE_MAX = 255
_EARLIER = timedelta(minutes=10)
"""A code counts from a little before it is made: Shopify's clock need not be ours."""


@dataclass(frozen=True, slots=True)
class Promise:
    """A code for somebody. `tag` is ours alone: by it a found discount is known as this one.

    `customer_ids`: who may use it; none means whoever has the code. `ends_at` None: no end.
    `is_pool`: further codes are added to its discount, of which one customer may use several.
    """

    tag: str
    code: str
    terms: Terms
    customer_ids: tuple[int, ...]
    starts_at: datetime
    ends_at: datetime | None
    is_pool: bool = False


def redemption_tag(redemption_id: UUID) -> str:
    """The tag of a redemption's discount."""
    return f"encore-redemption-{redemption_id}"


def make_input(promise: Promise, *, product_price: Decimal | None = None) -> dict[str, Any]:
    """A DiscountCodeBasicInput, or a DiscountCodeFreeShippingInput for free shipping.

    `product_price`: of the one unit that a free product takes off, in shop money.
    """
    terms = promise.terms
    made: dict[str, Any] = {
        "title": f"{terms.name} · {promise.code}"[:TITLE_MAX],
        "code": promise.code,
        "startsAt": (promise.starts_at - _EARLIER).isoformat(),
        "endsAt": promise.ends_at.isoformat() if promise.ends_at else None,
        "usageLimit": 1,  # of each code
        "appliesOncePerCustomer": not promise.is_pool,
        "context": _context(promise.customer_ids),
        "combinesWith": _combines(terms),
        "tags": ["encore", promise.tag],
    }
    # Shopify counts the free product alone towards a minimum: there it cannot be asked for.
    if terms.minimum_cart_minor and terms.kind != "free_product":
        least = amount_text(terms.minimum_cart_minor, terms.currency)
        made["minimumRequirement"] = {"subtotal": {"greaterThanOrEqualToSubtotal": least}}
    if terms.kind == "free_shipping":
        return made | {"destination": {"all": True}}
    return made | {"customerGets": _gets(terms, product_price)}


def amount_text(amount_minor: int, currency: str) -> str:
    """Minor units as the decimal text that Shopify reads."""
    return str(Money(amount_minor, currency).decimal())


def customer_gid(customer_id: int) -> str:
    """How Shopify names the customer."""
    return f"gid://shopify/Customer/{customer_id}"


def _context(customer_ids: tuple[int, ...]) -> dict[str, Any]:
    if not customer_ids:
        return {"all": "ALL"}
    return {"customers": {"add": [customer_gid(one) for one in customer_ids]}}


def _combines(terms: Terms) -> dict[str, bool]:
    """Two discounts on shipping never combine: Shopify refuses to be asked."""
    wanted = terms.combines_with - ({"shipping"} if terms.kind == "free_shipping" else set())
    return {f"{name}Discounts": name in wanted for name in ("order", "product", "shipping")}


def _gets(terms: Terms, product_price: Decimal | None) -> dict[str, Any]:
    if terms.kind == "percentage":
        assert terms.percentage is not None
        # The wire knows this number as a float alone.
        return {"items": {"all": True}, "value": {"percentage": float(terms.percentage / 100)}}
    if terms.kind == "free_product":
        assert product_price is not None
        return {"items": {"products": _goods(terms)}, "value": _amount(str(product_price))}
    assert terms.kind == "fixed_amount" and terms.amount_minor is not None
    amount = amount_text(terms.amount_minor, terms.currency)
    return {"items": {"all": True}, "value": _amount(amount)}


def _amount(amount: str) -> dict[str, Any]:
    """Taken off once, however many units the cart holds."""
    return {"discountAmount": {"amount": amount, "appliesOnEachItem": False}}


def _goods(terms: Terms) -> dict[str, list[str]]:
    if terms.variant_id is not None:
        return {"productVariantsToAdd": [f"gid://shopify/ProductVariant/{terms.variant_id}"]}
    return {"productsToAdd": [f"gid://shopify/Product/{terms.product_id}"]}
