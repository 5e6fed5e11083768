"""Bells: quick, harmless when Redis is away, and never mute for longer than a sweep."""

import time

import pytest
from redis import Redis

from jobs import queues
from sandbox.servers.launching import free_port


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


def test_the_bell_rings_again_once_redis_is_back(
    valkey_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queues, "QUIET_AFTER_ERROR_S", 0.1)
    queues.configure(f"redis://127.0.0.1:{free_port()}/0")
    queues.ring("inbox", 7)

    valkey = queues.configure(valkey_url)
    queues.ring("inbox", 7)

    assert waiting(valkey, "inbox") == 1


def test_the_release_of_points_shares_the_relays_queue(valkey: Redis) -> None:
    queues.ring("release", 7)

    assert waiting(valkey, "relay") == 1
