"""What both embedded servers need to start: one starter at a time, a free port, a user, secrets.

Nothing here trusts a folder that another user of the machine could have made.
"""

import fcntl
import json
import os
import pwd
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil


class ServerError(Exception):
    """An embedded server that cannot be started; the message carries the end of its log."""


@contextmanager
def starting_alone(directory: Path) -> Iterator[None]:
    """Hold the only right to start or stop what lives in `directory`; waits for its holder."""
    directory.mkdir(parents=True, exist_ok=True)
    with (directory / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def free_port(preferred: int | None = None) -> int:
    """A TCP port nobody listens on at 127.0.0.1: `preferred` when it is still free."""
    for port in (preferred, 0):
        if port is not None and (found := _bindable(port)):
            return found
    raise ServerError("no free port on 127.0.0.1")


def _bindable(port: int) -> int | None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return None
        return int(probe.getsockname()[1])


def read_record(path: Path) -> dict[str, Any]:
    """What an earlier start wrote to `path`: passwords and port; empty when there was none."""
    try:
        found: dict[str, Any] = json.loads(path.read_text())
    except (FileNotFoundError, json.JSONDecodeError):
        return {}
    return found


def write_record(path: Path, record: Mapping[str, Any]) -> None:
    """Replace `path` in one step, readable by its owner alone."""
    write_private(path.with_suffix(".new"), json.dumps(record))
    path.with_suffix(".new").replace(path)


def write_private(path: Path, content: str) -> None:
    """Write `content` to a file that is 0600 from its first byte."""
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(content)


def wait_until(ready: Callable[[], bool], *, timeout_s: int, what: str) -> None:
    """Return once `ready()` holds; ServerError after `timeout_s` seconds."""
    deadline = time.monotonic() + timeout_s
    while not ready():
        if time.monotonic() > deadline:
            raise ServerError(f"{what} took longer than {timeout_s} s")
        time.sleep(0.05)


def is_running(pid: int, words: str) -> bool:
    """Whether process `pid` lives and has `words` in its command: a reused number is not ours."""
    try:
        process = psutil.Process(pid)
        alive = process.status() != psutil.STATUS_ZOMBIE
        return alive and any(words in part for part in process.cmdline())
    except psutil.Error:
        return False


def open_folder(path: Path) -> Path:
    """Make `path` a folder that every user may enter, whatever our umask."""
    path.mkdir(exist_ok=True)
    path.chmod(0o755)
    return path


class ServerUser:
    """The user that a server runs as: ourselves, or an unprivileged one when we are root.

    PostgreSQL refuses to run as root.
    """

    def __init__(self) -> None:
        self.entry = _unprivileged() if os.geteuid() == 0 else None

    def run(
        self, command: Sequence[str | Path], **options: Any
    ) -> "subprocess.CompletedProcess[str]":
        """Run `command` as this user, in `/`, with a clean environment; never raises on failure."""
        identity: dict[str, Any] = {}
        if self.entry:
            identity = {
                "user": self.entry.pw_uid,
                "group": self.entry.pw_gid,
                "extra_groups": [],
            }
        environment = {"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC", "HOME": "/"}
        merged: dict[str, Any] = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
        return subprocess.run(
            [str(part) for part in command],
            cwd="/",
            env=environment,
            text=True,
            check=False,
            stdin=subprocess.DEVNULL,
            **(merged | identity | options),
        )

    def can_execute(self, program: Path) -> bool:
        """Whether this user may reach and run `program`: not below somebody's 0700 home."""
        try:
            return self.run([program, "--version"]).returncode == 0
        except PermissionError:
            return False

    def can_enter(self, directory: Path) -> bool:
        """Whether this user may reach `directory`."""
        return self.entry is None or self.run(["test", "-x", directory]).returncode == 0

    def own(self, path: Path) -> None:
        """Give `path` to this user."""
        if self.entry:
            os.chown(path, self.entry.pw_uid, self.entry.pw_gid)


def _unprivileged() -> pwd.struct_passwd:
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    raise ServerError("root cannot run PostgreSQL and there is no user postgres or nobody")


def shared_folder() -> Path:
    """A folder of ours under /var/tmp that a server's user can always reach."""
    folder = Path("/var/tmp") / f"encore-{os.geteuid()}"
    folder.mkdir(mode=0o755, exist_ok=True)
    found = folder.lstat()
    if folder.is_symlink() or found.st_uid != os.geteuid() or found.st_mode & 0o022:
        raise ServerError(f"{folder} is not ours alone: remove it and start again")
    folder.chmod(0o755)  # a narrow umask would lock the server's user out
    return folder


def copy_readable(source: Path, target: Path) -> None:
    """Copy the tree `source` to `target` in one step, readable and executable by everyone."""
    if target.exists():
        return
    partial = target.with_name(f"{target.name}.{os.getpid()}")
    shutil.copytree(source, partial, symlinks=True)
    for path in (partial, *partial.rglob("*")):
        if not path.is_symlink():
            path.chmod(0o755 if path.is_dir() or path.stat().st_mode & 0o100 else 0o644)
    try:
        partial.rename(target)
    except OSError:  # another starter was faster; its copy is the same
        shutil.rmtree(partial)
