"""Expiry runs once on each of a shop's own days; what operators type is carried out or refused."""

from datetime import UTC, date, datetime, timedelta

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import select

from jobs import expiry
from jobs.expiry_commands import expiry_commands
from loyalty.base import db
from loyalty.base.clock import utc_now
from loyalty.ledger.posting import Cause, credit, lock_balance
from loyalty.ledger.tables import LedgerEntry
from loyalty.members.tables import MemberBalance
from loyalty.programme.rules import get_programme
from loyalty.shops.directory import get_shop
from tests.factories.facts import NOON
from tests.jobs.conftest import Aurora

DOMAIN = "aurora.myshopify.com"
NOBODY = "019ab000-0000-7000-8000-000000000000"
MADRID_MIDNIGHT = datetime(2026, 11, 25, 23, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def in_madrid(aurora: Aurora) -> None:
    """Aurora is in Madrid, and Alice has books."""
    with db.shop_transaction(aurora.shop_id) as session:
        get_shop(session, aurora.shop_id).timezone = "Europe/Madrid"
        session.add(MemberBalance(shop_id=aurora.shop_id, member_id=aurora.alice))


def give(aurora: Aurora, points: int, *, last_day: date | None = None) -> LedgerEntry:
    with db.shop_transaction(aurora.shop_id) as session:
        balance = lock_balance(session, aurora.shop_id, aurora.alice)
        cause = Cause("grant", f"{points}", "test", "1", "system:test", NOON)
        return credit(session, balance, cause, points=points, now=NOON, last_valid_on=last_day)


def available(aurora: Aurora) -> int:
    with db.shop_transaction(aurora.shop_id) as session:
        return session.get_one(MemberBalance, (aurora.shop_id, aurora.alice)).available


def typed(*arguments: str) -> Result:
    return CliRunner().invoke(expiry_commands, arguments)


def test_it_runs_once_a_day_of_the_shop(aurora: Aurora) -> None:
    give(aurora, 100, last_day=date(2026, 11, 25))
    give(aurora, 10, last_day=date(2026, 11, 24))

    ran = [
        expiry.run_shop(aurora.shop_id, now=MADRID_MIDNIGHT + timedelta(minutes=minutes)).expired
        for minutes in (-15, -1, 0, 15)
    ]

    assert ran == [1, 0, 1, 0]
    assert available(aurora) == 0


def test_a_rule_set_by_command_reaches_old_lots(aurora: Aurora) -> None:
    give(aurora, 100)

    assert typed("expiry", "--shop", DOMAIN, "--mode", "days", "--days", "30").output == "set\n"
    assert f"{DOMAIN}: 1 members dated" in typed("run-expiry", "--shop", DOMAIN).output

    calendar = typed("expiry-calendar", "--shop", DOMAIN, "--member", str(aurora.alice)).output
    with db.shop_transaction(aurora.shop_id) as session:
        since = get_programme(session, aurora.shop_id).expiry_since
    assert since is not None
    assert calendar == f"{since + timedelta(days=30)} 100\n"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("expiry", "--shop", DOMAIN, "--mode", "days"), "days: Enter a number of days"),
        (("expiry", "--shop", DOMAIN, "--mode", "often"), "mode: Choose"),
        (("expiry", "--shop", "nobody.myshopify.com", "--mode", "never"), "no shop"),
        (("negative-balance", "--shop", DOMAIN, "--value", "maybe"), "negative_balance: Choose"),
        (
            ("expiry-calendar", "--shop", DOMAIN, "--member", NOBODY),
            "member_not_found",
        ),
    ],
)
def test_what_cannot_be_is_refused_with_its_reason(
    aurora: Aurora, arguments: tuple[str, ...], said: str
) -> None:
    refused = typed(*arguments)

    assert refused.exit_code == 1
    assert said in refused.output


def test_all_shops_are_run(aurora: Aurora) -> None:
    give(aurora, 100, last_day=(utc_now() - timedelta(days=5)).date())

    expiry.run_all()

    with db.shop_transaction(aurora.shop_id) as session:
        kinds = session.scalars(select(LedgerEntry.kind).order_by(LedgerEntry.id)).all()
    assert kinds == ["grant", "expire"]
