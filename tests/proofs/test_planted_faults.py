"""Each planted fault turns its named test red; without it, the same tests are green.

A copy of the tree is changed, never the tree itself. A fault whose text is gone, or whose test
cannot even begin, fails the proof. `mutmut` and `cosmic-ray` live,
but plant by operator and run a whole suite for each: they cannot be told "an expiry a day early".
"""

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from sandbox.servers.postgres import Postgres
from tests.proofs import (
    faults,
    faults_of_books,
    faults_of_coupons,
    faults_of_fulfilling,
    faults_of_issuing,
    faults_of_liability,
    faults_of_people,
    faults_of_reconciling,
    faults_of_redemptions,
    faults_of_referrals,
    faults_of_the_till,
)
from tests.proofs.faults import Fault

pytestmark = pytest.mark.proof

FAULTS = (
    *faults.FAULTS,
    *faults_of_books.FAULTS,
    *faults_of_people.FAULTS,
    *faults_of_redemptions.FAULTS,
    *faults_of_referrals.FAULTS,
    *faults_of_issuing.FAULTS,
    *faults_of_fulfilling.FAULTS,
    *faults_of_coupons.FAULTS,
    *faults_of_liability.FAULTS,
    *faults_of_reconciling.FAULTS,
    *faults_of_the_till.FAULTS,
)
ROOT = Path(__file__).parents[2]
_LEFT_BEHIND = shutil.ignore_patterns(
    ".git", ".venv", ".state", ".hypothesis", "*_cache", "__pycache__", "node_modules", "dist"
)
_HANGS_S = 1_800
"""For what never ends, a deadlock of two tests' threads: no speed is proved here."""


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The whole tree once more, for faults to be planted in."""
    folder = tmp_path_factory.mktemp("planted") / "books"
    shutil.copytree(ROOT, folder, ignore=_LEFT_BEHIND)
    yield folder
    shutil.rmtree(folder)


def test_there_are_faults_enough_and_each_has_a_name_of_its_own() -> None:
    assert len(FAULTS) >= 150
    assert len({fault.name for fault in FAULTS}) == len(FAULTS)


def test_without_a_fault_the_named_tests_are_green(copy: Path, postgres: Postgres) -> None:
    """Module by module, so that each is told by itself, and none is timed with all others."""
    by_module: dict[str, set[str]] = {}
    for fault in FAULTS:
        by_module.setdefault(fault.test.partition("::")[0], set()).add(fault.test)

    runs = [_run(copy, postgres, *sorted(named)) for named in by_module.values()]

    assert [run.stdout for run in runs if run.returncode != 0] == []


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_a_planted_fault_turns_its_test_red(copy: Path, postgres: Postgres, fault: Fault) -> None:
    file = copy / fault.file
    whole = file.read_text()
    assert whole.count(fault.old) == 1, f"{fault.file} has the text {whole.count(fault.old)} times"
    file.write_text(whole.replace(fault.old, fault.new))
    try:
        run = _run(copy, postgres, fault.test)
    finally:
        file.write_text(whole)

    said = re.findall(r"^E +(.*)", run.stdout, re.M)
    print(f"\n{fault.name}: {fault.test.rpartition('::')[2]} says {said[0] if said else 'nothing'}")
    failed, broken = (re.search(rf"\d+ {what}", run.stdout) for what in ("failed", "error"))
    assert run.returncode == 1 and failed and not broken, run.stdout


def _run(copy: Path, postgres: Postgres, *tests: str) -> subprocess.CompletedProcess[str]:
    """The named tests in the copy, on our own server: a server for each fault takes too long."""
    options = ["-q", "-x", "-p", "no:cacheprovider", "--tb=short", "--postgres", postgres.directory]
    return subprocess.run(
        # No compiled files: two faults of the same length within a second would share one.
        [sys.executable, "-B", "-m", "pytest", *map(str, options), *tests],
        cwd=copy,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=_HANGS_S + 60 * len(tests),
    )
