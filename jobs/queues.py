"""Bells: payload-free RQ jobs that tell a worker which shop has work.

PostgreSQL holds the work, so a lost ring loses nothing: the sweep rings again.
"""

import math
import threading
import time
from datetime import timedelta
from uuid import uuid4

import structlog
from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry
from rq import Queue

log = structlog.get_logger()

QUEUES = ("inbox", "relay", "wallet", "google", "mail", "backfill", "redemptions")
"""What a worker can listen on."""
QUEUE_OF_BELL = {name: name for name in QUEUES} | {
    "release": "relay",
    "referrals": "relay",
    "projection": "backfill",
    "segments": "backfill",
    "segment_refresh": "backfill",
    "consents": "backfill",
    "group_grants": "backfill",
    "insights": "backfill",
    # The hands that send: a campaign never runs ahead of them.
    "campaigns": "mail",
}

RUNG_S = 10
"""How long one ring may silence the next ones, should nobody answer: less than the sweep's turn."""
TIMEOUT_S = 300
"""The longest that answering one bell may take."""
LONGER_S = {"insights": 1_800}
"""Those that look at a whole shop at once: at a million members, on a machine that does much else,
it takes two minutes."""
UNANSWERED_S = 60
QUIET_AFTER_ERROR_S = 2.0
_LATER_STEPS_PER_S = 10
"""Rings for later that fall into one tenth of a second are one: a timer is a thread."""

_redis: Redis | None = None
_quiet_until = 0.0
_later: set[tuple[str, int, int]] = set()
_later_lock = threading.Lock()


def configure(url: str) -> Redis:
    """Open this process's connections for ringing on `url`; they fail fast and never retry."""
    global _redis, _quiet_until
    _redis = Redis.from_url(
        url,
        socket_connect_timeout=0.5,
        socket_timeout=0.5,
        retry=Retry(NoBackoff(), 0),
        health_check_interval=0,
    )
    _quiet_until = 0.0
    return _redis


def connection() -> Redis:
    """The connections of this process."""
    assert _redis is not None, "jobs.queues.configure() was not called"
    return _redis


def ring(bell: str, shop_id: int) -> None:
    """Tell the workers that `shop_id` has work behind `bell`; an error of Redis is only logged.

    Bells of one shop that wait for an answer are one bell.
    """
    global _quiet_until
    # A Redis that hangs must not make each request wait for it.
    if time.monotonic() < _quiet_until:
        return
    try:
        _ring(connection(), bell, shop_id)
    except RedisError as error:
        _quiet_until = time.monotonic() + QUIET_AFTER_ERROR_S
        log.warning("bell_not_rung", bell=bell, shop=shop_id, error=type(error).__name__)


def _ring(redis: Redis, bell: str, shop_id: int) -> None:
    # Not RQ's unique=True: that refuses a ring until the job before has *ended*, which loses the
    # ring of a row committed in a drain's last moment, and a killed worker mutes it for minutes.
    if not redis.set(_rung_key(bell, shop_id), b"1", nx=True, ex=RUNG_S):
        return
    Queue(QUEUE_OF_BELL[bell], connection=redis).enqueue(
        "jobs.answers.answer",
        bell,
        shop_id,
        job_id=f"{bell}-{shop_id}-{uuid4().hex[:12]}",
        job_timeout=LONGER_S.get(bell, TIMEOUT_S),
        ttl=UNANSWERED_S,
        result_ttl=0,
        failure_ttl=60,
    )


def ring_later(bell: str, shop_id: int, wait: timedelta) -> None:
    """Ring after `wait`; if this process dies meanwhile the sweep rings instead."""
    wait_s = max(wait.total_seconds(), 0.0)
    due = (bell, shop_id, math.ceil((time.monotonic() + wait_s) * _LATER_STEPS_PER_S))
    with _later_lock:
        if due in _later:
            return
        _later.add(due)
    timer = threading.Timer(due[2] / _LATER_STEPS_PER_S - time.monotonic(), _ring_now, due)
    timer.daemon = True
    timer.start()


def _ring_now(bell: str, shop_id: int, step: int) -> None:
    with _later_lock:
        _later.discard((bell, shop_id, step))
    ring(bell, shop_id)


def lower(bell: str, shop_id: int) -> None:
    """Let `bell` be rung again: call it before looking for the work, never after."""
    try:
        connection().delete(_rung_key(bell, shop_id))
    except RedisError as error:
        log.warning("bell_not_lowered", bell=bell, shop=shop_id, error=type(error).__name__)


def _rung_key(bell: str, shop_id: int) -> str:
    return f"encore:rung:{bell}:{shop_id}"
