"""Bells: quick, harmless when Redis is away, and never mute for longer than a sweep."""

import time
from pathlib import Path

from redis import Redis
from rq import Queue

from jobs import queues
from sandbox.servers.launching import free_port
from sandbox.servers.valkey import start_valkey
from tests.jobs.processes import until


def waiting(valkey: Redis, queue: str) -> int:
    return int(valkey.llen(f"rq:queue:{queue}"))  # type: ignore[arg-type]


def test_rings_for_one_shop_become_one_job(valkey: Redis) -> None:
    for _ in range(5):
        queues.ring("inbox", 7)
    queues.ring("inbox", 8)

    assert waiting(valkey, "inbox") == 2


def test_a_ring_while_the_answer_runs_is_heard_again(valkey: Redis) -> None:
    queues.ring("inbox", 7)
    queues.lower("inbox", 7)

    queues.ring("inbox", 7)

    assert waiting(valkey, "inbox") == 2


def test_a_ring_that_nobody_answers_mutes_its_bell_for_less_than_a_sweep(valkey: Redis) -> None:
    queues.ring("inbox", 7)

    (key,) = valkey.keys("encore:rung:*")  # type: ignore[misc]

    assert 0 < valkey.ttl(key) <= 10  # type: ignore[operator]


def test_a_ring_without_redis_is_quick_and_raises_nothing() -> None:
    queues.configure(f"redis://127.0.0.1:{free_port()}/0")
    began = time.monotonic()

    for _ in range(100):
        queues.ring("inbox", 7)

    assert time.monotonic() - began < 1


def test_the_bell_rings_again_once_redis_is_back(tmp_path: Path) -> None:
    server = start_valkey(tmp_path)
    queues.configure(server.url)
    server.stop()
    queues.ring("inbox", 7)
    start_valkey(tmp_path)
    valkey = Redis.from_url(server.url)

    def rung_again() -> bool:
        queues.ring("inbox", 7)
        return waiting(valkey, "inbox") == 1

    until(rung_again, "the ring", timeout_s=10)
    server.stop()


def test_the_release_of_points_shares_the_relays_queue(valkey: Redis) -> None:
    queues.ring("release", 7)

    assert waiting(valkey, "relay") == 1


def test_a_run_over_a_whole_shop_may_take_longer_than_other_answers(valkey: Redis) -> None:
    queues.ring("insights", 7)
    queues.ring("projection", 7)

    jobs = {job.args[0]: job.timeout for job in Queue("backfill", connection=valkey).jobs}

    assert jobs == {"insights": 1800, "projection": 300}
