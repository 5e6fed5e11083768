"""The drain: effects and "done" together, a poisoned row alone, nothing lost, nothing twice."""

import threading
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest
from flask.testing import FlaskClient
from sqlalchemy import func, select, update

from loyalty.audit import Actor, AuditRow
from loyalty.base import db
from loyalty.base.clock import utc_now
from loyalty.ledger.tables import LedgerEntry
from loyalty.members.tables import Customer, MemberBalance
from loyalty.orders.tables import Order
from loyalty.shops.directory import get_shop
from shopify_app.platform import inbox
from shopify_app.platform.tables import BackfillRun, InboxRow, PrivacyRequest
from tests.conftest import DatabaseUrls
from tests.factories import payloads
from tests.factories.payloads import Line
from tests.platform.deliveries import deliver, inbox_rows, make_due

ACTOR = Actor("operator", "olga")


def test_a_paid_order_becomes_points(client: FlaskClient, aurora: int) -> None:
    deliver(client, payloads.order([Line("10.00", 3)]), "orders/paid")

    assert inbox.drain(aurora) == 1

    assert _balances(aurora) == [30]
    (row,) = inbox_rows(aurora)
    assert (row.state, row.error) == ("done", None) and row.done_at is not None


def test_the_four_topics_of_one_order_earn_once_in_any_order(
    client: FlaskClient, aurora: int
) -> None:
    order = payloads.order([Line("10.00", 3)])
    for topic in ("orders/updated", "orders/paid", "orders/create", "orders/paid"):
        deliver(client, order, topic)

    inbox.drain(aurora)

    assert _balances(aurora) == [30]


def test_a_refund_takes_back_its_share_whichever_comes_first(
    client: FlaskClient, aurora: int
) -> None:
    line = Line("10.00", 3)
    order = payloads.order([line])
    refund = payloads.refund(order, {line.id: 1})
    deliver(client, refund, "refunds/create")
    inbox.drain(aurora)
    deliver(client, order, "orders/paid")
    inbox.drain(aurora)

    assert _balances(aurora) == [20]


def test_a_cancelled_order_takes_everything_back(client: FlaskClient, aurora: int) -> None:
    order = payloads.order([Line("10.00", 3)])
    deliver(client, order, "orders/paid")
    later = payloads.NOON + timedelta(hours=1)
    deliver(client, payloads.cancelled(order, at=later), "orders/cancelled")

    inbox.drain(aurora)

    assert _balances(aurora) == [0]


@pytest.mark.parametrize(
    ("body", "topic", "why"),
    [
        (b"not json", "orders/paid", "not JSON"),
        (b"[]", "orders/paid", "no JSON object"),
        (b'{"id": 1}', "orders/paid", "total_price_set"),
        (b"{}", "orders/invented", "nothing handles"),
        (payloads.order(name=None), "orders/paid", "name is missing"),
        (payloads.order(terms=payloads.Terms(currency="EUR")), "orders/paid", "ForeignCurrency"),
    ],
)
def test_what_can_never_work_is_parked_at_once_with_its_reason(
    client: FlaskClient, aurora: int, body: Any, topic: str, why: str
) -> None:
    deliver(client, body, topic)

    inbox.drain(aurora)

    (parked,) = inbox.parked(aurora)
    assert why in parked.error and parked.attempts == 1


def test_unreadable_money_is_parked(client: FlaskClient, aurora: int) -> None:
    order = payloads.order()
    order["total_price_set"]["shop_money"]["amount"] = "ten dollars"
    deliver(client, order)

    inbox.drain(aurora)

    assert "UnreadableMoney" in inbox.parked(aurora)[0].error


def test_a_poisoned_row_does_not_hold_up_the_others(client: FlaskClient, aurora: int) -> None:
    deliver(client, payloads.order([Line("10.00")]))
    deliver(client, b"not json")
    deliver(client, payloads.order([Line("20.00")], buyer=payloads.customer(email=None)))

    inbox.drain(aurora)

    assert [row.state for row in inbox_rows(aurora)] == ["done", "parked", "done"]
    assert sorted(_balances(aurora)) == [10, 20]


def test_a_row_that_the_database_refuses_fails_alone(client: FlaskClient, aurora: int) -> None:
    # given a line whose price is an amount, and three times that none that fits
    deliver(client, payloads.order([Line("10.00")]))
    poisoned = payloads.order([Line("10.00", 3)])
    poisoned["line_items"][0]["price_set"]["shop_money"]["amount"] = "40000000000000000.00"
    deliver(client, poisoned)
    deliver(client, payloads.order([Line("20.00")], buyer=payloads.customer(email=None)))

    inbox.drain(aurora)

    assert [(row.state, row.attempts) for row in inbox_rows(aurora)] == [
        ("done", 0),
        ("new", 1),
        ("done", 0),
    ]
    assert inbox_rows(aurora)[1].error == "NumericValueOutOfRange 22003"
    assert sorted(_balances(aurora)) == [10, 20]


def test_a_deletion_waits_for_what_was_told_before(client: FlaskClient, aurora: int) -> None:
    alice = payloads.customer()
    deliver(client, payloads.order([Line("10.00")], buyer=alice))
    deliver(client, {"id": alice["id"]}, "customers/delete")

    inbox.drain(aurora)

    with db.shop_transaction(aurora) as session:
        assert session.scalars(select(Customer.deleted_at)).one() is not None
    assert {row.state for row in inbox_rows(aurora)} == {"done"}


def test_what_fails_for_now_is_tried_again_later_and_parked_in_the_end(
    client: FlaskClient, aurora: int, database: DatabaseUrls
) -> None:
    # given the ledger cannot be written
    deliver(client, payloads.order([Line("10.00")]))
    with _broken_table(database, "ledger_entry"):
        # when
        inbox.drain(aurora)
        first = inbox_rows(aurora)[0]
        for _ in range(inbox.ATTEMPTS_MAX - 1):
            make_due(aurora)
            inbox.drain(aurora)
    # then
    assert (first.state, first.attempts) == ("new", 1) and first.next_at > utc_now()
    (parked,) = inbox.parked(aurora)
    assert parked.attempts == inbox.ATTEMPTS_MAX
    assert parked.error == "UndefinedTable 42P01"
    assert _balances(aurora) == []


def test_a_row_that_is_not_due_waits(client: FlaskClient, aurora: int) -> None:
    deliver(client, b'{"id": 1}', "orders/paid")
    with db.shop_transaction(aurora) as session:
        session.execute(update(InboxRow).values(next_at=utc_now() + timedelta(hours=1)))

    assert inbox.drain(aurora) == 0


def test_a_replayed_row_is_handled_once_more_and_audited(
    client: FlaskClient, aurora: int, database: DatabaseUrls, rings: list[tuple[str, int]]
) -> None:
    deliver(client, payloads.order([Line("10.00")]))
    deliver(client, b"not json")
    with _broken_table(database, "ledger_entry"):
        for _ in range(inbox.ATTEMPTS_MAX):
            make_due(aurora)
            inbox.drain(aurora)
    wanted = next(row.id for row in inbox.parked(aurora) if row.attempts > 1)
    rings.clear()

    assert inbox.replay(aurora, [wanted], actor=ACTOR) == 1

    assert ("inbox", aurora) in rings
    inbox.drain(aurora)
    assert _balances(aurora) == [10]
    assert [row.error for row in inbox.parked(aurora)] == ["ShapeError: the body is not JSON"]
    assert _audited(aurora, "webhook_replayed") == [("operator", str(wanted))]


def test_everything_parked_is_replayed_at_once(client: FlaskClient, aurora: int) -> None:
    for number in range(3):
        deliver(client, b"not json %d" % number)
    inbox.drain(aurora)

    assert inbox.replay(aurora) == 3
    assert {row.state for row in inbox_rows(aurora)} == {"new"}


def test_two_drains_at_once_count_every_order_once(client: FlaskClient, aurora: int) -> None:
    # given many orders of few people, so that the drains meet at their locks
    buyers = [payloads.customer(email=f"buyer{n}@example.com") for n in range(3)]
    for number in range(60):
        order = payloads.order([Line("1.00")], buyer=buyers[number % 3])
        deliver(client, order, "orders/paid")
        deliver(client, order, "orders/updated")
    # when
    drains = [threading.Thread(target=inbox.drain, args=(aurora,)) for _ in range(2)]
    for drain in drains:
        drain.start()
    for drain in drains:
        drain.join()
    while [row for row in inbox_rows(aurora) if row.state == "new"]:
        make_due(aurora)
        inbox.drain(aurora)
    # then
    assert _balances(aurora) == [20, 20, 20]
    assert {row.state for row in inbox_rows(aurora)} == {"done"}


def test_an_edit_asks_for_the_order_to_be_read_again(
    client: FlaskClient, aurora: int, rings: list[tuple[str, int]]
) -> None:
    edit = {"order_edit": {"id": 1, "order_id": 5123, "line_items": {"additions": []}}}
    deliver(client, edit, "orders/edited")
    deliver(client, edit, "orders/edited")

    inbox.drain(aurora)

    with db.shop_transaction(aurora) as session:
        (run,) = session.scalars(select(BackfillRun))
    assert (run.subject, run.state, run.generation) == ("order:5123", "waiting", 0)
    assert ("backfill", aurora) in rings


def test_an_uninstall_marks_the_shop(client: FlaskClient, aurora: int) -> None:
    deliver(client, {"id": 1, "domain": None, "myshopify_domain": None}, "app/uninstalled")

    inbox.drain(aurora)

    with db.shop_transaction(aurora) as session:
        assert get_shop(session, aurora).status == "uninstalled"


def test_shop_details_follow_shopify(client: FlaskClient, aurora: int) -> None:
    newer = {"name": "Aurora & Co", "iana_timezone": None, "updated_at": "2026-11-22T12:00:00Z"}
    older = {"name": "Aurora of old", "updated_at": "2026-11-21T12:00:00Z"}
    deliver(client, newer, "shop/update")
    deliver(client, older, "shop/update")

    inbox.drain(aurora)

    with db.shop_transaction(aurora) as session:
        shop = get_shop(session, aurora)
    assert (shop.name, shop.timezone) == ("Aurora & Co", "America/New_York")
    assert [row.state for row in inbox_rows(aurora)] == ["done", "ignored"]


def test_a_privacy_request_is_kept_with_its_day(client: FlaskClient, aurora: int) -> None:
    # given
    alice = payloads.customer(state="enabled")
    deliver(client, alice, "customers/create")
    shop = {"shop_id": 954889, "shop_domain": "aurora.myshopify.com"}
    compliance: list[tuple[str, dict[str, Any]]] = [
        (
            "customers/data_request",
            shop
            | {"customer": {"id": alice["id"]}, "orders_requested": [1], "data_request": {"id": 9}},
        ),
        ("customers/redact", shop | {"customer": {"id": alice["id"]}, "orders_to_redact": [1, 2]}),
        ("shop/redact", shop),
    ]
    at = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
    for topic, payload in compliance:
        deliver(
            client, payload, topic, "/webhooks/compliance", X_Shopify_Triggered_At=at.isoformat()
        )
    # when
    inbox.drain(aurora)
    # then
    with db.shop_transaction(aurora) as session:
        found = session.scalars(select(PrivacyRequest).order_by(PrivacyRequest.id)).all()
    assert [request.subject for request in found] == [topic for topic, _ in compliance]
    assert {request.due_at for request in found} == {at + timedelta(days=30)}
    assert [request.member_id is not None for request in found] == [True, True, False]
    assert found[0].body == {"orders": [1], "data_request_id": 9}
    assert len(_audited(aurora, "privacy_requested")) == 3


def test_a_privacy_request_that_comes_again_waits_once(client: FlaskClient, aurora: int) -> None:
    redact = {"shop_domain": "aurora.myshopify.com", "customer": {"id": 7}, "orders_to_redact": []}
    for _ in range(3):
        deliver(client, redact, "customers/redact", "/webhooks/compliance")

    inbox.drain(aurora)

    with db.shop_transaction(aurora) as session:
        assert len(session.scalars(select(PrivacyRequest)).all()) == 1
    assert sorted(row.state for row in inbox_rows(aurora)) == ["done", "ignored", "ignored"]


@pytest.mark.parametrize("topic", ["customers/redact", "shop/redact"])
def test_a_privacy_request_of_another_shop_is_parked(
    client: FlaskClient, aurora: int, topic: str
) -> None:
    # Its signature holds, for that covers the body; the header that names Aurora is not signed.
    payload = {"shop_domain": "borealis.myshopify.com", "customer": {"id": 7}}
    deliver(client, payload, topic, "/webhooks/compliance")

    inbox.drain(aurora)

    with db.shop_transaction(aurora) as session:
        assert session.scalars(select(PrivacyRequest)).all() == []
    (row,) = inbox_rows(aurora)
    assert row.state == "parked" and "shop_domain" in (row.error or "")


def test_ids_are_kept_exactly(client: FlaskClient, aurora: int) -> None:
    order = payloads.order()
    deliver(client, order)

    inbox.drain(aurora)

    with db.shop_transaction(aurora) as session:
        assert list(session.scalars(select(Order.order_id))) == [order["id"]]


def _balances(shop_id: int) -> list[int]:
    """Available points of each member; the books of all of them add up."""
    with db.shop_transaction(shop_id) as session:
        found = list(session.scalars(select(MemberBalance.available)))
        total = session.scalar(select(func.coalesce(func.sum(LedgerEntry.points), 0)))
    assert sum(found) == total
    return found


def _audited(shop_id: int, action: str) -> list[tuple[str, str]]:
    with db.shop_transaction(shop_id) as session:
        rows = session.scalars(select(AuditRow).where(AuditRow.action == action))
        return [(row.actor_kind, row.subject_id) for row in rows]


class _broken_table:
    """The table is away while this is entered."""

    def __init__(self, database: DatabaseUrls, name: str) -> None:
        self._url, self._name = database.owner, name

    def __enter__(self) -> None:
        self._rename(self._name, f"{self._name}_away")

    def __exit__(self, *_: object) -> None:
        self._rename(f"{self._name}_away", self._name)

    def _rename(self, old: str, new: str) -> None:
        with psycopg.connect(self._url, autocommit=True) as owner:
            owner.execute(f"ALTER TABLE {old} RENAME TO {new}")
