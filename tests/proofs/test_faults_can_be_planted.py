"""Each fault still has its place and its test; what it turns red is proved by `make prove`."""

import re
from collections import Counter
from pathlib import Path

from tests.proofs.all_faults import FAULTS
from tests.proofs.faults import Fault

ROOT = Path(__file__).parents[2]


def test_there_are_faults_enough_and_each_has_a_name_of_its_own() -> None:
    assert len(FAULTS) >= 210
    assert [name for name, times in Counter(f.name for f in FAULTS).items() if times > 1] == []


def test_the_text_of_each_fault_stands_once_in_its_file() -> None:
    assert [f"{f.name}: {f.file}, {times} times" for f in FAULTS if (times := _times(f)) != 1] == []


def test_each_fault_changes_its_text() -> None:
    assert [fault.name for fault in FAULTS if fault.old == fault.new] == []


def test_each_fault_names_a_test_that_exists() -> None:
    assert [f"{fault.name}: {fault.test}" for fault in FAULTS if not _exists(fault.test)] == []


def test_a_text_that_is_gone_and_a_test_that_is_none_are_found() -> None:
    gone = Fault("gone", "loyalty/no_such.py", "old", "new", "tests/no_such.py::test_it")
    moved = Fault("moved", FAULTS[0].file, "no such text", "", FAULTS[0].test + "_no_more")

    assert [_times(gone), _times(moved)] == [0, 0]
    assert not _exists(gone.test) and not _exists(moved.test)


def _times(fault: Fault) -> int:
    file = ROOT / fault.file
    return file.read_text().count(fault.old) if file.exists() else 0


def _exists(name: str) -> bool:
    path, _, test = name.partition("::")
    file = ROOT / path
    function = re.escape(test.partition("[")[0])
    return file.exists() and bool(re.search(rf"^def {function}\(", file.read_text(), re.M))
