"""What an order is made of and how it is priced: lines, discounts, taxes, and their sums."""

import copy
from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Decimal

from tests.factories.samples import Payload, identified, new_id, sample

_MINOR_DIGITS = {"JPY": 0, "KWD": 3}


@dataclass(frozen=True)
class Line:
    """What the customer bought: `price` of one piece, `discount` of its own for all of them."""

    price: str = "10.00"
    quantity: int = 1
    title: str = "Oat soap"
    discount: str = "0"
    gift_card: bool = False
    id: int = field(default_factory=new_id)
    product_id: int | None = field(default_factory=new_id)

    @property
    def gross(self) -> Decimal:
        """Price times quantity."""
        return Decimal(self.price) * self.quantity


@dataclass(frozen=True)
class Terms:
    """How an order is priced and paid; the defaults are an untaxed, paid web order in dollars."""

    currency: str = "USD"
    presentment_currency: str | None = None
    presentment_rate: str = "1"
    tax_rate: str = "0"
    taxes_included: bool = False
    order_discount: str = "0"
    discount_code: str | None = None
    shipping: str = "0"
    financial_status: str = "paid"
    source_name: str = "web"
    location_id: int | None = None
    user_id: int | None = None
    test: bool = False

    @property
    def minor(self) -> Decimal:
        """The smallest amount of the currency."""
        return Decimal(1).scaleb(-_MINOR_DIGITS.get(self.currency, 2))

    def round(self, amount: Decimal) -> Decimal:
        """`amount` to the currency's smallest coin."""
        return amount.quantize(self.minor, ROUND_HALF_UP)

    def money_set(self, amount: Decimal) -> Payload:
        """The amount in the shop's currency and in the customer's."""
        theirs = self.presentment_currency or self.currency
        return {
            "shop_money": {"amount": str(self.round(amount)), "currency_code": self.currency},
            "presentment_money": {
                "amount": str(self.round(amount * Decimal(self.presentment_rate))),
                "currency_code": theirs,
            },
        }


def discount_codes(terms: Terms) -> list[Payload]:
    """The code that the order's discount came by, if any."""
    if not terms.discount_code:
        return []
    return [{"code": terms.discount_code, "amount": terms.order_discount, "type": "fixed_amount"}]


def discount_applications(lines: Sequence[Line], terms: Terms) -> list[Payload]:
    """The order's discount first, then one for the lines that have one of their own."""
    common = {"target_type": "line_item", "value_type": "fixed_amount"}
    across = {"type": "manual", "title": "Order discount", "description": "Order discount"}
    if terms.discount_code:
        across = {"type": "discount_code", "code": terms.discount_code}
    across |= {"allocation_method": "across", "target_selection": "all"}
    each = {"type": "manual", "title": "Line discount", "allocation_method": "each"}
    each |= {"target_selection": "explicit", "description": "Line discount"}
    own = sum((Decimal(line.discount) for line in lines), Decimal())
    found = []
    if Decimal(terms.order_discount):
        found.append(common | across | {"value": terms.order_discount})
    if own:
        found.append(common | each | {"value": str(own)})
    return found


def line_items(lines: Sequence[Line], terms: Terms) -> list[Payload]:
    """The order's line_items, each with its share of the order's discount and its tax."""
    shares = _shares(lines, terms)
    return [_line_item(line, share, terms) for line, share in zip(lines, shares, strict=True)]


def _shares(lines: Sequence[Line], terms: Terms) -> list[Decimal]:
    """The order's discount over the lines by value, without gift cards; the last takes the rest."""
    left = Decimal(terms.order_discount)
    bases = [Decimal() if line.gift_card else line.gross - Decimal(line.discount) for line in lines]
    whole, shares = sum(bases, Decimal()), []
    for number, base in enumerate(bases):
        is_last = not any(bases[number + 1 :])
        exact = Decimal(terms.order_discount) * base / whole if whole else Decimal()
        share = left if is_last and base else terms.round(exact)
        shares.append(share)
        left -= share
    return shares


def _line_item(line: Line, share: Decimal, terms: Terms) -> Payload:
    item: Payload = copy.deepcopy(sample("orders/create")["line_items"][0])
    item = identified(item, "LineItem", line.id)
    amounts = [amount for amount in (share, Decimal(line.discount)) if amount]
    first = 0 if share or not Decimal(terms.order_discount) else 1
    taxed = line.gross - share - Decimal(line.discount)
    return item | {
        "title": line.title,
        "name": line.title,
        "price": line.price,
        "price_set": terms.money_set(Decimal(line.price)),
        "quantity": line.quantity,
        "current_quantity": line.quantity,
        "gift_card": line.gift_card,
        "requires_shipping": not line.gift_card,
        "taxable": not line.gift_card,
        "product_id": line.product_id,
        "total_discount": str(terms.round(Decimal(line.discount))),
        "total_discount_set": terms.money_set(Decimal(line.discount)),
        "discount_allocations": [
            {
                "amount": str(terms.round(amount)),
                "amount_set": terms.money_set(amount),
                "discount_application_index": first + position,
            }
            for position, amount in enumerate(amounts)
        ],
        "tax_lines": [] if line.gift_card else _tax_lines(taxed, terms),
    }


def _tax_lines(taxed: Decimal, terms: Terms) -> list[Payload]:
    rate = Decimal(terms.tax_rate)
    if not rate:
        return []
    tax = taxed * rate / (1 + rate) if terms.taxes_included else taxed * rate
    price = terms.round(tax)
    line: Payload = {"title": "VAT", "rate": float(rate), "channel_liable": False}
    return [line | {"price": str(price), "price_set": terms.money_set(price)}]


def sums(payload: Payload, quantity: str, terms: Terms) -> dict[str, Decimal]:
    """gross, net, discount, tax and total of the lines, by one of their two quantities."""
    sums = {name: Decimal() for name in ("gross", "net", "discount", "tax", "total")}
    for line in payload["line_items"]:
        part = Decimal(line[quantity]) / line["quantity"]
        gross = Decimal(line["price"]) * line[quantity]
        allocated = sum(Decimal(each["amount"]) for each in line["discount_allocations"])
        discount = terms.round(allocated * part)
        tax = terms.round(sum((Decimal(t["price"]) for t in line["tax_lines"]), Decimal()) * part)
        sums["gross"] += gross
        sums["discount"] += discount
        sums["net"] += gross - discount
        sums["tax"] += tax
        sums["total"] += gross - discount + (Decimal() if payload["taxes_included"] else tax)
    return sums
