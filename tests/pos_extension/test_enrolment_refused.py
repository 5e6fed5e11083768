"""What keeps somebody from joining at the till is told, and nothing is written."""

from typing import Any

import pytest

from loyalty.base.db import shop_transaction
from loyalty.shops.directory import needs_reauth
from shopify_app.platform import stored_tokens
from tests.factories.facts import NOON
from tests.platform.shopify import Shopify
from tests.pos_extension.cast import Till
from tests.pos_extension.enrol_cast import written


@pytest.fixture
def aurora(connected: Till) -> Till:
    """A till of Aurora whose token works at Shopify."""
    return connected


BAD_FIELDS = [
    ("name", None),
    ("name", "  "),
    ("name", "x" * 256),
    ("name", 7),
    ("name", "Mary\0"),
    ("name", "https://evil.example"),
    ("name", "<b>Mary</b>"),
    ("contact", None),
    ("contact", ""),
    ("contact", "mary"),
    ("contact", "mary@"),
    ("contact", "mary@example"),
    ("contact", "mary@@example.com"),
    ("contact", "mary jane@example.com"),
    ("contact", "mary@exa..mple.com"),
    ("contact", "x" * 250 + "@example.com"),
    ("contact", "+"),
    ("contact", "+34"),
    ("contact", "+0346000000"),
    ("contact", "+34 600 000 000 000 000"),
    ("contact", "12345"),
    ("contact", "٦٠٠٠٠٠٠٠٠"),
    ("contact", "0034600000000"),
]


@pytest.mark.parametrize(("field", "value"), BAD_FIELDS)
def test_a_bad_field_is_told_beside_it_and_nothing_is_written_anywhere(
    aurora: Till, shopify: Shopify, email: str, field: str, value: Any
) -> None:
    before, calls = written(aurora), shopify.calls("graphql.json")

    answer = aurora.post("members", **({"name": "Mary", "contact": email} | {field: value}))

    assert answer.status_code == 422
    assert list(answer.get_json()["error"]["fields"]) == [field]
    assert (written(aurora), shopify.calls("graphql.json")) == (before, calls)


def test_shopifys_own_refusal_is_told_beside_the_field(aurora: Till, shopify: Shopify) -> None:
    # A number that we take for well formed, and that no network has given out.
    answer = aurora.post("members", name="Mary", contact="+999 0000 0000 000")

    assert answer.status_code == 422
    assert answer.get_json()["error"]["fields"] == {"contact": "Phone is invalid"}
    assert written(aurora) == 0


def test_a_shop_whose_token_died_is_told_what_to_do(aurora: Till, email: str) -> None:
    with shop_transaction(aurora.shop_id) as session:
        stored_tokens.forget(session, aurora.shop_id, now=NOON)
        needs_reauth(session, aurora.shop_id)

    answer = aurora.post("members", name="Mary", contact=email)

    assert (answer.status_code, answer.get_json()["error"]["code"]) == (409, "shopify_refused")
    assert "Shopify admin" in answer.get_json()["error"]["message"]


def test_a_shop_that_has_not_granted_the_scope_is_told_what_to_do(
    aurora: Till, shopify: Shopify, email: str
) -> None:
    scopes = shopify.state()["scopes"]
    shopify.tell("scopes", scopes=[scope for scope in scopes if scope != "write_customers"])
    try:
        answer = aurora.post("members", name="Mary", contact=email)
    finally:
        shopify.tell("scopes", scopes=scopes)

    assert (answer.status_code, answer.get_json()["error"]["code"]) == (409, "shopify_refused")
    assert written(aurora) == 0
