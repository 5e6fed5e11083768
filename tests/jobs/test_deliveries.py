"""Outbox to subscriber: nothing lost, nothing repeated for others, one member at a time."""

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest
from redis import Redis

from jobs import dead_letters
from jobs.deliveries import backoff, deliver
from jobs.relay import relay
from jobs.subscribers import Subscriber
from loyalty import outbox
from loyalty.audit import Actor
from loyalty.base import faults
from loyalty.base.clock import utc_now
from loyalty.base.db import shop_transaction
from loyalty.outbox import MEMBER_CHANGED
from tests.jobs.conftest import (
    Aurora,
    add_member,
    change,
    deliveries_of,
    events_of,
    install_committed,
    make_due,
)


class OutsideError(Exception):
    """What a subscriber raises when the world outside failed."""

    def __init__(self, message: str, *, retryable: bool) -> None:
        super().__init__(message)
        self.retryable = retryable


_REFUSED = OutsideError("no such pass type", retryable=False)
_BUSY = OutsideError("busy", retryable=True)


def _never(_shop_id: int, _member_id: UUID) -> None:
    raise AssertionError("the batch was to be called")


def a_subscriber(call: Callable[[int, UUID], object], **changes: object) -> Subscriber:
    return Subscriber(name="wallet", kinds=frozenset({MEMBER_CHANGED}), call=call, **changes)  # type: ignore[arg-type]


def relayed(aurora: Aurora, subscriber: Subscriber, *member_ids: UUID) -> None:
    change(aurora.shop_id, *member_ids)
    relay(aurora.shop_id, [subscriber])


@pytest.mark.parametrize("point", ["delivery_after_claim", "delivery_before_done"])
def test_a_point_is_reached_under_the_name_of_its_subscriber_too(
    aurora: Aurora, monkeypatch: pytest.MonkeyPatch, point: str
) -> None:
    reached: list[tuple[str, object]] = []
    monkeypatch.setattr(
        faults, "point", lambda name, **work: reached.append((name, work.get("subscriber")))
    )
    subscriber = a_subscriber(lambda _shop, _member: None)
    relayed(aurora, subscriber, aurora.alice)

    deliver(subscriber, aurora.shop_id)

    at_point = [hit for hit in reached if hit[0].startswith(point)]
    assert at_point == [(point, "wallet"), (f"{point}.wallet", "wallet")]


def test_each_event_becomes_one_delivery_per_subscriber(aurora: Aurora) -> None:
    first, second = a_subscriber(print), Subscriber("backfill", frozenset({MEMBER_CHANGED}), print)
    deaf = Subscriber("inbox", frozenset({"something_else"}), print)
    change(aurora.shop_id, aurora.alice, aurora.alice)

    relay(aurora.shop_id, [first, second, deaf])
    relay(aurora.shop_id, [first, second, deaf])

    assert sorted(row.subscriber for row in deliveries_of(aurora.shop_id)) == [
        *("backfill", "backfill", "wallet", "wallet")
    ]
    assert {event.state for event in events_of(aurora.shop_id)} == {"relayed"}


def test_what_somebody_waits_for_passes_all_that_was_there_before(aurora: Aurora) -> None:
    carol = add_member(aurora.shop_id)
    called: list[UUID] = []
    subscriber = a_subscriber(
        lambda _shop, member: called.append(member), urgent=frozenset({"proof_asked"})
    )
    relayed(aurora, subscriber, aurora.alice)
    with shop_transaction(aurora.shop_id) as session:
        asked = {"body": {"is_asked_for": True}, "member_id": carol}
        outbox.stage(session, aurora.shop_id, MEMBER_CHANGED, now=utc_now(), **asked)
    relay(aurora.shop_id, [subscriber])

    deliver(subscriber, aurora.shop_id)

    assert called == [carol, aurora.alice]


def test_where_nothing_is_urgent_all_are_equal(aurora: Aurora) -> None:
    subscriber = a_subscriber(print)
    with shop_transaction(aurora.shop_id) as session:
        asked = {"body": {"is_asked_for": True}, "member_id": aurora.alice}
        outbox.stage(session, aurora.shop_id, MEMBER_CHANGED, now=utc_now(), **asked)

    relay(aurora.shop_id, [subscriber])

    assert [row.is_urgent for row in deliveries_of(aurora.shop_id)] == [False]


def test_relaying_rings_the_subscriber(aurora: Aurora, valkey: object) -> None:
    change(aurora.shop_id, aurora.alice)

    relay(aurora.shop_id, [a_subscriber(print)])

    assert valkey.llen("rq:queue:wallet") == 1  # type: ignore[attr-defined]


def test_several_changes_of_a_member_are_one_call(aurora: Aurora) -> None:
    calls: list[UUID] = []
    subscriber = a_subscriber(lambda _shop, member: calls.append(member))
    relayed(aurora, subscriber, *[aurora.alice] * 5)

    deliver(subscriber, aurora.shop_id)

    assert calls == [aurora.alice]
    assert [row.state for row in deliveries_of(aurora.shop_id)] == ["done"] * 5


def test_a_failure_is_tried_again_later_and_no_other_member_twice(aurora: Aurora) -> None:
    carol = add_member(aurora.shop_id)
    calls: list[UUID] = []

    def call(_shop_id: int, member_id: UUID) -> None:
        calls.append(member_id)
        if member_id == aurora.alice and len(calls) < 3:
            raise OutsideError("the line is dead", retryable=True)

    subscriber = a_subscriber(call)
    relayed(aurora, subscriber, aurora.alice, carol)
    deliver(subscriber, aurora.shop_id)
    waiting, done = deliveries_of(aurora.shop_id)
    assert (waiting.state, waiting.attempts, waiting.error, waiting.claimed_by) == (
        *("pending", 1, "OutsideError: the line is dead", None),
    )
    assert waiting.next_at > utc_now()
    assert (done.state, done.error) == ("done", None)

    make_due(aurora.shop_id)
    deliver(subscriber, aurora.shop_id)

    assert calls == [aurora.alice, carol, aurora.alice]
    assert [row.state for row in deliveries_of(aurora.shop_id)] == ["done", "done"]


def test_the_subscriber_is_told_when_no_try_is_left_and_not_before(aurora: Aurora) -> None:
    told: list[tuple[UUID, str]] = []

    def call(_shop_id: int, _member_id: UUID) -> None:
        raise OutsideError("the line is dead", retryable=True)

    subscriber = a_subscriber(
        call, attempts_max=2, give_up=lambda _shop, member, why: told.append((member, why))
    )
    relayed(aurora, subscriber, aurora.alice)
    deliver(subscriber, aurora.shop_id)
    assert told == []

    make_due(aurora.shop_id)
    deliver(subscriber, aurora.shop_id)

    assert told == [(aurora.alice, "the line is dead")]
    assert [row.state for row in deliveries_of(aurora.shop_id)] == ["dead"]


def test_a_delivery_that_cannot_succeed_dies_at_once_with_its_reason(aurora: Aurora) -> None:
    def call(_shop_id: int, _member_id: UUID) -> None:
        raise OutsideError("no such pass type", retryable=False)

    subscriber = a_subscriber(call)
    relayed(aurora, subscriber, aurora.alice)

    deliver(subscriber, aurora.shop_id)

    (row,) = deliveries_of(aurora.shop_id)
    assert (row.state, row.attempts, row.error) == ("dead", 1, "OutsideError: no such pass type")


def test_a_delivery_dies_after_its_last_attempt_and_an_operator_revives_it(aurora: Aurora) -> None:
    is_broken = True

    def call(_shop_id: int, _member_id: UUID) -> None:
        if is_broken:
            raise ValueError("alice@example.com")

    subscriber = a_subscriber(call, attempts_max=3)
    relayed(aurora, subscriber, aurora.alice)
    for _ in range(3):
        make_due(aurora.shop_id)
        deliver(subscriber, aurora.shop_id)
    (row,) = dead_letters.list_dead(aurora.shop_id)
    # An error that is not ours may quote a person: only its name is kept.
    assert (row.attempts, row.error) == (3, "ValueError")

    is_broken = False
    operator = Actor("operator", "test")
    assert dead_letters.replay(aurora.shop_id, actor=operator, now=utc_now()) == 1
    deliver(subscriber, aurora.shop_id)

    assert [row.state for row in deliveries_of(aurora.shop_id)] == ["done"]


class PutOff(Exception):
    """What a subscriber raises that wants to be asked again soon."""

    retryable = True
    retry_after = timedelta(seconds=2)


def test_a_delivery_that_is_put_off_waits_as_asked_and_loses_no_attempt(
    aurora: Aurora, valkey: Redis
) -> None:
    calls: list[UUID] = []

    def call(_shop_id: int, member_id: UUID) -> None:
        calls.append(member_id)
        if len(calls) == 1:
            raise PutOff

    subscriber = a_subscriber(call, attempts_max=1)
    relayed(aurora, subscriber, aurora.alice)
    valkey.flushall()
    deliver(subscriber, aurora.shop_id)
    (row,) = deliveries_of(aurora.shop_id)
    assert (row.state, row.attempts, row.error) == ("pending", 0, None)
    assert timedelta(seconds=1) < row.next_at - utc_now() <= timedelta(seconds=2)

    # Nobody sweeps here: the process itself rings again when the time has come.
    deadline = time.monotonic() + 10
    while valkey.llen("rq:queue:wallet") == 0:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    deliver(subscriber, aurora.shop_id)

    assert calls == [aurora.alice] * 2
    assert [row.state for row in deliveries_of(aurora.shop_id)] == ["done"]


def test_members_of_a_batch_are_told_in_one_call_each_with_its_own_end(aurora: Aurora) -> None:
    carol, dave = add_member(aurora.shop_id), add_member(aurora.shop_id)
    batches: list[list[UUID]] = []

    def call_many(_shop_id: int, members: Sequence[UUID]) -> dict[UUID, Exception | None]:
        batches.append(list(members))
        return {member: _REFUSED if member == carol else None for member in members}

    subscriber = a_subscriber(_never, call_many=call_many, batch=3)
    relayed(aurora, subscriber, aurora.alice, carol, aurora.alice, dave)

    deliver(subscriber, aurora.shop_id)

    assert batches == [[aurora.alice, carol, dave]]
    ends = [(row.member_id, row.state) for row in deliveries_of(aurora.shop_id)]
    assert ends == [
        *((aurora.alice, "done"), (carol, "dead"), (aurora.alice, "done"), (dave, "done")),
    ]


def test_a_batch_that_fails_as_a_whole_is_told_one_by_one(aurora: Aurora) -> None:
    carol = add_member(aurora.shop_id)
    calls: list[UUID] = []

    def call_many(_shop_id: int, _members: Sequence[UUID]) -> dict[UUID, Exception | None]:
        raise ValueError

    subscriber = a_subscriber(
        lambda _shop, member: calls.append(member), call_many=call_many, batch=50
    )
    relayed(aurora, subscriber, aurora.alice, carol)

    deliver(subscriber, aurora.shop_id)

    assert calls == [aurora.alice, carol]
    assert [row.state for row in deliveries_of(aurora.shop_id)] == ["done", "done"]


def test_two_workers_with_batches_never_call_one_member_at_once(aurora: Aurora) -> None:
    members = [aurora.alice, *(add_member(aurora.shop_id) for _ in range(11))]
    busy: set[UUID] = set()
    twice: list[UUID] = []
    calls: list[UUID] = []

    def call_many(_shop_id: int, batch: Sequence[UUID]) -> dict[UUID, Exception | None]:
        twice.extend(busy & set(batch))
        busy.update(batch)
        time.sleep(0.02)
        calls.extend(batch)
        busy.difference_update(batch)
        return dict.fromkeys(batch)

    one_by_one = a_subscriber(lambda shop, member: call_many(shop, [member]))
    subscriber = replace(one_by_one, call_many=call_many, batch=3)
    relayed(aurora, subscriber, *members, *reversed(members), *members)
    workers = [
        threading.Thread(target=deliver, args=(kind, aurora.shop_id))
        for kind in (subscriber, subscriber, one_by_one)
    ]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(30)

    assert twice == []
    assert sorted(calls) == sorted(members)
    assert {row.state for row in deliveries_of(aurora.shop_id)} == {"done"}


def test_a_member_in_a_back_off_is_left_out_of_the_batch(aurora: Aurora) -> None:
    carol = add_member(aurora.shop_id)
    batches: list[list[UUID]] = []

    def call_many(_shop_id: int, members: Sequence[UUID]) -> dict[UUID, Exception | None]:
        batches.append(list(members))
        return {member: _BUSY if member == aurora.alice else None for member in members}

    subscriber = a_subscriber(_never, call_many=call_many, batch=50)
    relayed(aurora, subscriber, aurora.alice, carol)
    deliver(subscriber, aurora.shop_id)
    relayed(aurora, subscriber, aurora.alice, carol, add_member(aurora.shop_id))

    deliver(subscriber, aurora.shop_id)

    assert batches[0] == [aurora.alice, carol]
    assert aurora.alice not in batches[1] and carol in batches[1]


def test_a_change_during_a_back_off_waits_for_its_end(aurora: Aurora) -> None:
    calls = 0

    def call(_shop_id: int, _member_id: UUID) -> None:
        nonlocal calls
        calls += 1
        raise OutsideError("busy", retryable=True)

    subscriber = a_subscriber(call)
    relayed(aurora, subscriber, aurora.alice)
    deliver(subscriber, aurora.shop_id)

    relayed(aurora, subscriber, aurora.alice)
    deliver(subscriber, aurora.shop_id)

    assert calls == 1


def test_a_member_is_never_called_twice_at_once(aurora: Aurora) -> None:
    entered, leave = threading.Event(), threading.Event()
    calls: list[str] = []

    def slow(_shop_id: int, _member_id: UUID) -> None:
        calls.append("slow")
        entered.set()
        assert leave.wait(10)

    relayed(aurora, a_subscriber(slow), aurora.alice)
    holder = threading.Thread(target=deliver, args=(a_subscriber(slow), aurora.shop_id))
    holder.start()
    assert entered.wait(10)
    # While the first call runs, Alice changes again and another worker comes.
    other = a_subscriber(lambda _shop, _member: calls.append("other"))
    relayed(aurora, other, aurora.alice)
    deliver(other, aurora.shop_id)
    assert calls == ["slow"]

    leave.set()
    holder.join(10)

    # The holder itself went on with the newer change.
    assert calls == ["slow", "slow"]
    assert [row.state for row in deliveries_of(aurora.shop_id)] == ["done", "done"]


def test_a_claim_whose_worker_died_is_taken_over_when_its_lease_ends(aurora: Aurora) -> None:
    class Killed(BaseException):
        pass

    def die(_shop_id: int, _member_id: UUID) -> None:
        raise Killed

    relayed(aurora, a_subscriber(die), aurora.alice)
    with pytest.raises(Killed):
        deliver(a_subscriber(die), aurora.shop_id)
    calls: list[UUID] = []
    healthy = a_subscriber(lambda _shop, member: calls.append(member))
    deliver(healthy, aurora.shop_id)
    assert calls == []

    make_due(aurora.shop_id)
    deliver(healthy, aurora.shop_id)

    assert calls == [aurora.alice]
    (row,) = deliveries_of(aurora.shop_id)
    assert (row.state, row.attempts) == ("done", 2)


def test_a_worker_whose_lease_ended_does_not_settle_for_its_successor(aurora: Aurora) -> None:
    second_claim: list[object] = []

    def overtaken(shop_id: int, _member_id: UUID) -> None:
        make_due(shop_id)
        deliver(a_subscriber(lambda _shop, _member: None), shop_id)
        second_claim.extend(row.state for row in deliveries_of(shop_id))
        raise OutsideError("too late", retryable=False)

    relayed(aurora, a_subscriber(overtaken), aurora.alice)
    deliver(a_subscriber(overtaken), aurora.shop_id)

    assert second_claim == ["done"]
    (row,) = deliveries_of(aurora.shop_id)
    assert (row.state, row.error) == ("done", None)


def test_a_shop_delivers_its_own_and_nobody_elses(aurora: Aurora) -> None:
    borealis = install_committed("borealis")
    calls: list[tuple[int, UUID]] = []
    subscriber = a_subscriber(lambda shop, member: calls.append((shop, member)))
    relayed(aurora, subscriber, aurora.alice)
    relayed(borealis, subscriber, borealis.alice)

    deliver(subscriber, borealis.shop_id)

    assert calls == [(borealis.shop_id, borealis.alice)]


def test_back_offs_double_up_to_an_hour_and_are_spread() -> None:
    subscriber = a_subscriber(print)

    waits = [backoff(subscriber, attempts) for attempts in (1, 2, 3)]
    late = {backoff(subscriber, 12) for _ in range(50)}

    for wait, doubled_s in zip(waits, (5, 10, 20), strict=True):
        assert timedelta(seconds=doubled_s) * 2 / 3 <= wait <= timedelta(seconds=doubled_s) * 4 / 3
    assert max(late) <= timedelta(minutes=80)
    assert len(late) > 10
