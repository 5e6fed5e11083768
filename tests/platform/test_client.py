"""Admin GraphQL: patient where patience helps, quick to say so where it does not."""

import time
from pathlib import Path

import pytest

from config import Settings
from shopify_app.platform import client, cost_bucket, graphql_calls, installations
from shopify_app.platform.errors import ShopifyError, UserErrors
from shopify_app.platform.session_tokens import verify
from tests.platform.conftest import AURORA
from tests.platform.shopify import Shopify


@pytest.fixture
def shop_id(shopify: Shopify, connected: Settings) -> int:
    """Aurora, installed."""
    return installations.ensure_installed(verify(shopify.id_token(), connected))


@pytest.mark.parametrize(
    ("mode", "more"),
    [("throttle", {}), ("fail", {"status": 429}), ("fail", {"status": 503}), ("cut", {})],
)
def test_a_query_is_tried_again(
    shopify: Shopify, shop_id: int, mode: str, more: dict[str, int]
) -> None:
    shopify.fail("graphql", mode, count=2, **more)

    assert client.execute(shop_id, "shop_info")["shop"]["myshopifyDomain"] == AURORA


def test_a_query_gives_up_in_the_end_and_may_be_asked_later(
    shopify: Shopify, shop_id: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(graphql_calls, "ATTEMPTS_MAX", 2)
    shopify.fail("graphql", "fail", status=503)

    with pytest.raises(ShopifyError) as caught:
        client.execute(shop_id, "shop_info")

    assert caught.value.retryable


@pytest.mark.parametrize("mode", ["fail", "cut"])
def test_a_mutation_whose_answer_is_lost_is_not_sent_twice(
    shopify: Shopify, shop_id: int, mode: str
) -> None:
    before = shopify.calls("graphql.json")
    shopify.fail("graphql", mode, count=1)

    with pytest.raises(ShopifyError) as caught:
        client.execute(shop_id, "bulk_run_query", {"query": _orders()})

    assert caught.value.retryable
    assert shopify.calls("graphql.json") == before + 1


def test_a_mutation_that_was_only_throttled_is_sent_again(shopify: Shopify, shop_id: int) -> None:
    shopify.fail("graphql", "throttle", count=1)

    data = client.execute(shop_id, "bulk_run_query", {"query": _orders()})

    assert data["bulkOperationRunQuery"]["bulkOperation"]["id"]


def test_user_errors_are_typed(shop_id: int) -> None:
    with pytest.raises(UserErrors) as caught:
        client.execute(shop_id, "bulk_run_query", {"query": "{ shop { name } }"})

    assert caught.value.errors[0]["message"] and not caught.value.retryable


def test_a_missing_scope_is_no_matter_of_patience(shopify: Shopify, shop_id: int) -> None:
    scopes = shopify.state()["scopes"]
    shopify.tell("scopes", scopes=[scope for scope in scopes if scope != "read_locations"])
    try:
        with pytest.raises(ShopifyError, match="ACCESS_DENIED") as caught:
            client.execute(shop_id, "locations")
    finally:
        shopify.tell("scopes", scopes=scopes)

    assert not caught.value.retryable


def test_a_nearly_empty_bucket_is_waited_for(shopify: Shopify, shop_id: int) -> None:
    # given a bucket that holds one page of locations, and refills slowly
    client.execute(shop_id, "locations")
    cost = cost_bucket._costs["locations"]
    shopify.tell("throttle", maximum=cost, restore_rate=cost / 5)
    try:
        client.execute(shop_id, "locations")
        wait_s, started = cost_bucket.seconds_until_room(AURORA, "locations"), time.monotonic()
        refused = shopify.calls("THROTTLED")
        # when
        client.execute(shop_id, "locations")
        # then it was not refused, because it waited
        assert 0 < wait_s * 0.8 < time.monotonic() - started
        assert shopify.calls("THROTTLED") == refused
    finally:
        shopify.tell("throttle", maximum=2000, restore_rate=100)


def test_no_document_is_left_unused() -> None:
    folder = Path(graphql_calls.__file__).parent
    code = "".join(path.read_text() for path in folder.rglob("*.py"))

    for path in (folder / "graphql").glob("*.graphql"):
        assert f'"{path.stem}"' in code or path.stem.startswith("bulk_query_")


def _orders() -> str:
    return graphql_calls.document("bulk_query_orders")
