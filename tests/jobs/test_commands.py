"""What operators type: see what was given up on, and send it on its way again."""

from datetime import timedelta

import pytest
from click.testing import CliRunner, Result

from jobs.commands import operator
from jobs.relay import relay
from jobs.subscribers import SUBSCRIBERS
from loyalty.audit import AuditRow
from loyalty.base import db
from loyalty.base.clock import utc_now
from loyalty.base.ids import new_id
from loyalty.members.tables import Customer, MemberBalance
from loyalty.orders.recording import record_order
from loyalty.outbox import Delivery
from loyalty.programme.rules import get_programme
from loyalty.shops.directory import get_shop
from loyalty.shops.tables import Shop
from loyalty.till.grants import read_allowance
from shopify_app.platform.tables import PrivacyRequest
from tests.factories.facts import an_order
from tests.jobs.conftest import Aurora, change, deliveries_of, install_committed
from tests.jobs.test_schedule import add_inbox_row


def typed(*arguments: str) -> Result:
    return CliRunner().invoke(operator, arguments)


def bury_a_delivery(aurora: Aurora) -> None:
    change(aurora.shop_id, aurora.alice)
    relay(aurora.shop_id, SUBSCRIBERS)
    with db.shop_transaction(aurora.shop_id) as session:
        session.query(Delivery).filter(Delivery.subscriber != "wallet").delete()
        session.query(Delivery).update(
            {"state": "dead", "error": "ApplePassError: push failed", "done_at": utc_now()}
        )


def test_parked_webhooks_are_listed_and_replayed(aurora: Aurora) -> None:
    add_inbox_row(aurora.shop_id, "parked", utc_now(), error="ShapeError: no id", attempts=1)

    listed = typed("parked")
    replayed = typed("replay-inbox", "--shop", "aurora.myshopify.com")

    assert "aurora.myshopify.com" in listed.output
    assert "customers/create" in listed.output
    assert "ShapeError: no id" in listed.output
    assert replayed.output.startswith("1 webhooks")
    assert typed("parked").output == ""


def test_dead_deliveries_are_listed_and_replayed_with_a_trace(aurora: Aurora) -> None:
    bury_a_delivery(aurora)

    listed = typed("dead")
    replayed = typed("replay-deliveries")

    assert "wallet" in listed.output
    assert "ApplePassError: push failed" in listed.output
    assert replayed.output.startswith("1 deliveries")
    (row,) = deliveries_of(aurora.shop_id)
    assert (row.state, row.attempts, row.error) == ("pending", 0, None)
    with db.shop_transaction(aurora.shop_id) as session:
        audited = session.query(AuditRow).filter_by(action="delivery_replayed").one()
        assert (audited.actor_kind, audited.subject_id) == ("operator", str(row.id))


def test_history_is_credited_only_when_told_to_write(aurora: Aurora) -> None:
    placed_at = utc_now() - timedelta(days=90)
    with db.shop_transaction(aurora.shop_id) as session:
        shop = session.get_one(Shop, aurora.shop_id)
        shop.earning_since = utc_now()
        session.add(
            Customer(
                shop_id=shop.shop_id,
                customer_id=501,
                member_id=aurora.alice,
                email_norm="",
                has_verified_email=False,
                has_account=True,
            )
        )
        session.add(MemberBalance(shop_id=shop.shop_id, member_id=aurora.alice))
        session.flush()
        facts = an_order(1, created_at=placed_at, processed_at=placed_at, currency=shop.currency)
        record_order(session, shop, facts, now=utc_now(), is_backfill=True)
    asked = ("credit-history", "--shop", "aurora.myshopify.com", "--since", "2020-01-01")

    runs = [typed(*asked), typed(*asked), typed(*asked, "--write"), typed(*asked, "--write")]

    assert [run.output.splitlines()[-1] for run in runs] == [
        "1 orders, 10 points would be credited",
        "1 orders, 10 points would be credited",
        "1 orders, 10 points credited",
        "0 orders, 0 points credited",
    ]


def test_open_privacy_requests_are_listed_with_the_day_they_are_due(aurora: Aurora) -> None:
    received_at = utc_now()
    with db.shop_transaction(aurora.shop_id) as session:
        session.add(
            PrivacyRequest(
                shop_id=aurora.shop_id,
                id=new_id(),
                subject="customers/redact",
                customer_id=501,
                body={},
                state="open",
                received_at=received_at,
                due_at=received_at + timedelta(days=30),
            )
        )

    listed = typed("privacy-requests").output

    assert "customers/redact customer=501" in listed
    assert f"due={received_at + timedelta(days=30):%Y-%m-%d}" in listed


def test_a_command_for_one_shop_leaves_the_others_alone(aurora: Aurora) -> None:
    install_committed("borealis")
    bury_a_delivery(aurora)

    replayed = typed("replay-deliveries", "--shop", "borealis.myshopify.com")

    assert replayed.output.startswith("0 deliveries")
    assert [row.state for row in deliveries_of(aurora.shop_id)] == ["dead"]


def test_an_unknown_shop_is_an_error(aurora: Aurora) -> None:
    result = typed("dead", "--shop", "nobody.myshopify.com")

    assert result.exit_code == 1
    assert "no shop nobody.myshopify.com" in result.output


def test_the_selfcheck_passes_on_sound_books(aurora: Aurora) -> None:
    result = typed("selfcheck")

    assert result.exit_code == 0
    assert result.output.endswith("0 differences\n")


def test_the_cap_of_the_till_is_set_and_audited_once(aurora: Aurora) -> None:
    for _ in range(2):
        answer = typed("till-cap", "--shop", "aurora.myshopify.com", "--points", "750")
        assert (
            answer.output == "aurora.myshopify.com: a user of the till may grant 750 points a day\n"
        )

    with db.shop_transaction(aurora.shop_id) as session:
        allowance = read_allowance(
            session, get_shop(session, aurora.shop_id), user_id=7, now=utc_now()
        )
        (row,) = session.query(AuditRow).filter_by(action="till_cap_set")
    assert (allowance.cap, allowance.left) == (750, 750)
    assert (row.actor_kind, row.details) == ("operator", {"points": 750, "before": 500})


@pytest.mark.parametrize("points", ["-1", "many", "1.5", "", "9" * 20])
def test_a_cap_that_is_no_number_of_points_is_refused_in_words(aurora: Aurora, points: str) -> None:
    answer = typed("till-cap", "--shop", "aurora.myshopify.com", f"--points={points}")

    assert answer.exit_code == 2
    assert "Invalid value for '--points'" in answer.output
    with db.shop_transaction(aurora.shop_id) as session:
        assert get_programme(session, aurora.shop_id).till_grant_cap_per_day == 500
