"""Whoever works on a run of the back-fill keeps its lease, and stops once somebody else has it."""

import threading
from datetime import datetime, timedelta
from uuid import UUID

import pytest
from sqlalchemy import select, update

from config import Settings
from loyalty.base.clock import utc_now
from loyalty.base.db import shop_transaction
from shopify_app.platform import backfill_runs, installations
from shopify_app.platform.backfill import leases, steps
from shopify_app.platform.backfill.leases import Lease, LeaseLost
from shopify_app.platform.session_tokens import verify
from shopify_app.platform.tables import BackfillRun
from tests.platform.shopify import Shopify


@pytest.fixture
def shop_id(shopify: Shopify, connected: Settings) -> int:
    """Aurora, installed, with nothing to read but what a test asks for."""
    shop_id = installations.ensure_installed(verify(shopify.id_token(), connected))
    with shop_transaction(shop_id) as session:
        backfill_runs.cancel(session, shop_id, reason="not of this test", now=utc_now())
    return shop_id


def _run(shop_id: int) -> BackfillRun:
    with shop_transaction(shop_id) as session:
        return session.scalars(
            select(BackfillRun).where(BackfillRun.state.in_(("waiting", "asked", "reading")))
        ).one()


def _ask(shop_id: int, subject: str) -> None:
    """Let the projection, or a collection that is nowhere, be due."""
    with shop_transaction(shop_id) as session:
        if subject == "projection":
            before = utc_now() - timedelta(minutes=1)  # what comes together has come
            backfill_runs.ask_for_projection(session, shop_id, now=before)
        else:
            backfill_runs.ask_for_collection(session, shop_id, 1, now=utc_now())


def _take_over(shop_id: int, run_id: UUID, at: datetime) -> None:
    with shop_transaction(shop_id) as session:
        session.execute(update(BackfillRun).where(BackfillRun.id == run_id).values(next_at=at))


@pytest.mark.parametrize("subject", ["collection", "projection"])
def test_a_slow_step_keeps_its_lease(
    shopify: Shopify, shop_id: int, monkeypatch: pytest.MonkeyPatch, subject: str
) -> None:
    # given a step that Shopify makes longer than its lease might be
    monkeypatch.setattr(leases, "EVERY_S", 0.05)
    _ask(shop_id, subject)
    shopify.fail("graphql", "stall", seconds=3, count=1)
    # when
    worker = threading.Thread(target=steps.take_step, args=(shop_id,))
    worker.start()
    seen = set()
    while worker.is_alive():
        with shop_transaction(shop_id) as session:
            seen |= set(session.scalars(select(BackfillRun.next_at)))
        worker.join(0.05)
    # then it was renewed, time and again
    assert len(seen) > 5


def test_a_lease_that_was_taken_over_is_not_renewed(shop_id: int) -> None:
    with shop_transaction(shop_id) as session:
        backfill_runs.ask_for_sweep(session, shop_id, now=utc_now())
    run = _run(shop_id)
    lease = Lease(shop_id, run.id, run.next_at)
    lease.hold()
    others = utc_now() + timedelta(minutes=3)
    _take_over(shop_id, run.id, others)

    with pytest.raises(LeaseLost):
        lease.hold()

    assert _run(shop_id).next_at == others


def test_who_has_lost_the_lease_sends_no_flood(shopify: Shopify, shop_id: int) -> None:
    # given a projection whose lease somebody takes over while Shopify is slow
    _ask(shop_id, "projection")
    run = _run(shop_id)
    others = utc_now() + timedelta(minutes=3)
    shopify.fail("graphql", "stall", seconds=6, count=1, topic="MetafieldDefinitionCreate")
    worker = threading.Thread(target=steps.take_step, args=(shop_id,))
    worker.start()
    while _run(shop_id).next_at < utc_now() + timedelta(seconds=30):
        worker.join(0.02)
    _take_over(shop_id, run.id, others)
    # when
    worker.join()
    # then it wrote nothing over what the other does
    left = _run(shop_id)
    assert (left.next_at, left.state, left.error) == (others, "waiting", None)
