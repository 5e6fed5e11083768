"""Webhook JSON becomes exact facts, or a refusal that names the place (R3, R4)."""

import copy
import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from loyalty.base.errors import ForeignCurrency, LoyaltyError, UnreadableMoney
from loyalty.members.addresses import address_mark
from shopify_app.platform import bulk_rows
from shopify_app.platform.errors import ShapeError
from shopify_app.platform.payloads.customers import read_customer
from shopify_app.platform.payloads.orders import read_edited_order_id, read_order
from shopify_app.platform.payloads.reading import identifier
from shopify_app.platform.payloads.refunds import is_in_other_money, read_refund
from tests.factories import payloads
from tests.factories.facts import NOON
from tests.factories.payloads import Line, Terms
from tests.factories.samples import Payload, sample

_BIG = 9_007_199_254_740_993


def test_a_line_counts_its_price_less_every_discount_and_the_included_tax() -> None:
    # given 3 × 10.00, 2.00 off the line, 4.00 off the order, 20 % tax inside
    terms = Terms(order_discount="4.00", tax_rate="0.20", taxes_included=True)
    order = payloads.order([Line("10.00", 3, discount="2.00")], terms)
    # when
    (line,) = read_order(order).lines
    # then
    tax = Decimal(order["line_items"][0]["tax_lines"][0]["price"])
    assert (line.gross_minor, line.discount_minor) == (3000, 600)
    assert line.included_tax_minor == int(tax * 100) == 400
    assert line.basis_minor == 2000


def test_tax_that_comes_on_top_is_not_taken_off() -> None:
    (line,) = read_order(payloads.order([Line("10.00")], Terms(tax_rate="0.20"))).lines

    assert (line.included_tax_minor, line.basis_minor) == (0, 1000)


def test_the_customers_currency_is_never_counted() -> None:
    terms = Terms(currency="USD", presentment_currency="JPY", presentment_rate="150")
    facts = read_order(payloads.order([Line("10.00")], terms))

    assert (facts.currency, facts.total_minor, facts.lines[0].gross_minor) == ("USD", 1000, 1000)


def test_an_orders_address_is_known_again_in_a_webhook_and_in_a_query() -> None:
    order = payloads.order([Line("10.00")], Terms())
    order["shipping_address"] = {
        "address1": "Calle Mayor, 1", "zip": "28013", "city": "Madrid", "country_code": "ES"
    }  # fmt: skip
    told = {"address1": "CALLE MAYOR 1", "zip": "28013", "city": None, "countryCodeV2": "ES"}

    mark = read_order(order).ship_to

    assert mark is not None and "mayor" not in mark
    assert mark == address_mark(bulk_rows._address(told))
    assert read_order(order | {"shipping_address": None}).ship_to is None


@pytest.mark.parametrize(
    ("currency", "price", "minor"), [("JPY", "1999", 1999), ("KWD", "1.999", 1999)]
)
def test_a_currency_has_its_own_decimals(currency: str, price: str, minor: int) -> None:
    facts = read_order(payloads.order([Line(price)], Terms(currency=currency)))

    assert facts.total_minor == minor


def test_gift_cards_sold_are_no_part_of_the_current_total() -> None:
    order = payloads.order([Line("10.00"), Line("50.00", gift_card=True)])

    facts = read_order(order)

    assert (facts.total_minor, facts.current_total_minor) == (6000, 1000)
    assert [line.basis_minor for line in facts.lines] == [1000, 0]


def test_a_tip_counts_for_nothing() -> None:
    order = payloads.order([Line("10.00"), Line("3.00", title="Tip")], total_tip_received="3.00")
    order["line_items"][1]["product_id"] = None

    assert [line.basis_minor for line in read_order(order).lines] == [1000, 0]


def test_a_line_without_a_product_is_no_tip_when_none_was_given() -> None:
    order = payloads.order([Line("3.00", title="Hand-made soap")])
    order["line_items"][0]["product_id"] = None

    assert [line.basis_minor for line in read_order(order).lines] == [300]


def test_ids_beyond_a_float_are_exact() -> None:
    order = json.loads(json.dumps(payloads.order(id=_BIG)))
    order["id"] = int(float(_BIG))  # as if it had been through a float on its way

    assert read_order(order).order_id == _BIG


def test_the_email_of_an_order_is_told_where_no_customer_placed_it() -> None:
    order = payloads.order([Line("10.00")])
    stray = order | {"customer": None, "email": None, "contact_email": " Carol@Example.com"}

    assert read_order(order).email == ""
    assert read_order(stray).email == "carol@example.com"
    assert read_order(stray | {"email": "dan@example.com"}).email == "dan@example.com"
    assert read_order(stray | {"contact_email": None}).email_mark is None


def test_a_guests_order_names_nobody() -> None:
    missing, null = payloads.order(guest=True), payloads.order()
    null["customer"] = None

    for order in (missing, null):
        facts = read_order(order)
        assert (facts.customer, facts.customer_id) == (None, None)


def test_personal_fields_that_the_app_may_not_see_are_none() -> None:
    hidden = dict.fromkeys(("first_name", "last_name", "email", "phone", "default_address"))
    facts = read_customer(payloads.customer() | hidden | {"verified_email": True})

    assert (facts.first_name, facts.email, facts.address) == (None, None, None)
    assert not facts.has_verified_email


@pytest.mark.parametrize(
    ("status", "is_paid"),
    [
        ("paid", True),
        ("partially_refunded", True),
        ("refunded", True),
        ("partially_paid", False),
        ("pending", False),
        ("authorized", False),
        ("voided", False),
        (None, False),
    ],
)
def test_an_order_is_paid_when_shopify_says_so(status: str | None, is_paid: bool) -> None:
    assert read_order(payloads.order(financial_status=status)).is_paid is is_paid


def test_a_refund_of_lines_gives_back_no_money_by_itself() -> None:
    line = Line("10.00", 3)
    order = payloads.order([line])

    facts = read_refund(payloads.refund(order, {line.id: 2}), "USD")

    assert (facts.order_id, facts.lines, facts.money_minor) == (order["id"], ((line.id, 2),), 0)


def test_a_refund_of_money_alone_says_how_much() -> None:
    facts = read_refund(payloads.refund(payloads.order(), amount="4.50"), "USD")

    assert (facts.lines, facts.money_minor) == ((), 450)


def test_a_refund_of_shipping_alone_gives_back_nothing_that_counts() -> None:
    refund = payloads.refund(payloads.order(), amount="5.90")
    refund["refund_shipping_lines"] = [_shipping("4.90", "1.00")]

    facts = read_refund(refund, "USD")
    assert (facts.money_minor, facts.shipping_minor) == (0, 590)


@pytest.mark.parametrize(("taxes_included", "net"), [(True, 490), (False, 590)])
def test_shipping_is_told_less_its_discounts_and_included_tax(
    taxes_included: bool, net: int
) -> None:
    order = payloads.order(taxes_included=taxes_included)
    order["shipping_lines"] = [_shipping_line("6.90", "1.00", "1.00")]
    removed = _shipping_line("9.00", "0.00", "0.00") | {"is_removed": True}
    order["shipping_lines"].append(removed)

    facts = read_order(order)

    # 6.90 − 1.00, and − 1.00 of tax where prices include it
    assert (facts.shipping_minor, facts.shipping_tax_minor) == (net, 100)


@pytest.mark.parametrize("taxes_included", [True, False])
def test_the_tax_on_a_line_is_told_whether_or_not_its_price_includes_it(
    taxes_included: bool,
) -> None:
    order = payloads.order([Line("11.90")], taxes_included=taxes_included)
    order["line_items"][0]["tax_lines"] = [{"price_set": _set("1.90")}]

    line = read_order(order).lines[0]

    assert line.tax_minor == 190
    assert line.basis_minor == (1000 if taxes_included else 1190)


def test_only_money_that_went_back_counts() -> None:
    refund = payloads.refund(payloads.order(), amount="4.50")
    refund["transactions"].append(refund["transactions"][0] | {"status": "failure"})
    refund["transactions"].append(refund["transactions"][0] | {"kind": "void"})

    assert read_refund(refund, "USD").money_minor == 450


def test_money_given_back_in_another_currency_is_not_guessed() -> None:
    refund = payloads.refund(payloads.order(), amount="4.50")
    refund["transactions"][0]["currency"] = "JPY"

    assert is_in_other_money(refund, "USD")
    assert read_refund(refund, "USD").money_minor == 0


def test_an_edit_names_its_order() -> None:
    assert read_edited_order_id(sample("orders/edited")) > 0


def test_shop_money_in_two_currencies_is_refused() -> None:
    order = payloads.order()
    order["line_items"][0]["price_set"]["shop_money"]["currency_code"] = "EUR"

    with pytest.raises(ForeignCurrency):
        read_order(order)


@pytest.mark.parametrize("amount", ["1.005", "NaN", "Infinity", "", "1,00", "１０.00x", None, 10.5])
def test_money_that_is_no_amount_is_refused(amount: Any) -> None:
    order = payloads.order()
    order["total_price_set"]["shop_money"]["amount"] = amount

    with pytest.raises((UnreadableMoney, ShapeError)):
        read_order(order)


@pytest.mark.parametrize("text", ["Al\x00ice", "Al\ud83dice"])
def test_text_that_the_database_cannot_hold_is_mended(text: str) -> None:
    name = read_customer(payloads.customer(first_name=text)).first_name

    assert name is not None
    assert "\0" not in name and name.encode()


@pytest.mark.parametrize(
    "value", [0, -1, True, 1.0, "x", "", "gid://shopify/Order/x", 2**63, [], {}]
)
def test_what_is_no_id_is_refused(value: object) -> None:
    with pytest.raises(ShapeError):
        identifier(value, "order.id")


def test_times_keep_their_zone_and_bare_ones_are_refused() -> None:
    order = payloads.order()
    order["processed_at"] = "2026-11-22T07:00:00-05:00"
    assert read_order(order).processed_at == datetime(2026, 11, 22, 12, tzinfo=UTC)

    order["updated_at"] = "2026-11-22T07:00:00"
    with pytest.raises(ShapeError, match="updated_at"):
        read_order(order)


def test_an_order_that_was_made_paid_was_paid_when_it_was_processed() -> None:
    """A till's that was offline, or one that was brought in from elsewhere."""
    order = payloads.order(at=NOON, updated_at=NOON + timedelta(seconds=2))
    order["processed_at"] = (NOON - timedelta(hours=3)).isoformat()

    assert read_order(order).paid_at == NOON - timedelta(hours=3)


def test_any_other_was_paid_by_the_time_of_the_version_that_says_so() -> None:
    later = NOON + timedelta(days=2)
    unpaid = payloads.order(at=NOON, updated_at=later, financial_status="pending")

    assert read_order(payloads.order(at=NOON, updated_at=later)).paid_at == later
    assert read_order(unpaid).paid_at is None


_JUNK = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**70), 2**70),
    st.decimals(),
    st.text(max_size=8),
    st.just([]),
    st.just({}),
    st.just([None]),
    st.just({"shop_money": None}),
)


@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_garbage_anywhere_is_read_or_refused_and_never_crashes(data: st.DataObject) -> None:
    line = Line("10.00", 2)
    order = payloads.order([line], Terms(tax_rate="0.2", order_discount="1"))
    order = payloads.refunded(order, payloads.refund(order, {line.id: 1}))
    spoilt = _spoil(order, data)

    try:
        read_order(spoilt)
    except (ShapeError, LoyaltyError) as error:
        assert "alice@example.com" not in str(error)


def _spoil(payload: Payload, data: st.DataObject) -> Payload:
    """A copy with junk in one place, however deep."""
    spoilt: Any = copy.deepcopy(payload)
    place = spoilt
    while True:
        keys = list(place) if isinstance(place, dict) else list(range(len(place)))
        key = data.draw(st.sampled_from(keys))
        deeper = isinstance(place[key], dict | list) and place[key]
        if not deeper or data.draw(st.booleans()):
            place[key] = data.draw(_JUNK)
            result: Payload = spoilt
            return result
        place = place[key]


def _shipping(subtotal: str, tax: str) -> Payload:
    return {"subtotal_amount_set": _set(subtotal), "tax_amount_set": _set(tax)}


def _shipping_line(price: str, discount: str, tax: str) -> Payload:
    return {
        "price_set": _set(price),
        "discount_allocations": [{"amount_set": _set(discount)}],
        "tax_lines": [{"price_set": _set(tax)}],
        "is_removed": False,
    }


def _set(amount: str) -> Payload:
    return {"shop_money": {"amount": amount, "currency_code": "USD"}}
