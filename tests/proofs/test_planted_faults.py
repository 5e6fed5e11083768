"""Each planted fault turns its named test red; without it, the same tests are green.

A copy of the tree is changed, never the tree itself. A fault whose text is gone, or whose test
cannot even begin, fails the proof. `mutmut` and `cosmic-ray` live,
but plant by operator and run a whole suite for each: they cannot be told "an expiry a day early".
"""

import compileall
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from py_compile import PycInvalidationMode

import pytest

from sandbox.servers.postgres import Postgres
from tests.proofs.all_faults import FAULTS
from tests.proofs.faults import Fault

pytestmark = pytest.mark.proof

ROOT = Path(__file__).parents[2]
_LEFT_BEHIND = shutil.ignore_patterns(
    ".git", ".venv", ".state", ".hypothesis", "*_cache", "__pycache__", "node_modules", "dist"
)
_HANGS_S = 1_800
"""For what never ends, a deadlock of two tests' threads: no speed is proved here."""


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The whole tree once more, for faults to be planted in.

    Compiled once, for all runs; by the text, not by its time and length, in which two faults may
    be the same: only the file that a fault is planted in is compiled anew.
    """
    folder = tmp_path_factory.mktemp("planted") / "books"
    shutil.copytree(ROOT, folder, ignore=_LEFT_BEHIND)
    compileall.compile_dir(folder, quiet=2, invalidation_mode=PycInvalidationMode.CHECKED_HASH)
    yield folder
    shutil.rmtree(folder)


@pytest.mark.parametrize("module", sorted({fault.test.partition("::")[0] for fault in FAULTS}))
def test_without_a_fault_the_named_tests_are_green(
    copy: Path, postgres: Postgres, module: str
) -> None:
    """Module by module, so that each is told by itself, and none is timed with all others."""
    named = {fault.test for fault in FAULTS if fault.test.partition("::")[0] == module}

    run = _run(copy, postgres, *sorted(named))

    assert run.returncode == 0, run.stdout


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
        # No compiled file of a fault is kept: the next of the same length would share it.
        [sys.executable, "-B", "-m", "pytest", *map(str, options), *tests],
        cwd=copy,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=_HANGS_S + 60 * len(tests),
    )
