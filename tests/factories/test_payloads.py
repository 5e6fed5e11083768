"""The payloads of our tests are ones that Shopify could have sent."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from tests.factories.payloads import Line, Terms, cancelled, customer, order, refund, refunded
from tests.factories.samples import DESCRIBED_BY, SCHEMAS, Payload, sample, schema

_TOPICS = sorted(
    {path.name.split(".")[0].replace("_", "/", 1) for path in SCHEMAS.glob("*.schema.json")}
    | set(DESCRIBED_BY)
)
# Shopify's own sample of a new product has no image, which its own schema does not know.
_KNOWN = {"products/create": ["$.image: None is not of type 'object'"]}


@pytest.mark.parametrize("topic", _TOPICS)
def test_every_topic_has_a_sample_that_fits_its_schema(topic: str) -> None:
    assert list(_faults(topic, sample(topic))) == _KNOWN.get(topic, [])


def test_a_customer_fits_the_schema() -> None:
    assert list(_faults("customers/update", customer())) == []


@pytest.mark.parametrize("currency", ["USD", "JPY", "KWD"])
@pytest.mark.parametrize("taxes_included", [True, False])
def test_an_order_and_what_becomes_of_it_fit_the_schemas(
    currency: str, taxes_included: bool
) -> None:
    # given
    price = {"USD": "19.99", "JPY": "1999", "KWD": "1.999"}[currency]
    lines = [Line(price, 3), Line(price, discount="1"), Line(price, gift_card=True)]
    terms = Terms(
        currency=currency, tax_rate="0.20", taxes_included=taxes_included, order_discount="2"
    )

    # when
    placed = order(lines, terms)
    taken_back = refund(placed, {lines[0].id: 1})

    # then
    assert list(_faults("orders/paid", placed)) == []
    assert list(_faults("refunds/create", taken_back)) == []
    assert list(_faults("refunds/create", refund(placed, amount="1"))) == []
    assert list(_faults("orders/updated", refunded(placed, taken_back))) == []
    assert list(_faults("orders/cancelled", cancelled(placed))) == []


_prices = st.integers(1, 100_000).map(lambda minor: str(Decimal(minor).scaleb(-2)))


@given(
    prices=st.lists(_prices, min_size=1, max_size=4),
    quantity=st.integers(1, 5),
    discount=st.integers(0, 500).map(lambda minor: str(Decimal(minor).scaleb(-2))),
    taxes_included=st.booleans(),
)
def test_the_sums_of_an_order_add_up(
    prices: list[str], quantity: int, discount: str, taxes_included: bool
) -> None:
    lines = [Line(price, quantity) for price in prices]
    terms = Terms(tax_rate="0.07", taxes_included=taxes_included, order_discount=discount)

    placed = order(lines, terms)

    allocated = sum(
        Decimal(share["amount"])
        for line in placed["line_items"]
        for share in line["discount_allocations"]
    )
    tax = Decimal() if taxes_included else Decimal(placed["total_tax"])
    assert allocated == Decimal(placed["total_discounts"]) == Decimal(discount)
    assert (
        _amount(placed, "subtotal_price") == _amount(placed, "total_line_items_price") - allocated
    )
    assert _amount(placed, "total_price") == _amount(placed, "subtotal_price") + tax
    assert _amount(placed, "current_total_price") == _amount(placed, "total_price")


def test_a_refund_of_every_piece_leaves_nothing() -> None:
    line = Line("19.99", 3)
    placed = order([line], Terms(tax_rate="0.20", order_discount="5.00"))

    after = refunded(placed, refund(placed, {line.id: 3}))

    assert _amount(after, "current_total_price") == 0
    assert after["financial_status"] == "refunded"
    assert _amount(after, "total_price") == _amount(placed, "total_price")


def test_a_gift_card_bears_none_of_the_orders_discount() -> None:
    placed = order([Line("50.00"), Line("25.00", gift_card=True)], Terms(order_discount="5.00"))

    soap, card = placed["line_items"]
    assert [share["amount"] for share in soap["discount_allocations"]] == ["5.00"]
    assert card["discount_allocations"] == []


def test_ids_are_ones_that_a_float_cannot_hold() -> None:
    placed = order()

    assert placed["id"] > 2**53
    assert placed["admin_graphql_api_id"] == f"gid://shopify/Order/{placed['id']}"
    assert order()["id"] != placed["id"]


def test_a_guests_order_names_no_customer() -> None:
    assert "customer" not in order(guest=True)


def _amount(payload: Payload, name: str) -> Decimal:
    return Decimal(payload[name])


def _faults(topic: str, payload: Payload) -> Iterator[str]:
    """What the published schema refuses in `payload`, beyond what its samples never showed."""
    for error in Draft202012Validator(_as_observed(schema(topic))).iter_errors(payload):
        yield f"{error.json_path}: {error.message[:200]}"


def _as_observed(node: Any) -> Any:
    """The schemas are inferred from samples: a list that was always empty is not a rule."""
    if isinstance(node, dict):
        return {k: _as_observed(v) for k, v in node.items() if not (k == "items" and v is False)}
    return [_as_observed(each) for each in node] if isinstance(node, list) else node
