"""What operators type about the books: adjust, undo, list, mend; a refusal says its reason."""

import csv
import io

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import select

from jobs.ledger_commands import ledger_commands
from loyalty.base import db
from loyalty.ledger.posting import Cause, debit, lock_balance
from loyalty.members.tables import MemberBalance
from loyalty.outbox import ADJUSTMENT_EMAIL_ASKED, OutboxEvent
from tests.factories.facts import NOON
from tests.jobs.conftest import Aurora

DOMAIN = "aurora.myshopify.com"
NOBODY = "019ab000-0000-7000-8000-000000000000"


@pytest.fixture(autouse=True)
def books(aurora: Aurora) -> None:
    """Alice has books."""
    with db.shop_transaction(aurora.shop_id) as session:
        session.add(MemberBalance(shop_id=aurora.shop_id, member_id=aurora.alice))


def available(aurora: Aurora) -> int:
    with db.shop_transaction(aurora.shop_id) as session:
        return session.get_one(MemberBalance, (aurora.shop_id, aurora.alice)).available


def typed(*arguments: str) -> Result:
    return CliRunner().invoke(ledger_commands, arguments)


def adjust(aurora: Aurora, points: int, *options: str) -> str:
    """Returns the entry's id."""
    result = typed(
        *("adjust", "--shop", DOMAIN, "--member", str(aurora.alice), "--points", str(points)),
        *options,
    )
    assert result.exit_code == 0, result.output
    return result.output.split()[0]


def test_points_are_given_and_taken_once_for_a_key(aurora: Aurora) -> None:
    for _ in range(2):
        adjust(aurora, 100, "--key", "k")
    adjust(aurora, -30)

    assert available(aurora) == 70


def test_the_member_is_told_when_asked_for(aurora: Aurora) -> None:
    adjust(aurora, 100)
    adjust(aurora, -30, "--tell")

    with db.shop_transaction(aurora.shop_id) as session:
        events = session.scalars(
            select(OutboxEvent).where(OutboxEvent.kind == ADJUSTMENT_EMAIL_ASKED)
        ).all()
    assert [event.body for event in events] == [{"points": -30}]


def test_an_entry_is_undone_and_a_spent_one_by_force(aurora: Aurora) -> None:
    grant_id = adjust(aurora, 100)
    with db.shop_transaction(aurora.shop_id) as session:
        balance = lock_balance(session, aurora.shop_id, aurora.alice)
        cause = Cause("redeem", "r", "test", "1", "system:test", NOON)
        debit(session, balance, cause, points=30, now=NOON)
    arguments = ("undo-entry", "--shop", DOMAIN, "--id", grant_id)

    assert "points_spent: 30" in typed(*arguments).output
    assert available(aurora) == 70
    assert typed(*arguments, "--force").output == "grant -100\n"
    assert available(aurora) == -30


def test_figures_are_mended(aurora: Aurora) -> None:
    adjust(aurora, 100)
    with db.shop_transaction(aurora.shop_id) as session:
        session.get_one(MemberBalance, (aurora.shop_id, aurora.alice)).available = 99

    assert typed("mend", "--shop", DOMAIN).output.endswith("1 members mended\n")

    assert available(aurora) == 100


def test_transactions_are_printed_by_type(aurora: Aurora) -> None:
    adjust(aurora, 100)
    adjust(aurora, -30)
    arguments = ("transactions", "--shop", DOMAIN, "--member", str(aurora.alice))

    everything = list(csv.DictReader(io.StringIO(typed(*arguments).output)))
    granted = list(csv.DictReader(io.StringIO(typed(*arguments, "--type", "granted").output)))

    assert [(row["Type"], row["Points"]) for row in everything] == [
        ("Deducted", "-30"),
        ("Granted", "100"),
    ]
    assert [row["Points"] for row in granted] == ["100"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("undo-entry", "--id", NOBODY), "entry_not_found"),
        (("transactions", "--member", NOBODY), "member_not_found"),
        (("adjust", "--member", NOBODY, "--points", "5"), "member_not_found"),
        (("adjust", "--member", NOBODY, "--points", "1.5"), "points: Enter a whole number"),
        (
            ("adjust", "--member", NOBODY, "--points", "5", "--reason", "because"),
            "reason: Choose a reason",
        ),
    ],
)
def test_what_cannot_be_is_refused_with_its_reason(
    aurora: Aurora, arguments: tuple[str, ...], said: str
) -> None:
    refused = typed(*arguments, "--shop", DOMAIN)

    assert refused.exit_code == 1
    assert said in refused.output
