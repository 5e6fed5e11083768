"""A worker: one process, one queue, no forks. It outlives Redis: what broke begins again.

One queue only, because RQ's loss-safe pop exists for no more.
"""

import signal
import time

import structlog
from redis import Redis
from redis.exceptions import RedisError
from rq import SimpleWorker
from sqlalchemy.exc import DBAPIError

from jobs import answers, readiness
from loyalty.base import collector

__all__ = ["answers", "work"]  # imported here, or the first bell would wait for it

log = structlog.get_logger()

BACKOFF_FIRST_S = 0.5
BACKOFF_MAX_S = 5.0


class Worker(SimpleWorker):
    """RQ's worker without forks, quick to come back to a Redis that returns."""

    max_connection_wait_time = 2.0

    @property
    def was_stopped(self) -> bool:
        """Whether a signal asked it to end, rather than an error."""
        return self._shutdown_requested_date is not None


def work(queue: str, redis_url: str) -> None:
    """Answer the bells of `queue` until SIGTERM or SIGINT."""
    signal.signal(signal.SIGTERM, _exit)
    _warm_up()
    collector.calm()
    log.info("worker_started", queue=queue)
    backoff_s = BACKOFF_FIRST_S
    while True:
        began = time.monotonic()
        if _work_once(queue, redis_url):
            log.info("worker_stopped", queue=queue)
            return
        if time.monotonic() - began > BACKOFF_MAX_S:
            backoff_s = BACKOFF_FIRST_S
        log.warning("worker_restarting", queue=queue, after_s=str(backoff_s))
        time.sleep(backoff_s)
        backoff_s = min(backoff_s * 2, BACKOFF_MAX_S)


def _warm_up() -> None:
    """Connect now and not while the first customer waits; a database that is away may come back."""
    try:
        readiness.has_postgresql()
    except DBAPIError as error:
        log.warning("worker_without_postgresql", error=type(error).__name__)


def _work_once(queue: str, redis_url: str) -> bool:
    """Work until told to stop (True) or until something broke (False)."""
    worker: Worker | None = None
    try:
        worker = _make(queue, redis_url)
        worker.work(logging_level="WARNING")
    except RedisError as error:
        log.warning("worker_lost_redis", queue=queue, error=type(error).__name__)
    finally:
        # RQ leaves its own handlers behind, which would speak to the dead connection.
        signal.signal(signal.SIGTERM, _exit)
    return worker is not None and worker.was_stopped


def _make(queue: str, redis_url: str) -> Worker:
    return Worker(
        [queue],
        connection=Redis.from_url(redis_url),
        worker_ttl=30,
        maintenance_interval=15,
        job_monitoring_interval=5,
        log_job_description=False,
    )


def _exit(_signum: int, _frame: object) -> None:
    """What SIGTERM does while no job can be running."""
    raise SystemExit(0)
