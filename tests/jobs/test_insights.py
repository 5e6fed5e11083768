"""Insight in the running app: asked for, every night, one process at a time, and dying inside."""

import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from uuid import UUID

import psycopg
import pytest
from click.testing import CliRunner
from sqlalchemy import select, text, update

from jobs import answers, insights, listing, segments
from jobs.insight_commands import insight_commands
from loyalty.audit import Actor
from loyalty.base import db
from loyalty.base.clock import today_in, utc_now
from loyalty.insights import running
from loyalty.insights.tables import InsightRun, MemberInsight
from loyalty.listing import keeping
from loyalty.listing.tables import CHURNS, MemberListing
from loyalty.segments.saving import add_segment
from loyalty.segments.tables import SegmentMember
from loyalty.shops import directory
from loyalty.shops.directory import get_shop, uninstall
from tests.conftest import DatabaseUrls
from tests.jobs.conftest import Aurora, install_committed
from tests.loyalty.insights import shops

STAFF = Actor("staff", "42")
DAY = timedelta(days=1)
_WAITING = "SELECT pid FROM pg_locks WHERE NOT granted"


def buy(aurora: Aurora, *, days_ago: int) -> None:
    """One order of Alice's."""
    with db.shop_transaction(aurora.shop_id) as session:
        shop = get_shop(session, aurora.shop_id)
        on = today_in(shop.timezone) - timedelta(days=days_ago)
        shops.add_order(session, shop, aurora.alice, on)


def scores(aurora: Aurora) -> dict[UUID, tuple[str, int]]:
    """(band, orders) of each member."""
    with db.shop_transaction(aurora.shop_id) as session:
        rows = session.scalars(select(MemberInsight)).all()
        return {row.member_id: (row.band, row.orders) for row in rows}


def runs(aurora: Aurora) -> list[str]:
    """How each run of the shop stands, the oldest first."""
    with db.shop_transaction(aurora.shop_id) as session:
        return list(session.scalars(select(InsightRun.state).order_by(InsightRun.id)))


def ask(aurora: Aurora) -> None:
    with db.shop_transaction(aurora.shop_id) as session:
        running.ask_for_run(session, aurora.shop_id, actor=STAFF, now=utc_now())


def work() -> set[str]:
    """What the sweep would ring for."""
    with db.shopless_transaction() as session:
        return {bell for bell, _ in directory.shops_with_work(session, utc_now())}


def test_run_that_was_asked_for_is_rung_for_until_it_is_done(aurora: Aurora) -> None:
    ask(aurora)
    assert "insights" in work()

    answers.answer("insights", aurora.shop_id)

    assert scores(aurora) == {aurora.alice: ("new", 0)}
    assert runs(aurora) == ["done"]
    assert "insights" not in work()


def test_every_shop_is_run_once_its_day_has_begun(aurora: Aurora) -> None:
    borealis, gone = install_committed("borealis"), install_committed("cassiopeia")
    with db.shop_transaction(gone.shop_id) as session:
        uninstall(session, gone.shop_id, now=utc_now())

    insights.run_all()
    insights.run_all()

    assert (runs(aurora), runs(borealis), runs(gone)) == (["done"], ["done"], [])
    with db.shop_transaction(aurora.shop_id) as session:
        session.execute(update(InsightRun).values(as_of=InsightRun.as_of - DAY.days))
    insights.run_all()
    assert (len(runs(aurora)), len(runs(borealis))) == (2, 1)


def test_two_processes_do_not_run_one_shop(aurora: Aurora) -> None:
    ask(aurora)
    with db.shop_transaction(aurora.shop_id) as session:
        assert running.hold(session, aurora.shop_id)

        assert insights.run_shop(aurora.shop_id, now=utc_now()) is None

    assert runs(aurora) == ["asked"] and scores(aurora) == {}
    assert insights.run_shop(aurora.shop_id, now=utc_now()) is not None


def test_run_that_dies_while_it_writes_leaves_the_scores_of_before(
    aurora: Aurora, database: DatabaseUrls
) -> None:
    insights.run_shop(aurora.shop_id, now=utc_now())
    before = scores(aurora)
    buy(aurora, days_ago=3)

    with db.shop_transaction(aurora.shop_id) as session:
        session.execute(text("SELECT FROM member_insight FOR UPDATE"))
        other = ThreadPoolExecutor(1)
        dying = other.submit(insights.run_shop, aurora.shop_id, now=utc_now())
        _kill_who_waits(database.app)
        with pytest.raises(Exception, match="terminating connection"):
            dying.result(timeout=60)

    assert scores(aurora) == before == {aurora.alice: ("new", 0)}
    assert runs(aurora) == ["done", "failed"]
    insights.run_shop(aurora.shop_id, now=utc_now())
    assert scores(aurora)[aurora.alice][1] == 1
    assert runs(aurora) == ["done", "failed", "done"]


def _kill_who_waits(url: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        while (row := connection.execute(_WAITING).fetchone()) is None:
            time.sleep(0.05)
        connection.execute("SELECT pg_terminate_backend(%s)", row)


def test_run_whose_process_was_killed_is_begun_anew(aurora: Aurora) -> None:
    """Nobody could say any more that it failed."""
    with db.shop_transaction(aurora.shop_id) as session:
        running.begin(session, aurora.shop_id, actor=STAFF, now=utc_now())

    insights.run_all()

    assert runs(aurora) == ["done"]
    assert aurora.alice in scores(aurora)


def test_progress_is_seen_by_others_while_the_run_goes_on(aurora: Aurora) -> None:
    ask(aurora)
    insights.run_shop(aurora.shop_id, now=utc_now())

    with db.shop_transaction(aurora.shop_id) as session:
        session.execute(text("SELECT FROM member_insight FOR UPDATE"))
        buy(aurora, days_ago=2)
        other = ThreadPoolExecutor(1)
        going = other.submit(insights.run_shop, aurora.shop_id, now=utc_now())
        while _stage(aurora) != ("running", "writing", 1):
            assert not going.done(), going.result()
            time.sleep(0.05)
    assert going.result(timeout=60) is not None
    assert runs(aurora) == ["done", "done"]


def _stage(aurora: Aurora) -> tuple[str, str | None, int]:
    with db.shop_transaction(aurora.shop_id) as session:
        row = session.scalars(select(InsightRun).order_by(InsightRun.id.desc()).limit(1)).one()
        return row.state, row.stage, row.members_done


def test_segments_that_ask_for_scores_are_looked_at_after_a_run(aurora: Aurora) -> None:
    asked = {
        "New": {"fact": "churn_risk", "is": "equals", "value": "new"},
        "Healthy": {"fact": "health", "is": "at_most", "value": 100},
        "Buyers": {"fact": "order_count", "is": "at_least", "value": 1},
    }
    ids = {}
    with db.shop_transaction(aurora.shop_id) as session:
        shop = get_shop(session, aurora.shop_id)
        for name, rule in asked.items():
            segment = add_segment(
                session, shop, name=name, criteria=rule, actor=STAFF, now=utc_now()
            )
            ids[segment.id] = name
    segments.fill_waiting(aurora.shop_id)
    buy(aurora, days_ago=3)

    insights.run_shop(aurora.shop_id, now=utc_now())
    assert _names(aurora, ids) == set(), "too early for the one, and nobody told of the order"

    with db.shop_transaction(aurora.shop_id) as session:
        session.execute(text("DELETE FROM shop_order"))
    insights.run_shop(aurora.shop_id, now=utc_now())
    assert _names(aurora, ids) == {"New"}


def _names(aurora: Aurora, ids: dict[UUID, str]) -> set[str]:
    with db.shop_transaction(aurora.shop_id) as session:
        found = session.scalars(
            select(SegmentMember.segment_id).where(SegmentMember.segment_id.in_(ids))
        )
        return {ids[segment_id] for segment_id in found}


def test_members_list_says_the_churn_bands_of_the_run(aurora: Aurora) -> None:
    listing.mend_shop(aurora.shop_id, now=utc_now())

    insights.run_shop(aurora.shop_id, now=utc_now())

    with db.shop_transaction(aurora.shop_id) as session:
        rows = session.execute(select(MemberListing.member_id, MemberListing.churn)).all()
        assert [(row.member_id, CHURNS[row.churn]) for row in rows] == [(aurora.alice, "new")]
        shop = get_shop(session, aurora.shop_id)
        assert keeping.find_differing(session, shop, now=utc_now()) == []


def test_command_runs_and_says_why_there_is_no_prediction(aurora: Aurora) -> None:
    buy(aurora, days_ago=3)
    shop = ["--shop", "aurora.myshopify.com"]

    before = CliRunner().invoke(insight_commands, ["insight", *shop])
    after = CliRunner().invoke(insight_commands, ["insight", *shop, "--run"])
    unknown = CliRunner().invoke(insight_commands, ["insight", "--shop", "nowhere"])

    assert before.output == "aurora.myshopify.com: no run yet\n"
    assert "1 members, 1 buyers, 0 came back" in after.output
    assert "no prediction yet: Predictions need 200 members who have ordered" in after.output
    assert unknown.exit_code == 1 and "no shop nowhere" in unknown.output


def test_command_says_how_right_the_model_was(aurora: Aurora) -> None:
    with db.shop_transaction(aurora.shop_id) as session:
        shop = get_shop(session, aurora.shop_id)
        shops.fill(session, shop)

    said = CliRunner().invoke(insight_commands, ["insight", "--run"]).output

    for words in ("purchases: r ", "amounts: p ", "revenue error: ", "AUC of churn: 0."):
        assert words in said
