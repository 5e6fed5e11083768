"""What operators type about what points are worth, and what they read."""

import csv
import io
from datetime import timedelta

import pytest
from click.testing import CliRunner, Result

from jobs.liability_commands import liability_commands
from loyalty.base import db
from loyalty.base.clock import today_in, utc_now
from loyalty.ledger.posting import Cause, credit, lock_balance
from loyalty.members.tables import MemberBalance
from tests.jobs.conftest import Aurora

SHOP = ("--shop", "aurora.myshopify.com")
ZONE = "Europe/Madrid"


@pytest.fixture(autouse=True)
def points(aurora: Aurora) -> None:
    """Alice has 1000 points, given today."""
    now = utc_now()
    cause = Cause("grant", "grant:1", "test", "1", "staff:1", now)
    with db.shop_transaction(aurora.shop_id) as session:
        session.add(MemberBalance(shop_id=aurora.shop_id, member_id=aurora.alice))
        session.flush()
        balance = lock_balance(session, aurora.shop_id, aurora.alice)
        credit(session, balance, cause, points=1000, now=now)


def typed(*arguments: str) -> Result:
    return CliRunner().invoke(liability_commands, arguments)


def test_what_is_owed_is_printed(aurora: Aurora) -> None:
    assert typed("point-worth", *SHOP, "--value", "0.01", "--breakage", "20").exit_code == 0

    said = typed("liability", *SHOP)

    assert "1000 points outstanding, 0 lacking" in said.output
    assert "\ncost: 8.00 EUR\n" in said.output
    assert "deferred revenue: 0.00 EUR" in said.output


def test_each_option_changes_only_itself_and_a_word_takes_it_back(aurora: Aurora) -> None:
    changes = (("--value", "0.01"), ("--breakage", "20"), ("--value", "0.02"), ("--value", "past"))

    said = [typed("point-worth", *SHOP, *change).output.strip() for change in changes]

    assert said == [
        "a point is worth 0.01 EUR, never redeemed: by history",
        "a point is worth 0.01 EUR, never redeemed: 20 %",
        "a point is worth 0.02 EUR, never redeemed: 20 %",
        "a point is worth by redemptions, never redeemed: 20 %",
    ]
    assert typed("point-worth", *SHOP).exit_code == 1


def test_without_a_value_the_report_says_why_there_is_no_money(aurora: Aurora) -> None:
    assert "no money: nobody said what a point is worth" in typed("liability", *SHOP).output


def test_the_csv_has_a_line_for_each_cohort(aurora: Aurora) -> None:
    typed("point-worth", *SHOP, "--value", "0.01")

    (line,) = csv.DictReader(io.StringIO(typed("liability", *SHOP, "--csv").output))

    assert line["month"] == f"{today_in(ZONE):%Y-%m}"
    assert (line["earned_by"], line["points_available"]) == ("other", "1000")
    assert (line["cost"], line["deferred_revenue"]) == ("10.00", "0.00")


def test_the_roll_forward_is_printed(aurora: Aurora) -> None:
    today = today_in(ZONE)
    yesterday = today - timedelta(days=1)

    said = typed("roll-forward", *SHOP, "--from", f"{yesterday}", "--to", f"{today}")

    assert said.output.splitlines() == [
        f"{yesterday} opening 0",
        "grant +1000",
        f"{today} closing 1000",
    ]


def test_what_cannot_be_is_refused_with_its_field(aurora: Aurora) -> None:
    worth = typed("point-worth", *SHOP, "--value", "nothing")
    period = typed("roll-forward", *SHOP, "--from", "2026-01-02", "--to", "2026-01-01")

    assert (worth.exit_code, period.exit_code) == (1, 1)
    assert "point_value: Enter a number" in worth.output
    assert "The second day must be after the first" in period.output
