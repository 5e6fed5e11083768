"""The package lists are locked: an exact version and a hash for each, and no host by name."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LOCKS = ["requirements.txt", "requirements-dev.txt"]


@pytest.mark.parametrize("name", LOCKS)
def test_each_package_has_an_exact_version_and_a_hash(name: str) -> None:
    packages = re.split(r"\n(?=\S)", (ROOT / name).read_text().strip())

    loose = [p for p in packages if not re.match(r"\S+==\S+ .*--hash=sha256:", p, re.S)]

    assert packages and loose == []


@pytest.mark.parametrize("name", LOCKS)
def test_no_lock_names_a_host(name: str) -> None:
    assert (
        re.findall(r"\w+://\S+|--(?:extra-)?index-url|--find-links", (ROOT / name).read_text())
        == []
    )


def test_what_runs_is_what_the_tests_run_on() -> None:
    run, dev = (set(re.findall(r"^\S+==\S+", (ROOT / name).read_text(), re.M)) for name in LOCKS)

    assert run <= dev


@pytest.mark.parametrize("name", LOCKS)
def test_what_we_name_is_in_the_lock(name: str) -> None:
    wanted = (ROOT / name).with_suffix(".in").read_text()
    named = re.findall(r"^([a-z][\w-]*)", wanted, re.M)

    locked = set(re.findall(r"^([a-z0-9-]+)==", (ROOT / name).read_text(), re.M))

    assert [package for package in named if package not in locked] == []
