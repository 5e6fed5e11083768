"""Embedded Valkey: one live server after every start, and nothing that was written is lost."""

import os
import signal
import socket
import stat
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from sandbox.servers.launching import is_running
from sandbox.servers.valkey import start_valkey


@pytest.fixture
def state(tmp_path: Path) -> Iterator[Path]:
    yield tmp_path
    start_valkey(tmp_path).stop()


def test_a_second_start_hands_back_the_live_server(state: Path) -> None:
    first = start_valkey(state)

    assert start_valkey(state) == first


def test_a_restart_keeps_url_and_items(state: Path) -> None:
    first = start_valkey(state)
    redis.Redis.from_url(first.url).set("member", "Alice")
    first.stop()

    second = start_valkey(state)

    assert second.url == first.url
    assert redis.Redis.from_url(second.url).get("member") == b"Alice"


def test_items_older_than_a_second_survive_kill_9(state: Path) -> None:
    first = start_valkey(state)
    redis.Redis.from_url(first.url).set("member", "Alice")
    time.sleep(1.5)  # the file is flushed every second
    _kill_9(first.pid)

    second = start_valkey(state)

    assert redis.Redis.from_url(second.url).get("member") == b"Alice"


def test_two_starters_at_once_end_up_with_one_server(state: Path) -> None:
    with ThreadPoolExecutor(2) as pool:
        first, second = pool.map(start_valkey, [state, state])

    assert first == second
    assert first.pid == second.pid


def test_a_taken_port_is_given_up_for_another(state: Path) -> None:
    first = start_valkey(state)
    first.stop()
    with socket.create_server(("127.0.0.1", first.port)):
        second = start_valkey(state)

    assert second.port != first.port


def test_nobody_gets_in_without_the_password(state: Path) -> None:
    server = start_valkey(state)

    with pytest.raises(redis.AuthenticationError):
        redis.Redis(port=server.port, retry=Retry(NoBackoff(), 0)).ping()
    assert stat.S_IMODE((state / "valkey.json").stat().st_mode) == 0o600
    assert stat.S_IMODE((state / "valkey.conf").stat().st_mode) == 0o600


def _kill_9(pid: int) -> None:
    os.kill(pid, signal.SIGKILL)
    while is_running(pid, "valkey-server"):
        time.sleep(0.01)
