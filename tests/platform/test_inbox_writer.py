"""Requests that come together share a commit; each learns what became of its own row."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

import psycopg
import pytest

from loyalty.base.clock import utc_now
from shopify_app.platform import inbox_writer
from shopify_app.platform.inbox_insert import Arrival
from shopify_app.platform.inbox_writer import InboxWriter, NotStored
from tests.conftest import DatabaseUrls
from tests.jobs.processes import until
from tests.platform.conftest import BOREALIS, install_committed
from tests.platform.deliveries import inbox_rows


@pytest.fixture
def writer(database: DatabaseUrls) -> InboxWriter:
    """This process's writer."""
    return inbox_writer.of_this_process()


def arrival(shop_id: int, webhook_id: str, **changes: object) -> Arrival:
    """A delivery of an order."""
    values: dict[str, object] = {
        "shop_id": shop_id,
        "webhook_id": webhook_id,
        "event_id": None,
        "topic": "orders/paid",
        "api_version": None,
        "triggered_at": None,
        "received_at": utc_now(),
        "body": b"{}",
    }
    return Arrival(**(values | changes))  # type: ignore[arg-type]


def test_every_value_is_stored_as_it_came(writer: InboxWriter, aurora: int) -> None:
    moment = datetime(1999, 12, 31, 23, 59, 59, 999999, tzinfo=UTC)
    full = arrival(
        aurora,
        'quote " brace } backslash \\ ünïcode',
        event_id="NULL",
        api_version="2026-07",
        triggered_at=moment,
        received_at=moment,
        body=bytes(range(256)),
    )

    writer.store(full)

    (row,) = inbox_rows(aurora)
    stored = {name: getattr(row, name) for name in Arrival.__slots__}
    assert stored == {name: getattr(full, name) for name in Arrival.__slots__}
    assert (row.state, row.attempts, row.next_at) == ("new", 0, moment)


def test_what_is_missing_is_stored_as_missing(writer: InboxWriter, aurora: int) -> None:
    writer.store(arrival(aurora, "w-1"))

    (row,) = inbox_rows(aurora)
    assert (row.event_id, row.api_version, row.triggered_at) == (None, None, None)


def test_those_that_wait_share_one_commit(
    writer: InboxWriter, database: DatabaseUrls, aurora: int
) -> None:
    borealis = install_committed(BOREALIS)
    writer.store(arrival(aurora, "before"))  # the connection is open
    with _locked(database):
        storing = [_in_a_thread(writer, arrival(aurora, f"a-{n}")) for n in range(5)]
        storing += [_in_a_thread(writer, arrival(borealis, f"b-{n}")) for n in range(5)]
        until(lambda: len(writer._waiting) == 9, "one leads, the others wait")
    for thread in storing:
        thread.join(10)

    assert len(inbox_rows(aurora)) == 6 and len(inbox_rows(borealis)) == 5
    assert _commits(database, aurora) == 3  # "before", who led, and all who waited meanwhile


def test_who_waits_too_long_is_told_so_and_the_next_is_served(
    writer: InboxWriter, database: DatabaseUrls, aurora: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inbox_writer, "TIMEOUT_S", 0.2)
    with _locked(database):
        leading = _in_a_thread(writer, arrival(aurora, "leads"))
        time.sleep(0.1)
        with pytest.raises(NotStored):
            writer.store(arrival(aurora, "waits"))
    leading.join(10)

    writer.store(arrival(aurora, "later"))

    assert {row.webhook_id for row in inbox_rows(aurora)} == {"leads", "later"}


def test_a_batch_that_fails_fails_for_all_and_for_nobody_after(
    writer: InboxWriter, aurora: int
) -> None:
    with pytest.raises(NotStored, match="CharacterNotInRepertoire"):
        writer.store(arrival(aurora, "nul \x00"))

    writer.store(arrival(aurora, "w-1"))

    assert [row.webhook_id for row in inbox_rows(aurora)] == ["w-1"]


def test_a_row_of_another_shop_is_never_written(writer: InboxWriter, aurora: int) -> None:
    nobody = aurora + 1000

    with pytest.raises(NotStored, match="ForeignKeyViolation"):
        writer.store(arrival(nobody, "w-1"))


@contextmanager
def _locked(database: DatabaseUrls) -> Iterator[None]:
    """Nobody can insert into the inbox."""
    with psycopg.connect(database.owner) as owner:
        owner.execute("LOCK TABLE inbox_row IN SHARE MODE")
        yield


def _in_a_thread(writer: InboxWriter, one: Arrival) -> threading.Thread:
    thread = threading.Thread(target=writer.store, args=(one,))
    thread.start()
    return thread


def _commits(database: DatabaseUrls, shop_id: int) -> int:
    """The number of transactions that wrote the shop's rows."""
    query = "SELECT count(DISTINCT xmin::text) FROM inbox_row WHERE shop_id = %s"
    with psycopg.connect(database.owner) as owner:
        owner.execute(f"SET LOCAL encore.shop = '{shop_id}'")
        found = owner.execute(query, [shop_id]).fetchone()
    assert found
    return int(found[0])
