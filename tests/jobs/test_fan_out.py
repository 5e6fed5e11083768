"""A change of every card of a shop: who is told, in which batches, and how it goes on."""

from datetime import timedelta
from uuid import UUID

import pytest

from jobs import fan_out
from jobs.relay import relay
from jobs.subscribers import SUBSCRIBERS
from loyalty.base.clock import utc_now
from loyalty.base.db import shop_transaction
from loyalty.base.ids import new_id
from loyalty.outbox import CARDS_CHANGED, MEMBER_CHANGED, OutboxEvent
from loyalty.shops.directory import update_shop
from loyalty.shops.locations import LocationFacts, delete_location, record_location
from tests.factories.facts import NOON
from tests.jobs.conftest import Aurora, add_member, deliveries_of, events_of
from wallet.tables import PassType, WalletPass

WALLET = [one for one in SUBSCRIBERS if one.name == "wallet"]


def test_a_changed_place_tells_every_member_with_a_card_and_no_other(aurora: Aurora) -> None:
    carol = add_member(aurora.shop_id)
    give_cards(aurora.shop_id, [carol])
    record(aurora.shop_id, name="Gran Vía")

    relay(aurora.shop_id, WALLET)

    wallet = [row for row in deliveries_of(aurora.shop_id) if row.subscriber == "wallet"]
    assert [row.member_id for row in wallet] == [carol]
    assert {event.state for event in events_of(aurora.shop_id)} == {"relayed"}


@pytest.mark.parametrize("what", ["same", "older", "nowhere", "inactive"])
def test_a_place_that_looks_the_same_on_the_cards_tells_nobody(aurora: Aurora, what: str) -> None:
    record(aurora.shop_id, name="Gran Vía")
    before = len(events_of(aurora.shop_id))

    if what == "same":
        record(aurora.shop_id, name="Gran Vía", minutes=1)
    elif what == "older":
        record(aurora.shop_id, name="Older", minutes=-1)
    elif what == "nowhere":
        record(aurora.shop_id, location_id=2, name="Online", latitude=None)
    else:
        record(aurora.shop_id, location_id=2, name="Closed", is_active=False)

    assert len(events_of(aurora.shop_id)) == before


def test_a_place_that_goes_is_told_once(aurora: Aurora) -> None:
    record(aurora.shop_id, name="Gran Vía")

    for _ in range(2):
        with shop_transaction(aurora.shop_id) as session:
            delete_location(session, aurora.shop_id, 1, now=utc_now())

    assert kinds(aurora) == [CARDS_CHANGED, CARDS_CHANGED]


def test_a_new_name_of_the_shop_is_told_and_the_same_one_is_not(aurora: Aurora) -> None:
    for name, minutes in (("Aurora", 1), ("Aurora & Co", 2), ("Aurora & Co", 3)):
        with shop_transaction(aurora.shop_id) as session:
            update_shop(
                *(session, aurora.shop_id),
                name=name,
                timezone="Europe/Madrid",
                email=None,
                updated_at=NOON + timedelta(minutes=minutes),
            )

    assert kinds(aurora) == [CARDS_CHANGED]


def test_many_members_are_told_in_batches_that_leave_room_between_them(aurora: Aurora) -> None:
    members = sorted(add_member(aurora.shop_id) for _ in range(fan_out.BATCH + 3))
    give_cards(aurora.shop_id, members)
    record(aurora.shop_id, name="Gran Vía")

    first = fan_out.advance(aurora.shop_id)
    too_soon = fan_out.advance(aurora.shop_id)
    assert (first, too_soon) == (fan_out.BATCH, 0)

    wait_over(aurora)
    second = fan_out.advance(aurora.shop_id)
    after_the_end = fan_out.advance(aurora.shop_id)

    assert (second, after_the_end) == (3, 0)
    told = [event.member_id for event in events_of(aurora.shop_id) if event.member_id]
    assert told == members


def test_changes_meanwhile_wait_and_are_one_more_round(aurora: Aurora) -> None:
    members = sorted(add_member(aurora.shop_id) for _ in range(fan_out.BATCH + 1))
    give_cards(aurora.shop_id, members)
    record(aurora.shop_id, name="Gran Vía")
    fan_out.advance(aurora.shop_id)
    record(aurora.shop_id, name="Plaza", minutes=1)
    record(aurora.shop_id, name="Plaza Mayor", minutes=2)

    wait_over(aurora)
    rounds = [fan_out.advance(aurora.shop_id) for _ in range(2)]
    wait_over(aurora)
    rounds += [fan_out.advance(aurora.shop_id) for _ in range(2)]

    assert rounds == [1, fan_out.BATCH, 1, 0]


def test_the_relay_never_swallows_a_round_that_is_under_way(aurora: Aurora) -> None:
    members = [add_member(aurora.shop_id) for _ in range(fan_out.BATCH + 1)]
    give_cards(aurora.shop_id, members)
    record(aurora.shop_id, name="Gran Vía")

    relay(aurora.shop_id, WALLET)
    assert kinds(aurora, state="new") == [CARDS_CHANGED]
    wait_over(aurora)
    relay(aurora.shop_id, WALLET)

    assert kinds(aurora, state="new") == []
    assert kinds(aurora).count(MEMBER_CHANGED) == fan_out.BATCH + 1


def record(
    shop_id: int,
    *,
    name: str,
    location_id: int = 1,
    latitude: str | None = "40.4200",
    is_active: bool = True,
    minutes: int = 0,
) -> None:
    """Store a place as its webhook does."""
    facts = LocationFacts(
        location_id=location_id,
        name=name,
        is_active=is_active,
        address={},
        latitude=latitude,
        longitude="-3.7000",
        updated_at=NOON + timedelta(minutes=minutes),
    )
    with shop_transaction(shop_id) as session:
        record_location(session, shop_id, facts)


def give_cards(shop_id: int, member_ids: list[UUID]) -> None:
    """Give each member an Apple pass."""
    with shop_transaction(shop_id) as session:
        session.add(PassType(shop_id=shop_id, pass_type_id="pass.test", last_tag=0))
        session.flush()
        for member_id in member_ids:
            card = WalletPass(
                shop_id=shop_id,
                id=new_id(),
                member_id=member_id,
                platform="apple",
                pass_type_id="pass.test",
                authentication_token="x" * 32,
                revision=1,
                tag=0,
                content={},
                last_modified_at=NOON,
                created_at=NOON,
            )
            session.add(card)


def wait_over(aurora: Aurora) -> None:
    """Let the room between two batches be over."""
    past = (utc_now() - timedelta(seconds=1)).isoformat()
    with shop_transaction(aurora.shop_id) as session:
        for event in session.query(OutboxEvent).filter_by(kind=CARDS_CHANGED, state="new"):
            if event.body:
                event.body = event.body | {"not_before": past}


def kinds(aurora: Aurora, *, state: str | None = None) -> list[str]:
    """The kinds of the shop's events, in the order of their making."""
    found = events_of(aurora.shop_id)
    return [event.kind for event in found if state in (None, event.state)]
