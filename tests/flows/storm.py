"""A storm: one process after the other dies by kill -9 with work in flight, the servers too.

Each kill says what it met. A target that never met work has proved nothing.
"""

import os
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

import psycopg
import redis

from sandbox.demo.world import QUEUES, World
from sandbox.servers import postgres, valkey

_WORK = """
SELECT 'webhooks', count(*) FROM inbox_row WHERE state = 'new'
UNION ALL SELECT 'events', count(*) FROM outbox_event WHERE state = 'new'
UNION ALL SELECT 'deliveries', count(*) FROM delivery WHERE state = 'pending'
"""
WEBHOOKS, VALKEY, FLUSH, POSTGRES = "web", "valkey", "valkey flushed", "postgres"


@dataclass(frozen=True)
class Kill:
    """What died, and what waited at that moment."""

    target: str
    in_flight: dict[str, int]


@dataclass
class Storm:
    """Kills in turn, every `every_s` seconds, until it is told to stop or has raged enough.

    Enough: on a slow machine an endless storm kills faster than anything can start again.
    """

    world: World
    every_s: float = 6.0
    rounds_max: int = 3
    kills: list[Kill] = field(default_factory=list)
    errors: list[Exception] = field(default_factory=list)
    _is_over: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    def begin(self) -> None:
        """Start killing, in a thread of its own."""
        self._thread = threading.Thread(target=self._rage, name="storm")
        self._thread.start()

    def end(self) -> None:
        """Stop killing once every target had its turn while work waited; all servers run again."""
        assert self._thread
        deadline = time.monotonic() + 180
        while self.unproved() and not self.errors and time.monotonic() < deadline:
            time.sleep(0.5)
        self._is_over.set()
        self._thread.join()
        if self.errors:
            raise self.errors[0]

    def unproved(self) -> list[str]:
        """The targets that have not been killed while work was in flight."""
        met = Counter(kill.target for kill in self.kills if any(kill.in_flight.values()))
        return [target for target in self._targets() if not met[target]]

    def report(self) -> str:
        """One line per kill."""
        return "\n".join(
            f"kill -9 of {kill.target}, waiting: {kill.in_flight}" for kill in self.kills
        )

    def _targets(self) -> dict[str, Callable[[], None]]:
        workers = {f"worker-{queue}": f"worker-{queue}" for queue in QUEUES if queue != "backfill"}
        children = {WEBHOOKS: WEBHOOKS, "clock": "clock"} | workers
        return {name: self._child_killer(child) for name, child in children.items()} | {
            VALKEY: self._kill_valkey,
            FLUSH: self._flush_valkey,
            POSTGRES: self._kill_postgres,
        }

    def _rage(self) -> None:
        while not self._is_over.is_set() and (self.unproved() or self._rounds() < self.rounds_max):
            for target, kill in self._targets().items():
                if self._is_over.wait(self.every_s):
                    return
                try:
                    self.kills.append(Kill(target, self._in_flight()))
                    kill()
                except Exception as error:  # told by end(): a thread's error must not be lost
                    self.errors.append(error)
                    return

    def _rounds(self) -> int:
        return len(self.kills) // len(self._targets())

    def _in_flight(self) -> dict[str, int]:
        server = postgres.start(self.world.state / "postgres")
        with psycopg.connect(server.url(role=postgres.SUPERUSER)) as connection:
            return dict(connection.execute(_WORK).fetchall())

    def _child_killer(self, name: str) -> Callable[[], None]:
        # The supervisor starts it again, as a host's would.
        return lambda: self.world.processes.children[name].tell(signal.SIGKILL)

    def _kill_valkey(self) -> None:
        server = valkey.start_valkey(self.world.state / "valkey")
        os.kill(server.pid, signal.SIGKILL)
        time.sleep(2)
        assert valkey.start_valkey(self.world.state / "valkey").port == server.port

    def _flush_valkey(self) -> None:
        redis.Redis.from_url(self.world.servers.redis_url).flushall()

    def _kill_postgres(self) -> None:
        server = postgres.start(self.world.state / "postgres")
        os.kill(server.pid, signal.SIGKILL)
        time.sleep(2)
        assert postgres.start(self.world.state / "postgres").port == server.port
