"""The clock process: runs the schedule, a thread per task so that a long one delays no other.

Two clocks share the turns through Redis; without Redis both run them, which is safe.
"""

import signal
import threading
from collections.abc import Sequence
from datetime import datetime

import structlog
from redis.exceptions import RedisError

from jobs import queues
from jobs.schedule import SCHEDULE, Task
from loyalty.base.clock import utc_now

log = structlog.get_logger()

RUNNING_S = 3600
"""How long a turn belongs to a clock that began it and never said that it ended."""
NAP_MAX_S = 60


def run(schedule: Sequence[Task] = SCHEDULE) -> None:
    """Run the schedule until SIGTERM or SIGINT."""
    stopping = threading.Event()
    for signum in (signal.SIGTERM, signal.SIGINT):
        signal.signal(signum, lambda *_: stopping.set())
    threads = [
        threading.Thread(target=_run_task, args=(task, stopping), name=task.name, daemon=True)
        for task in schedule
    ]
    for thread in threads:
        thread.start()
    log.info("clock_started", tasks=len(threads))
    stopping.wait()
    for thread in threads:
        thread.join(timeout=10)


def _run_task(task: Task, stopping: threading.Event) -> None:
    last_turn: datetime | None = None
    while not stopping.is_set():
        now = utc_now()
        turn = task.turn(now)
        if turn != last_turn:
            run_turn(task, turn)
            last_turn = turn
        until_next = (turn + task.every - utc_now()).total_seconds()
        stopping.wait(min(max(until_next, 0.01), NAP_MAX_S))


def run_turn(task: Task, turn: datetime) -> bool:
    """Run `task` unless another clock has this turn; an error is logged and ends the turn."""
    key = f"encore:turn:{task.name}:{turn.isoformat()}"
    if not _take(key, int(min(task.every.total_seconds(), RUNNING_S))):
        return False
    try:
        task.run()
    except Exception:
        log.exception("task_failed", task=task.name)
        return True
    # Known as done for longer than the turn lasts, for a clock that restarts.
    _keep(key, int(task.every.total_seconds()) * 2)
    return True


def _take(key: str, seconds: int) -> bool:
    try:
        return bool(queues.connection().set(key, b"1", nx=True, ex=seconds))
    except RedisError as error:
        log.warning("clock_without_redis", error=type(error).__name__)
        return True


def _keep(key: str, seconds: int) -> None:
    try:
        queues.connection().set(key, b"1", ex=seconds)
    except RedisError as error:
        log.warning("clock_without_redis", error=type(error).__name__)
