"""A run as a whole: what it writes, what it tells, what it leaves alone, and when it is due."""

from datetime import date, timedelta
from uuid import UUID

import numpy as np
import pytest
from sqlalchemy import select, text, update
from sqlalchemy.orm import Session

from loyalty import timeline
from loyalty.audit import SYSTEM, Actor
from loyalty.base.db import enter_shop
from loyalty.insights import running, sampling, views
from loyalty.insights.cold_start import NotYet
from loyalty.insights.frequencies import summarise
from loyalty.insights.gathering import Gathering
from loyalty.insights.histories import read_batches
from loyalty.insights.model import score
from loyalty.insights.parts import PARTS
from loyalty.insights.tables import InsightRun, MemberInsight
from loyalty.members.tables import Member, TimelineEvent
from loyalty.merging.undoing import undo
from loyalty.privacy.parts import Person, carry_out, read_rows
from loyalty.shops.tables import Shop
from tests.factories.facts import NOON
from tests.loyalty.conftest import install_shop
from tests.loyalty.insights import simulation
from tests.loyalty.insights.shops import (
    TODAY,
    add_members,
    add_order,
    fill,
    run,
    scores_of,
)
from tests.loyalty.merging.cast import make_one, second_account

STAFF = Actor("staff", "42")
NIGHT = timedelta(days=1)


def versions(session: Session) -> dict[UUID, str]:
    """Where each row of scores lies: another place is another version of it."""
    rows = session.execute(text("SELECT member_id, ctid::text FROM member_insight"))
    return {row.member_id: row.ctid for row in rows}


def told(session: Session, shop: Shop) -> list[tuple[UUID, dict[str, str]]]:
    rows = session.execute(
        select(TimelineEvent.member_id, TimelineEvent.details).where(
            TimelineEvent.shop_id == shop.shop_id,
            TimelineEvent.kind == timeline.CHURN_CHANGED,
        )
    )
    return [(row.member_id, row.details) for row in rows]


def test_scores_are_those_of_the_model_for_what_each_member_did(
    session: Session, aurora: Shop
) -> None:
    ids = fill(session, aurora)

    model = run(session, aurora)

    assert model.not_yet == () and model.accuracy is not None
    histories = simulation.shop(900, history_days=700)
    expected = score(model, summarise(histories), np.zeros(900, np.uint8))
    found = scores_of(session, aurora)
    assert found.keys() == set(ids)
    for at, member_id in enumerate(ids[:-1]):
        row = found[member_id]
        assert row.ltv_minor == expected.ltv_minor[at]
        assert row.p_return_ppm == round(expected.p_return[at] * 1e6)
        assert row.health == expected.health[at]
        assert row.orders == expected.orders[at]
        assert row.last_order_on == TODAY - timedelta(days=int(expected.last_days_ago[at]))
    new = found[ids[-1]]
    assert (new.band, new.orders, new.last_order_on) == ("new", 0, None)
    assert (new.ltv_minor, new.p_return_ppm, new.health) == (None, None, None)


def test_run_keeps_the_model_the_day_and_what_was_left_out(session: Session, aurora: Shop) -> None:
    ids = fill(session, aurora)
    add_order(session, aurora, ids[0], date(2027, 1, 1))

    model = run(session, aurora)

    latest = views.find_latest(session, aurora.shop_id)
    assert latest is not None and latest.as_of == TODAY and latest.ended_at is not None
    assert latest.members_done == latest.members_total == 901
    assert latest.excluded is not None and latest.excluded["future"] == 1
    kept = views.model_of(latest)
    assert kept is not None and (kept.purchases, kept.amounts) == (model.purchases, model.amounts)
    assert kept.accuracy == model.accuracy


def test_run_that_finds_nothing_new_writes_nothing(session: Session, aurora: Shop) -> None:
    fill(session, aurora)
    run(session, aurora)
    before = versions(session)

    run(session, aurora)

    assert versions(session) == before
    assert told(session, aurora) == []


def test_churn_band_that_changed_is_told_once(session: Session, aurora: Shop) -> None:
    ids = fill(session, aurora)
    run(session, aurora)
    rows = scores_of(session, aurora)
    quiet = next(m for m in ids if rows[m].band == "high")
    add_order(session, aurora, quiet, TODAY)

    run(session, aurora)
    run(session, aurora)

    band = scores_of(session, aurora)[quiet].band
    events = dict(told(session, aurora))
    assert events[quiet] == {"from_churn": "high", "to_churn": band} and band != "high"
    assert len(told(session, aurora)) == len(events)


def test_that_scores_begin_to_be_calibrated_is_no_change_of_a_member(
    session: Session, aurora: Shop
) -> None:
    fill(session, aurora)
    run(session, aurora)
    session.execute(update(MemberInsight).values(is_calibrated=False, band="high"))

    run(session, aurora)

    assert told(session, aurora) == []
    assert any(row.band != "high" for row in scores_of(session, aurora).values())


def test_young_shop_has_no_prediction_and_says_why(session: Session, aurora: Shop) -> None:
    alice, erin = add_members(session, aurora, 2)
    add_order(session, aurora, alice, TODAY - timedelta(days=6))

    model = run(session, aurora)

    assert set(model.not_yet) == {NotYet.TOO_FEW_REPEAT_BUYERS, NotYet.TOO_YOUNG}
    insight = views.find_insight(session, aurora.shop_id, alice)
    assert insight is not None and insight.ltv_minor is None and insight.band == "not_yet"
    assert [str(reason) for reason in insight.reasons] == [str(r) for r in model.reasons]
    assert str(insight.why).startswith("ordered once, 6 days ago")
    assert views.bands_of(session, aurora.shop_id, [alice, erin]) == {
        alice: "not_yet",
        erin: "new",
    }


def test_shop_without_members_can_be_run(session: Session, aurora: Shop) -> None:
    model = run(session, aurora)

    assert model.buyers == 0
    assert scores_of(session, aurora) == {}


def test_who_is_put_away_has_no_score_after_the_next_run(session: Session, aurora: Shop) -> None:
    alice, erin = add_members(session, aurora, 2)
    run(session, aurora)
    session.execute(update(Member).where(Member.id == alice).values(state="archived"))

    run(session, aurora)

    assert scores_of(session, aurora).keys() == {erin}


def test_merged_members_have_no_scores_until_the_next_run(
    session: Session, aurora: Shop, alice: Member
) -> None:
    other = second_account(session, aurora)
    run(session, aurora, now=NOON - NIGHT)

    merge = make_one(session, aurora, alice, other)
    assert views.find_insight(session, aurora.shop_id, alice.id) is None
    assert views.bands_of(session, aurora.shop_id, [alice.id]) == {alice.id: "not_yet"}

    run(session, aurora, now=NOON + NIGHT)
    assert scores_of(session, aurora).keys() == {alice.id}

    undo(session, aurora, merge.id, actor=STAFF, now=NOON)
    assert scores_of(session, aurora) == {}
    run(session, aurora, now=NOON + NIGHT)
    assert scores_of(session, aurora).keys() == {alice.id, other.id}


def test_who_is_merged_while_a_run_goes_on_gets_no_score_of_before(
    session: Session, aurora: Shop, alice: Member
) -> None:
    """The run has read their orders apart from each other."""
    make_one(session, aurora, alice, second_account(session, aurora))

    run(session, aurora, now=NOON)

    assert scores_of(session, aurora) == {}


def test_erased_member_has_no_scores_and_an_exported_one_sees_theirs(
    session: Session, aurora: Shop, alice: Member
) -> None:
    add_order(session, aurora, alice.id, TODAY)
    run(session, aurora)
    person = Person(aurora.shop_id, (alice.id,))
    [part] = PARTS

    [row] = read_rows(session, part, person)
    assert (row["orders"], row["last_order_on"]) == (1, TODAY)
    for _ in range(2):
        carry_out(session, part.erase, part, person, now=NOON)

    assert scores_of(session, aurora) == {}


def test_shops_keep_their_own_scores(session: Session, aurora: Shop) -> None:
    [alice] = add_members(session, aurora, 1)
    add_order(session, aurora, alice, TODAY)
    run(session, aurora)
    borealis = install_shop(session, "borealis", currency="USD", timezone="America/Toronto")
    [bob] = add_members(session, borealis, 1)

    run(session, borealis)

    assert scores_of(session, borealis).keys() == {bob}
    assert views.find_insight(session, borealis.shop_id, alice) is None
    enter_shop(session, aurora.shop_id)
    assert scores_of(session, aurora).keys() == {alice}
    runs = session.scalars(select(InsightRun)).all()
    assert [one.shop_id for one in runs] == [aurora.shop_id]


def test_run_is_asked_for_once(session: Session, aurora: Shop) -> None:
    first = running.ask_for_run(session, aurora.shop_id, actor=STAFF, now=NOON)
    second = running.ask_for_run(session, aurora.shop_id, actor=STAFF, now=NOON)

    assert (first.id, first.state) == (second.id, "asked")
    assert session.info["bells"] == {("insights", aurora.shop_id): True}
    run(session, aurora)
    third = running.ask_for_run(session, aurora.shop_id, actor=STAFF, now=NOON)
    assert third.id != first.id


@pytest.mark.parametrize(("hours", "due"), [(0, False), (10, False), (12, True)])
def test_shop_is_due_when_its_day_has_begun(
    session: Session, aurora: Shop, hours: int, due: bool
) -> None:
    """Noon in UTC is one o'clock in Madrid."""
    assert running.is_due(session, aurora, now=NOON)
    run(session, aurora)

    assert running.is_due(session, aurora, now=NOON + timedelta(hours=hours)) is due


def test_run_that_died_is_taken_up(session: Session, aurora: Shop) -> None:
    run(session, aurora)
    died = running.begin(session, aurora.shop_id, actor=SYSTEM, now=NOON)

    assert running.is_due(session, aurora, now=NOON)
    assert running.begin(session, aurora.shop_id, actor=SYSTEM, now=NOON) == died


def test_run_that_failed_is_tried_again_the_same_day(session: Session, aurora: Shop) -> None:
    run(session, aurora)
    failed = running.begin(session, aurora.shop_id, actor=STAFF, now=NOON)
    running.fail(session, aurora.shop_id, failed, now=NOON)

    assert running.is_due(session, aurora, now=NOON)

    run(session, aurora)
    assert not running.is_due(session, aurora, now=NOON)


def test_models_of_long_ago_are_forgotten(session: Session, aurora: Shop) -> None:
    run(session, aurora)
    session.execute(update(InsightRun).values(ended_at=NOON - timedelta(days=2000)))

    run(session, aurora)

    assert len(session.scalars(select(InsightRun)).all()) == 1


def test_sample_of_a_large_shop_is_thinned_and_stays_the_same(
    monkeypatch: pytest.MonkeyPatch, session: Session, aurora: Shop
) -> None:
    fill(session, aurora, members=400)
    monkeypatch.setattr(sampling, "SAMPLE_MAX", 50)
    sizes = []
    for batch in (10, 1000):
        gathering = Gathering(TODAY)
        for found in read_batches(session, aurora, members=401, now=NOON, batch=batch):
            gathering.add(found)
        sample = gathering.sample
        sizes.append((sample.members, int(sample.counts.sum())))
        assert gathering.members == 401

    assert sizes[0] == sizes[1]
    assert 20 < sizes[0][0] < 100
