"""Scopes, locations, merges and leaving: each topic in any order, late, twice and for nobody."""

from datetime import UTC, datetime, timedelta
from typing import Any

import jsonschema
import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from config import Settings
from loyalty.audit import AuditRow
from loyalty.base import db
from loyalty.base.clock import utc_now
from loyalty.members.tables import Customer
from loyalty.shops.directory import get_shop
from loyalty.shops.tables import Location, Shop
from shopify_app.platform import inbox, installations, scopes, stored_tokens
from shopify_app.platform import settings as platform_settings
from shopify_app.platform.backfill.steps import take_step
from shopify_app.platform.session_tokens import verify
from shopify_app.platform.tables import BackfillRun, CustomerMerge, Installation
from shopify_app.platform.token_pairs import TokenPair
from tests.factories import payloads
from tests.factories.samples import sample, schema
from tests.platform.deliveries import deliver, inbox_rows
from tests.platform.shopify import Shopify

NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


def a_location(location_id: int, at: datetime, **fields: Any) -> dict[str, Any]:
    """A payload of Shopify's published shape."""
    gid = f"gid://shopify/Location/{location_id}"
    changes = {"id": location_id, "admin_graphql_api_id": gid, "updated_at": at.isoformat()}
    payload = sample("locations/create") | changes | fields
    jsonschema.validate(payload, schema("locations/create"))
    return payload


def a_merge(kept: int, gone: int, status: str = "success") -> dict[str, Any]:
    gids = {
        "admin_graphql_api_customer_kept_id": f"gid://shopify/Customer/{kept}",
        "admin_graphql_api_customer_deleted_id": f"gid://shopify/Customer/{gone}",
    }
    payload = sample("customers/merge") | gids | {"status": status, "errors": []}
    jsonschema.validate(payload, schema("customers/merge") | {"properties": {}})
    return payload


def places(shop_id: int) -> dict[int, tuple[str, bool]]:
    with db.shop_transaction(shop_id) as session:
        found = session.scalars(select(Location))
        return {place.location_id: (place.name, place.is_active) for place in found}


def states(shop_id: int) -> list[str]:
    return [row.state for row in inbox_rows(shop_id)]


# --- Locations


def test_a_location_is_opened_renamed_closed_and_deleted(client: FlaskClient, aurora: int) -> None:
    steps = [
        ("locations/create", a_location(5, NOON, name="Harbour"), ("Harbour", True)),
        ("locations/update", a_location(5, NOON + _s(1), name="Pier"), ("Pier", True)),
        (
            "locations/deactivate",
            a_location(5, NOON + _s(2), name="Pier", active=False),
            ("Pier", False),
        ),
        ("locations/activate", a_location(5, NOON + _s(3), name="Pier"), ("Pier", True)),
        ("locations/delete", {"id": 5}, ("Pier", False)),
    ]
    for topic, payload, expected in steps:
        deliver(client, payload, topic)
        inbox.drain(aurora)
        assert places(aurora) == {5: expected}, topic


def test_old_news_of_a_location_changes_nothing(client: FlaskClient, aurora: int) -> None:
    deliver(client, a_location(5, NOON, name="Pier", active=False), "locations/deactivate")
    deliver(client, a_location(5, NOON - _s(60), name="Harbour"), "locations/update")

    inbox.drain(aurora)

    assert places(aurora) == {5: ("Pier", False)}
    assert states(aurora) == ["done", "ignored"]


def test_a_deleted_location_stays_away_whatever_comes_late(
    client: FlaskClient, aurora: int
) -> None:
    deliver(client, {"id": 5}, "locations/delete")
    deliver(client, a_location(5, NOON, name="Harbour"), "locations/create")
    deliver(client, {"id": 5}, "locations/delete")

    inbox.drain(aurora)

    assert places(aurora) == {5: ("", False)}
    assert states(aurora) == ["done", "ignored", "done"]


def test_the_coordinates_are_read_by_a_job(
    shopify: Shopify, connected: Settings, client: FlaskClient
) -> None:
    # given
    shop_id = _installed(shopify, connected)
    made = shopify.tell("locations", name="Harbour", latitude=53.55, longitude=9.99)
    deliver(client, made, "locations/create")
    inbox.drain(shop_id)
    assert _coordinates(shop_id, made["id"]) == (None, None)
    _configure(connected)
    # when
    _run_rereads(shop_id)
    # then
    assert _coordinates(shop_id, made["id"]) == ("53.55", "9.99")
    deliver(client, made | {"name": "Pier", "updated_at": _later(made)}, "locations/update")
    inbox.drain(shop_id)
    assert _coordinates(shop_id, made["id"]) == ("53.55", "9.99")


def test_a_location_that_is_gone_when_it_is_read_is_hidden(
    shopify: Shopify, connected: Settings, client: FlaskClient
) -> None:
    shop_id = _installed(shopify, connected)
    deliver(client, a_location(4711, NOON, name="Harbour"), "locations/create")
    inbox.drain(shop_id)
    _configure(connected)

    _run_rereads(shop_id)

    assert places(shop_id)[4711] == ("Harbour", False)


# --- Scopes


def test_scopes_are_taken_over_and_a_missing_one_is_audited(
    client: FlaskClient, aurora: int
) -> None:
    _grant(aurora, NOON)
    granted = [scope for scope in scopes.required() if scope != "read_orders"]
    deliver(client, _scopes(granted, NOON + _s(5)), "app/scopes_update")

    inbox.drain(aurora)

    assert _installation(aurora).scopes == ",".join(granted)
    with db.shop_transaction(aurora) as session:
        (row,) = session.scalars(select(AuditRow).where(AuditRow.action == "scopes_changed"))
    assert row.details == {"missing": ["read_orders"]}


def test_old_news_of_scopes_changes_nothing(client: FlaskClient, aurora: int) -> None:
    _grant(aurora, NOON)
    deliver(client, _scopes(["read_orders"], NOON + _s(10)), "app/scopes_update")
    deliver(client, _scopes(["read_products"], NOON + _s(5)), "app/scopes_update")
    deliver(client, _scopes(["read_locations"], NOON - _s(5)), "app/scopes_update")

    inbox.drain(aurora)

    assert _installation(aurora).scopes == "read_orders"
    assert states(aurora) == ["done", "ignored", "ignored"]


# --- Merges


def test_a_merge_is_kept_once_until_its_members_are_merged(
    client: FlaskClient, aurora: int
) -> None:
    for _ in range(2):
        deliver(client, a_merge(1, 2), "customers/merge")

    inbox.drain(aurora)

    with db.shop_transaction(aurora) as session:
        (merge,) = session.scalars(select(CustomerMerge))
    assert (merge.kept_customer_id, merge.deleted_customer_id, merge.state) == (1, 2, "waiting")


@pytest.mark.parametrize("is_merge_first", [True, False])
def test_a_merge_and_the_deletion_of_who_was_merged_come_in_any_order(
    client: FlaskClient, aurora: int, is_merge_first: bool
) -> None:
    alice, alicia = (payloads.customer(state="enabled") for _ in range(2))
    for customer in (alice, alicia):
        deliver(client, customer, "customers/create")
    told = [
        (a_merge(alice["id"], alicia["id"]), "customers/merge"),
        (
            {"id": alicia["id"], "admin_graphql_api_id": alicia["admin_graphql_api_id"]},
            "customers/delete",
        ),
    ]
    for payload, topic in told if is_merge_first else told[::-1]:
        deliver(client, payload, topic)

    inbox.drain(aurora)

    with db.shop_transaction(aurora) as session:
        gone = session.get_one(Customer, (aurora, alicia["id"]))
        assert len(session.scalars(select(CustomerMerge)).all()) == 1
    # Nothing has moved yet: the member of the deleted customer keeps its points.
    assert gone.deleted_at is not None and gone.member_id is not None


def test_a_deleted_customer_stays_away_whatever_comes_late(
    client: FlaskClient, aurora: int
) -> None:
    alice = payloads.customer(state="enabled")
    deliver(client, {"id": alice["id"]}, "customers/delete")
    deliver(client, alice, "customers/create")
    deliver(client, {"id": alice["id"]}, "customers/delete")

    inbox.drain(aurora)

    with db.shop_transaction(aurora) as session:
        gone = session.get_one(Customer, (aurora, alice["id"]))
    assert gone.deleted_at is not None and gone.member_id is None
    assert states(aurora) == ["done", "done", "done"]


def test_a_failed_merge_is_kept_as_failed_and_a_senseless_one_parked(
    client: FlaskClient, aurora: int
) -> None:
    deliver(client, a_merge(1, 2, "failed"), "customers/merge")
    deliver(client, a_merge(3, 3), "customers/merge")
    deliver(client, a_merge(3, 4) | {"admin_graphql_api_customer_kept_id": None}, "customers/merge")

    inbox.drain(aurora)

    with db.shop_transaction(aurora) as session:
        [merge] = session.scalars(select(CustomerMerge))
        assert session.scalars(select(BackfillRun)).all() == []
    assert (merge.deleted_customer_id, merge.state) == (2, "failed")
    assert states(aurora) == ["done", "parked", "parked"]


def test_a_failed_merge_that_names_nobody_is_ignored(client: FlaskClient, aurora: int) -> None:
    nobody = {"admin_graphql_api_customer_deleted_id": None}
    deliver(client, a_merge(1, 2, "failed") | nobody, "customers/merge")

    inbox.drain(aurora)

    assert states(aurora) == ["ignored"]


# --- Leaving


@pytest.mark.parametrize(
    ("triggered_after_s", "status"), [(-1, "installed"), (0, "uninstalled"), (1, "uninstalled")]
)
def test_leaving_is_told_from_late_news_of_leaving_by_shopifys_clock(
    client: FlaskClient, aurora: int, triggered_after_s: int, status: str
) -> None:
    # Shopify's clock is ten minutes behind ours.
    granted_at = utc_now() - timedelta(minutes=10)
    _grant(aurora, granted_at)

    deliver(
        client,
        {},
        "app/uninstalled",
        X_Shopify_Triggered_At=(granted_at + _s(triggered_after_s)).isoformat(),
    )
    inbox.drain(aurora)

    assert _shop(aurora).status == status


def test_leaving_right_after_a_renewal_is_believed(client: FlaskClient, aurora: int) -> None:
    granted_at = utc_now() - timedelta(hours=2)
    _grant(aurora, granted_at)
    with db.shop_transaction(aurora) as session:
        # A renewal on our clock, which is ahead of Shopify's.
        stored_tokens.store(session, aurora, _pair(None), now=utc_now() + timedelta(minutes=10))

    deliver(client, {}, "app/uninstalled", X_Shopify_Triggered_At=utc_now().isoformat())
    inbox.drain(aurora)

    assert _shop(aurora).status == "uninstalled"
    assert _installation(aurora).access_token is None


def test_leaving_told_twice_happens_once(client: FlaskClient, aurora: int) -> None:
    for _ in range(2):
        deliver(client, {}, "app/uninstalled")
    inbox.drain(aurora)

    with db.shop_transaction(aurora) as session:
        told = session.scalars(select(AuditRow.action)).all()
    assert told.count("shop_uninstalled") == 1
    assert states(aurora) == ["done", "ignored"]


def test_a_shop_that_came_back_stays_however_often_its_leaving_is_told(
    shopify: Shopify, connected: Settings, client: FlaskClient
) -> None:
    # given
    shop_id = _installed(shopify, connected)
    left_at = utc_now() - timedelta(minutes=1)
    # when
    for _ in range(3):
        deliver(client, {}, "app/uninstalled", X_Shopify_Triggered_At=left_at.isoformat())
    inbox.drain(shop_id)
    # then
    assert _shop(shop_id).status == "installed"
    assert states(shop_id) == ["ignored"] * 3
    _configure(connected)
    assert installations.access_token(shop_id)


def _s(seconds: int) -> timedelta:
    return timedelta(seconds=seconds)


def _later(payload: dict[str, Any]) -> str:
    return (datetime.fromisoformat(payload["updated_at"]) + _s(5)).isoformat()


def _scopes(current: list[str], at: datetime) -> dict[str, Any]:
    changes = {"previous": [], "current": current, "updated_at": at.isoformat()}
    payload = sample("app/scopes_update") | changes
    jsonschema.validate(payload, schema("app/scopes_update"))
    return payload


def _pair(granted_at: datetime | None) -> TokenPair:
    return TokenPair("a token", 3600, "a refresh token", 7_776_000, "read_orders", granted_at)


def _grant(shop_id: int, at: datetime) -> None:
    """A token that a visit brought then, as Shopify's clock has it."""
    with db.shop_transaction(shop_id) as session:
        stored_tokens.store_granted(session, shop_id, _pair(at), now=utc_now())


def _installation(shop_id: int) -> Installation:
    with db.shop_transaction(shop_id) as session:
        return session.get_one(Installation, shop_id)


def _shop(shop_id: int) -> Shop:
    with db.shop_transaction(shop_id) as session:
        return get_shop(session, shop_id)


def _configure(settings: Settings) -> None:
    """The test client has settings of its own, which lead nowhere."""
    platform_settings.configure(settings)


def _installed(shopify: Shopify, settings: Settings) -> int:
    _configure(settings)
    return installations.ensure_installed(verify(shopify.id_token(), settings))


def _run_rereads(shop_id: int) -> None:
    """Take steps until no re-read is left."""
    for _ in range(50):
        with db.shop_transaction(shop_id) as session:
            rereads = session.scalars(select(BackfillRun).where(BackfillRun.generation == 0)).all()
        if not rereads:
            return
        take_step(shop_id)
    raise AssertionError("the re-reads do not end")


def _coordinates(shop_id: int, location_id: int) -> tuple[str | None, str | None]:
    with db.shop_transaction(shop_id) as session:
        place = session.get_one(Location, (shop_id, location_id))
    return place.latitude, place.longitude
