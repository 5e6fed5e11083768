"""Child processes: each has a log file of its own, and one that dies is started again."""

import os
import signal
import subprocess
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

_RESTART_AFTER_S = 0.5
_STOP_WITHIN_S = 15.0


@dataclass
class Child:
    """One program: how to start it, and the process that runs it now."""

    name: str
    command: list[str]
    environment: Mapping[str, str]
    log: Path
    process: subprocess.Popen[bytes] | None = None
    starts: int = 0

    def start(self) -> None:
        """Start it in a session of its own, so that Ctrl-C reaches the parent alone."""
        self.starts += 1
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                self.command,
                env=dict(self.environment),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def has_died(self) -> bool:
        """Whether it was started and runs no more."""
        return self.process is not None and self.process.poll() is not None

    def tell(self, number: signal.Signals) -> None:
        """Send a signal to it and to all that it started."""
        if self.process is not None:
            with suppress(ProcessLookupError):
                os.killpg(self.process.pid, number)


@dataclass
class Supervisor:
    """Keeps its children running until it is stopped."""

    logs: Path
    children: dict[str, Child] = field(default_factory=dict)
    _stopping: threading.Event = field(default_factory=threading.Event)

    def add(self, name: str, command: list[str], environment: Mapping[str, str]) -> Child:
        """Start `command` under `name`; its output goes to `<name>.log`."""
        child = Child(name, command, environment, self.logs / f"{name}.log")
        self.children[name] = child
        child.start()
        return child

    def watch(self) -> None:
        """Start again whatever dies, in a thread of its own."""
        threading.Thread(target=self._watch, name="supervisor", daemon=True).start()

    def stop(self) -> None:
        """End every child, newest first: politely, then not."""
        self._stopping.set()
        children = list(reversed(self.children.values()))
        for child in children:
            child.tell(signal.SIGTERM)
        deadline = time.monotonic() + _STOP_WITHIN_S
        for child in children:
            _wait(child, deadline)
            child.tell(signal.SIGKILL)

    def _watch(self) -> None:
        while not self._stopping.wait(_RESTART_AFTER_S):
            for child in list(self.children.values()):
                if child.has_died() and not self._stopping.is_set():
                    # What it had started must not outlive it.
                    child.tell(signal.SIGKILL)
                    child.start()


def _wait(child: Child, deadline: float) -> None:
    if child.process is None:
        return
    with suppress(subprocess.TimeoutExpired):
        child.process.wait(max(0.1, deadline - time.monotonic()))
