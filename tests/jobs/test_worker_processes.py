"""Real workers, killed: Redis is only the bell, so whatever dies, the rows are dealt with."""

import json
import os
import signal
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from redis import Redis
from sqlalchemy import insert

from jobs import queues, schedule
from loyalty.base import bell, db
from loyalty.base.clock import utc_now
from loyalty.base.ids import new_id
from sandbox.servers.valkey import Valkey, start_valkey
from shopify_app.platform.tables import InboxRow
from tests.conftest import DatabaseUrls
from tests.factories import payloads
from tests.jobs.conftest import Aurora, change, deliveries_of, install_committed
from tests.jobs.processes import children_of, environment, is_alive, running, until


@pytest.fixture
def own_valkey(tmp_path: Path) -> Iterator[Valkey]:
    """A Valkey that the test may kill."""
    server = start_valkey(tmp_path / "valkey")
    queues.configure(server.url)
    bell.register(queues.ring)
    yield server
    bell.register(lambda _queue, _shop_id: None)
    start_valkey(tmp_path / "valkey").stop()


@pytest.fixture
def shop(database: DatabaseUrls, own_valkey: Valkey) -> Aurora:
    return install_committed("aurora")


@pytest.fixture
def env(database: DatabaseUrls, own_valkey: Valkey, tmp_path: Path) -> dict[str, str]:
    faults = str(tmp_path / "faults")
    return environment(database.app, own_valkey.url, ENCORE_FAULT_POINTS=faults)


def receive(shop_id: int) -> None:
    """Commit a webhook as the web app would, without ringing."""
    now = utc_now()
    with db.shop_transaction(shop_id) as session:
        session.execute(
            insert(InboxRow).values(
                shop_id=shop_id,
                id=new_id(),
                webhook_id=str(uuid4()),
                topic="customers/create",
                received_at=now,
                body=json.dumps(payloads.customer()).encode(),
                state="new",
                attempts=0,
                next_at=now,
            )
        )


def inbox_states(shop_id: int) -> list[str]:
    with db.shop_transaction(shop_id) as session:
        return [state for (state,) in session.query(InboxRow.state).order_by(InboxRow.id)]


def states_of_wallet(shop_id: int) -> list[str]:
    """The states of the deliveries to the wallet: other subscribers may be told, too."""
    return [row.state for row in deliveries_of(shop_id) if row.subscriber == "wallet"]


def is_listening(redis_url: str, queue: str) -> bool:
    return bool(Redis.from_url(redis_url).scard(f"rq:workers:{queue}"))


def test_a_rung_row_is_done_in_moments(
    shop: Aurora, own_valkey: Valkey, env: dict[str, str]
) -> None:
    with running(env, "worker", "inbox"):
        until(lambda: is_listening(own_valkey.url, "inbox"), "a worker")
        receive(shop.shop_id)

        queues.ring("inbox", shop.shop_id)

        # No clock runs here: only the bell can have told the worker.
        until(lambda: inbox_states(shop.shop_id) == ["done"], "the row")


def test_a_worker_killed_mid_job_loses_no_row_and_mutes_no_bell(
    shop: Aurora, env: dict[str, str], own_valkey: Valkey
) -> None:
    folder = Path(env["ENCORE_FAULT_POINTS"])
    folder.mkdir()
    (folder / "inbox_before_commit").touch()
    receive(shop.shop_id)
    queues.ring("inbox", shop.shop_id)
    with running(env, "worker", "inbox") as worker:
        until(lambda: worker.poll() is not None, "the kill")
    assert worker.returncode == -signal.SIGKILL
    hit = json.loads((folder / "inbox_before_commit.hit").read_text())
    assert hit["work"] == {"shop": shop.shop_id, "rows": 1}
    assert inbox_states(shop.shop_id) == ["new"]

    with running(env, "worker", "inbox"):
        until(lambda: is_listening(own_valkey.url, "inbox"), "a worker")
        schedule.sweep()

        until(lambda: inbox_states(shop.shop_id) == ["done"], "the row")


def test_a_flushed_valkey_loses_no_row(
    shop: Aurora, own_valkey: Valkey, env: dict[str, str]
) -> None:
    receive(shop.shop_id)
    queues.ring("inbox", shop.shop_id)
    Redis.from_url(own_valkey.url).flushall()

    with running(env, "worker", "inbox"):
        schedule.sweep()

        until(lambda: inbox_states(shop.shop_id) == ["done"], "the row")


def test_a_worker_outlives_a_valkey_that_is_killed(
    shop: Aurora, own_valkey: Valkey, env: dict[str, str]
) -> None:
    with running(env, "worker", "inbox") as worker:
        until(lambda: is_listening(own_valkey.url, "inbox"), "a worker")
        os.kill(own_valkey.pid, signal.SIGKILL)
        receive(shop.shop_id)
        schedule.sweep()
        assert start_valkey(own_valkey.directory).port == own_valkey.port

        def swept_until_done() -> bool:
            schedule.sweep()
            return inbox_states(shop.shop_id) == ["done"]

        until(swept_until_done, "the row")
        assert worker.poll() is None


def test_a_stop_signal_ends_a_worker_softly(own_valkey: Valkey, env: dict[str, str]) -> None:
    with running(env, "worker", "inbox") as worker:
        until(lambda: is_listening(own_valkey.url, "inbox"), "a worker")

        worker.terminate()

        until(lambda: worker.poll() is not None, "the end")
    assert worker.returncode == 0


def test_a_worker_waiting_for_redis_can_be_stopped(own_valkey: Valkey, env: dict[str, str]) -> None:
    with running(env, "worker", "inbox") as worker:
        until(lambda: is_listening(own_valkey.url, "inbox"), "a worker")
        os.kill(own_valkey.pid, signal.SIGKILL)
        until(lambda: not is_alive(own_valkey.pid), "the end of Valkey")

        worker.terminate()

        until(lambda: worker.poll() is not None, "the end")


def test_a_dead_child_is_replaced_and_all_end_with_their_parent(
    own_valkey: Valkey, env: dict[str, str]
) -> None:
    with running(env, "worker", "inbox", "relay") as parent:
        until(lambda: is_listening(own_valkey.url, "relay"), "a worker")
        until(lambda: is_listening(own_valkey.url, "inbox"), "a worker")
        killed = children_of(parent.pid)[0]
        os.kill(killed, signal.SIGKILL)
        until(lambda: len(now := children_of(parent.pid)) == 2 and killed not in now, "a new child")
        children = children_of(parent.pid)

        os.kill(parent.pid, signal.SIGKILL)

        until(lambda: not any(map(is_alive, children)), "the children's end")


def test_a_change_goes_through_relay_and_wallet_by_itself(
    shop: Aurora, own_valkey: Valkey, env: dict[str, str]
) -> None:
    with running(env, "worker"):
        for queue in queues.QUEUES:
            until(lambda queue=queue: is_listening(own_valkey.url, queue), queue)

        change(shop.shop_id, shop.alice)

        until(lambda: states_of_wallet(shop.shop_id) == ["done"], "the delivery")


def test_a_relay_killed_mid_batch_makes_each_delivery_once(
    shop: Aurora, own_valkey: Valkey, env: dict[str, str]
) -> None:
    folder = Path(env["ENCORE_FAULT_POINTS"])
    folder.mkdir()
    (folder / "relay_mid_batch").touch()
    with running(env, "worker", "relay") as relay:
        until(lambda: is_listening(own_valkey.url, "relay"), "a worker")
        change(shop.shop_id, shop.alice, shop.alice)
        until(lambda: relay.poll() is not None, "the kill")
    assert deliveries_of(shop.shop_id) == []

    with running(env, "worker", "relay"):
        until(lambda: is_listening(own_valkey.url, "relay"), "a worker")
        schedule.sweep()
        until(lambda: states_of_wallet(shop.shop_id), "the deliveries")

    assert len(states_of_wallet(shop.shop_id)) == 2


def test_the_clock_sweeps_by_itself(shop: Aurora, own_valkey: Valkey, env: dict[str, str]) -> None:
    receive(shop.shop_id)

    with running(env, "worker", "inbox"), running(env, "clock") as clock:
        until(lambda: inbox_states(shop.shop_id) == ["done"], "the row")
        clock.terminate()
        until(lambda: clock.poll() is not None, "the clock's end")

    assert clock.returncode == 0
