"""Locations are opened, moved, closed and deleted as in Shopify, and the app is told."""

from __future__ import annotations

from typing import Any

from .stand_in import CLIENT_ID, StandIn, wait_until
from .test_payloads import check


def told(shopify: StandIn, topic: str, location_id: int) -> dict[str, Any]:
    """The webhook of a topic about one location, once it has come."""

    def find() -> dict[str, Any] | None:
        found = [w.payload for w in shopify.app.of(topic) if w.payload["id"] == location_id]
        return found[-1] if found else None

    payload: dict[str, Any] = wait_until(find)
    return payload


def test_each_change_is_told_with_the_published_shape(shopify: StandIn) -> None:
    made = shopify.control("locations", {"name": "Harbour", "latitude": 53.55, "longitude": 9.99})
    path = f"locations/{made['id']}"

    renamed = shopify.control(f"{path}/update", {"name": "Pier"})
    closed = shopify.control(f"{path}/deactivate")
    opened = shopify.control(f"{path}/activate")

    check("locations/create", told(shopify, "locations/create", made["id"]))
    for topic, answer in (("update", renamed), ("deactivate", closed), ("activate", opened)):
        payload = told(shopify, f"locations/{topic}", made["id"])
        assert payload == answer
        assert "latitude" not in payload
    assert (renamed["name"], closed["active"], opened["active"]) == ("Pier", False, True)


def test_only_a_closed_location_can_be_deleted(shopify: StandIn) -> None:
    made = shopify.control("locations", {"name": "Kiosk"})
    address = f"{shopify.url}/_control/locations/{made['id']}"

    refused = shopify.session.delete(address)
    shopify.control(f"locations/{made['id']}/deactivate")
    deleted = shopify.session.delete(address)

    assert (refused.status_code, deleted.status_code) == (422, 200)
    check("locations/delete", told(shopify, "locations/delete", made["id"]))


def test_one_location_must_stay_open(shopify: StandIn) -> None:
    places = shopify.get("/_control/state")["locations"]
    answers = [
        shopify.session.post(f"{shopify.url}/_control/locations/{place['id']}/deactivate")
        for place in places
    ]

    for place in places:
        shopify.control(f"locations/{place['id']}/activate")
    assert [answer.status_code for answer in answers] == [200] * (len(places) - 1) + [422]


def test_the_address_of_the_app_in_a_shop_leads_to_its_frame(shopify: StandIn) -> None:
    path = f"{shopify.url}/shops/aurora.myshopify.com/admin/apps"

    found = shopify.session.get(f"{path}/{CLIENT_ID}", allow_redirects=False)
    foreign = shopify.session.get(f"{path}/another", allow_redirects=False)

    assert (found.status_code, foreign.status_code) == (302, 404)
    assert found.headers["Location"].endswith("/store/aurora/apps/encore")
