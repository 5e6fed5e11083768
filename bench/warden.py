"""Runs a function so that no process of its making is left when it ends, however it ends.

Three processes: ours waits; the warden is foster parent to whatever loses its own (Linux), servers
that detached themselves too; the third runs the function. A kill -9 of the first or the third ends
everything.
"""

import ctypes
import os
import select
import signal
import sys
import traceback
from collections.abc import Callable
from contextlib import suppress

import psutil

_PR_SET_CHILD_SUBREAPER = 36  # prctl(2)
_CLEAN_UP_WITHIN_S = 30
_POLL_S = 0.2


def run_guarded(run: Callable[[], None]) -> int:
    """The exit code of a process that runs `run`: 0 when it returned, 130 after Ctrl-C, else 1."""
    sys.stdout.flush()
    alive, ours = os.pipe()
    warden = os.fork()
    if warden == 0:
        os.close(ours)
        os._exit(_guard(run, alive))
    os.close(alive)
    while True:
        with suppress(KeyboardInterrupt):  # it is for the function, which got it as well
            return os.waitstatus_to_exitcode(os.waitpid(warden, 0)[1])


def _guard(run: Callable[[], None], alive: int) -> int:
    """Start the function; once it ended, or who asked for it did, end all that is left of it."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    child = os.fork()
    if child == 0:
        os.close(alive)
        os._exit(_run(run))
    code = _wait(child, lambda: bool(select.select([alive], [], [], _POLL_S)[0]))
    if code is None:
        # Who asked is gone. The function may still put away its folders.
        os.kill(child, signal.SIGINT)
        polls = iter(range(round(_CLEAN_UP_WITHIN_S / _POLL_S)))
        code = _wait(
            child, lambda: select.select([], [], [], _POLL_S) and next(polls, None) is None
        )
    _kill_everything()
    return 1 if code is None else code


def _run(run: Callable[[], None]) -> int:
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.default_int_handler)
    code = 1
    try:
        run()
        code = 0
    except KeyboardInterrupt:
        code = 130
    except BaseException:
        traceback.print_exc()
    sys.stdout.flush()
    return code


def _wait(child: int, is_over: Callable[[], bool]) -> int | None:
    """The child's exit code; None when `is_over` comes first. Buries every other orphan."""
    while True:
        pid, status = os.waitpid(-1, os.WNOHANG)
        if pid == child:
            return abs(os.waitstatus_to_exitcode(status))
        if pid == 0 and is_over():
            return None


def _kill_everything() -> None:
    """Kill until nobody is left: who is killed leaves us its own children."""
    while left := psutil.Process().children(recursive=True):
        for process in left:
            with suppress(psutil.NoSuchProcess):
                process.kill()
        psutil.wait_procs(left, timeout=5)
