"""The clock asks shops to be looked through; commands and gauges say what the looks came to."""

from datetime import timedelta

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import select

from jobs import gauges, reconciliation, schedule
from jobs.ledger_commands import ledger_commands
from jobs.reconciliation_commands import reconciliation_commands
from loyalty.base import db
from loyalty.base.clock import utc_now
from loyalty.members.tables import MemberBalance
from loyalty.reconciliation import recording
from loyalty.shops.directory import get_shop
from shopify_app.platform.projection import planning
from shopify_app.platform.tables import BackfillRun
from tests.jobs.conftest import Aurora, install_committed

DOMAIN = "aurora.myshopify.com"


def test_every_installed_shop_is_asked_for_hourly_and_nightly(aurora: Aurora) -> None:
    gone = install_committed("borealis")
    with db.shop_transaction(gone.shop_id) as session:
        get_shop(session, gone.shop_id).status = "uninstalled"

    for _ in range(2):
        reconciliation.ask_for_sweeps()
        reconciliation.ask_for_looks()

    assert asked(aurora.shop_id) == ["codes", "shown", "sweep"]
    assert asked(gone.shop_id) == []
    by_name = {task.name: task for task in schedule.SCHEDULE}
    assert by_name["reconcile"].every == timedelta(hours=1)
    assert by_name["look_through"].every == timedelta(days=1)


def test_a_wrong_balance_is_reported_counted_and_mended_by_command(aurora: Aurora) -> None:
    # given books that say 0, and a cache that says 7; other shops are looked at, too
    elsewhere = schedule.selfcheck()
    open_elsewhere = gauge("encore_findings_open", kind="balance_wrong")
    with db.shop_transaction(aurora.shop_id) as session:
        session.add(MemberBalance(shop_id=aurora.shop_id, member_id=aurora.alice, available=7))
    # when
    assert schedule.selfcheck() == elsewhere + 1
    # then
    listed = typed("reconciliations", "--shop", DOMAIN).output
    assert "balances looked_at=1 found=1" in listed
    assert f"balance_wrong {aurora.alice}:available mended=not yet" in listed
    assert gauge("encore_findings_open", kind="balance_wrong") == (open_elsewhere or 0) + 1
    mended = CliRunner().invoke(ledger_commands, ["mend", "--shop", DOMAIN])
    assert mended.exit_code == 0, mended.output
    assert gauge("encore_findings_open", kind="balance_wrong") == open_elsewhere
    assert "mended=not yet" not in typed("reconciliations", "--shop", DOMAIN).output
    with db.shop_transaction(aurora.shop_id) as session:
        assert session.get_one(MemberBalance, (aurora.shop_id, aurora.alice)).available == 0


def test_reconcile_now_proves_the_books_and_asks_for_the_rest(aurora: Aurora) -> None:
    result = typed("reconcile", "--shop", DOMAIN)

    assert result.exit_code == 0 and "0 figures differ" in result.output
    assert asked(aurora.shop_id) == ["codes", "shown", "sweep"]


def test_an_unknown_shop_is_refused(aurora: Aurora) -> None:
    result = typed("reconcile", "--shop", "nobody.myshopify.com")

    assert result.exit_code == 1 and "no shop nobody" in result.output


def test_a_finding_found_again_is_one_until_it_is_mended(aurora: Aurora) -> None:
    now, kind = utc_now(), recording.SHOWN_CHANGED
    with db.shop_transaction(aurora.shop_id) as session:
        for _ in range(2):
            recording.note(session, aurora.shop_id, kind, 5, now=now)
        [finding] = recording.list_open(session, aurora.shop_id, kind)
        recording.mend(session, aurora.shop_id, kind, ["5"], now=now)
        recording.note(session, aurora.shop_id, kind, 5, now=now)
        [again] = recording.list_open(session, aurora.shop_id, kind)

    assert again.id != finding.id


def test_how_long_ago_a_shop_was_looked_through_is_a_gauge(aurora: Aurora) -> None:
    with db.shop_transaction(aurora.shop_id) as session:
        for minutes in (90, 30):
            at = utc_now() - timedelta(minutes=minutes)
            recording.report(
                session,
                aurora.shop_id,
                "orders",
                looked_at=5,
                found=2,
                started_at=at,
                now=at,
            )

    age_s = gauge("encore_reconciliation_oldest_seconds", subject="orders")
    assert age_s is not None and 1_800 <= age_s < 1_900
    assert gauge("encore_reconciliation_found", subject="orders") == 2


@pytest.mark.parametrize(
    ("members", "calls", "points", "seconds", "way"),
    [
        (100_000, 4_000, 40_000, 380, "in bulk"),
        (1_000, 40, 400, 0, "one by one"),
    ],
)
def test_what_showing_many_costs_is_planned_from_the_budget(
    members: int, calls: int, points: int, seconds: int, way: str
) -> None:
    plan = planning.plan_for(
        members=members, metafields=1, bucket_max=2_000, restored_per_s=100, set_points=10
    )

    one = plan.one_by_one
    assert (one.calls, one.points, one.seconds, plan.chosen.name) == (calls, points, seconds, way)
    assert plan.in_bulk.points == 40


def typed(*arguments: str) -> Result:
    return CliRunner().invoke(reconciliation_commands, arguments)


def asked(shop_id: int) -> list[str]:
    """What is to be looked through in the shop."""
    with db.shop_transaction(shop_id) as session:
        return list(session.scalars(select(BackfillRun.subject).order_by(BackfillRun.subject)))


def gauge(name: str, **labels: str) -> float | None:
    """The gauge's value at a scrape."""
    for metric in gauges.read_gauges():
        for sample in metric.samples:
            if sample.name == name and sample.labels == labels:
                return float(sample.value)
    return None
