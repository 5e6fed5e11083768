"""The schedule: the sweep finds all that waits, a turn runs once, old bodies are forgotten."""

from datetime import UTC, datetime, time, timedelta

from redis import Redis
from sqlalchemy import insert

from jobs import clock, gauges, overview, purge, queues, readiness, schedule
from jobs.relay import relay
from jobs.schedule import SCHEDULE, Task
from jobs.subscribers import SUBSCRIBERS
from loyalty.base import db
from loyalty.base.clock import utc_now
from loyalty.ledger.tables import LedgerEntry
from loyalty.members.tables import MemberBalance
from loyalty.outbox import Delivery
from loyalty.shops.directory import uninstall
from sandbox.servers.launching import free_port
from shopify_app.platform.tables import InboxRow
from tests.jobs.conftest import Aurora, change, deliveries_of, events_of, install_committed

LONG_AGO = timedelta(days=31)


def add_inbox_row(shop_id: int, state: str, received_at: datetime, **changes: object) -> None:
    row = {
        "shop_id": shop_id,
        "id": purge.first_id_at(received_at),
        "webhook_id": f"{state}-{received_at.timestamp()}",
        "topic": "customers/create",
        "received_at": received_at,
        "body": b"{}",
        "state": state,
        "attempts": 0,
        "next_at": received_at,
    }
    with db.shop_transaction(shop_id) as session:
        session.execute(insert(InboxRow).values(**(row | changes)))


def waiting(valkey: Redis) -> dict[str, int]:
    return {name: int(valkey.llen(f"rq:queue:{name}")) for name in queues.QUEUES}  # type: ignore[arg-type]


def test_the_sweep_rings_for_every_shop_with_work_and_for_no_other(
    aurora: Aurora, valkey: Redis
) -> None:
    borealis = install_committed("borealis")
    install_committed("cassiopeia")
    add_inbox_row(aurora.shop_id, "new", utc_now())
    add_inbox_row(borealis.shop_id, "parked", utc_now())
    change(borealis.shop_id, borealis.alice)
    valkey.flushall()

    schedule.sweep()

    assert {name: count for name, count in waiting(valkey).items() if count} == {
        "inbox": 1,
        "relay": 1,
    }


def test_a_stale_claim_is_rung_for_again(aurora: Aurora, valkey: Redis) -> None:
    change(aurora.shop_id, aurora.alice)
    relay(aurora.shop_id, SUBSCRIBERS)
    with db.shop_transaction(aurora.shop_id) as session:
        session.query(Delivery).update(
            {
                "claimed_by": purge.first_id_at(utc_now()),
                "next_at": utc_now() - timedelta(seconds=1),
            }
        )
    valkey.flushall()

    schedule.sweep()

    assert waiting(valkey)["wallet"] == 1


def test_the_sweep_without_redis_ends_quietly(aurora: Aurora) -> None:
    add_inbox_row(aurora.shop_id, "new", utc_now())
    queues.configure(f"redis://127.0.0.1:{free_port()}/0")

    schedule.sweep()


def test_turns_are_in_step_with_the_day() -> None:
    daily = Task("daily", list, every=timedelta(days=1), at=time(3, 10))
    often = Task("often", list, every=timedelta(seconds=15))
    before, after = (datetime(2026, 11, 22, 3, minute, 20, tzinfo=UTC) for minute in (9, 10))

    assert daily.turn(before) == datetime(2026, 11, 21, 3, 10, tzinfo=UTC)
    assert daily.turn(after) == datetime(2026, 11, 22, 3, 10, tzinfo=UTC)
    assert often.turn(after) == datetime(2026, 11, 22, 3, 10, 15, tzinfo=UTC)


def test_of_two_clocks_one_runs_a_turn(valkey: Redis) -> None:
    runs: list[int] = []
    task = Task("count", lambda: runs.append(1), every=timedelta(days=1))
    turn = task.turn(utc_now())

    outcomes = [clock.run_turn(task, turn) for _ in range(2)]
    later = clock.run_turn(task, turn + task.every)

    assert (outcomes, later, len(runs)) == ([True, False], True, 2)


def test_a_clock_without_redis_runs_its_turns() -> None:
    queues.configure(f"redis://127.0.0.1:{free_port()}/0")
    runs: list[int] = []
    task = Task("count", lambda: runs.append(1), every=timedelta(seconds=15))

    assert clock.run_turn(task, utc_now())
    assert runs == [1]


def test_a_task_that_fails_leaves_the_clock_alive(valkey: Redis) -> None:
    def fail() -> None:
        raise ValueError

    assert clock.run_turn(Task("fail", fail, every=timedelta(seconds=15)), utc_now())


def test_every_task_has_a_name_of_its_own() -> None:
    names = [task.name for task in SCHEDULE]

    assert len(names) == len(set(names))


def test_what_was_done_a_month_ago_is_forgotten_and_the_rest_kept(aurora: Aurora) -> None:
    old, young = utc_now() - LONG_AGO, utc_now() - timedelta(days=29)
    for state in ("done", "ignored", "parked"):
        add_inbox_row(aurora.shop_id, state, old)
        old += timedelta(seconds=1)
    add_inbox_row(aurora.shop_id, "done", young)

    count = purge.purge(aurora.shop_id, now=utc_now())

    with db.shop_transaction(aurora.shop_id) as session:
        rows = session.query(InboxRow).all()
    assert count == 2
    assert {(row.state, row.received_at < young) for row in rows} == {
        ("parked", True),
        ("done", False),
    }
    assert {row.state for row in rows if row.body == b""} == {"parked"}


def test_a_shop_that_left_is_forgotten_like_the_others(aurora: Aurora) -> None:
    add_inbox_row(aurora.shop_id, "done", utc_now() - LONG_AGO)
    with db.shop_transaction(aurora.shop_id) as session:
        uninstall(session, aurora.shop_id, now=utc_now())

    schedule.purge_bodies()

    with db.shop_transaction(aurora.shop_id) as session:
        assert session.query(InboxRow).count() == 0


def test_events_are_forgotten_once_every_delivery_is_done(aurora: Aurora) -> None:
    change(aurora.shop_id, aurora.alice, aurora.alice)
    relay(aurora.shop_id, SUBSCRIBERS)
    with db.shop_transaction(aurora.shop_id) as session:
        first = session.query(Delivery).order_by(Delivery.id).limit(1).one()
        session.query(Delivery).filter_by(event_id=first.event_id).update({"state": "done"})

    count = purge.purge(aurora.shop_id, now=utc_now() + LONG_AGO)

    assert count == 1
    assert {row.state for row in deliveries_of(aurora.shop_id)} == {"pending"}
    assert len(events_of(aurora.shop_id)) == 1


def test_the_selfcheck_counts_what_the_books_do_not_say(aurora: Aurora) -> None:
    with db.shop_transaction(aurora.shop_id) as session:
        session.add(
            MemberBalance(
                shop_id=aurora.shop_id,
                member_id=aurora.alice,
                available=0,
                pending=0,
                lifetime_earned=0,
                lifetime_burned=0,
            )
        )
    assert schedule.selfcheck() == 0
    with db.shop_transaction(aurora.shop_id) as session:
        session.query(MemberBalance).update({"available": 5})
        assert session.query(LedgerEntry).count() == 0

    assert schedule.selfcheck() == 1


def test_the_gauges_say_what_waits_and_for_how_long(aurora: Aurora) -> None:
    minute_ago = utc_now() - timedelta(seconds=60)
    add_inbox_row(aurora.shop_id, "new", minute_ago)
    add_inbox_row(aurora.shop_id, "parked", minute_ago - timedelta(seconds=1))
    change(aurora.shop_id, aurora.alice)
    relay(aurora.shop_id, SUBSCRIBERS)
    change(aurora.shop_id, aurora.alice)
    with db.shop_transaction(aurora.shop_id) as session:
        session.query(Delivery).update({"state": "dead", "done_at": utc_now()})

    samples = {
        (sample.name, *sample.labels.values()): sample.value
        for family in gauges.read_gauges()
        for sample in family.samples
    }

    assert samples["encore_inbox_rows", "new"] == samples["encore_inbox_rows", "parked"] == 1
    assert 60 <= samples["encore_inbox_oldest_seconds", "new"] < 90
    assert samples["encore_outbox_rows",] == 1
    assert samples["encore_deliveries", "wallet", "dead"] == 1


def test_operators_see_every_shop_by_its_domain(aurora: Aurora) -> None:
    with db.shopless_transaction() as session:
        shops = overview.list_shops(session)

    assert [(s.shop_id, s.domain, s.status) for s in shops] == [
        (aurora.shop_id, "aurora.myshopify.com", "installed")
    ]


def test_readiness_knows_the_newest_migration(aurora: Aurora) -> None:
    assert readiness.has_postgresql()
    assert readiness.has_redis()
    assert readiness.AtNewestMigration()()
