"""docs/requirements.md is whole, and names only tests that exist."""

import re
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).parents[2]
ROWS = re.findall(
    r"^\| R(\d+) \| (.+?) \| (.+?) \|$", (ROOT / "docs/requirements.md").read_text(), re.M
)
NAMED = sorted({name for _, _, proof in ROWS for name in re.findall(r"`([^`]+)`", proof)})


def test_each_requirement_stands_in_the_list_once() -> None:
    assert Counter(int(number) for number, _, _ in ROWS) == Counter(range(1, 170))


def test_each_requirement_has_a_proof_or_says_not_yet() -> None:
    assert [row for row in ROWS if row[2] != "not yet" and "`" not in row[2]] == []


def test_each_named_test_exists() -> None:
    assert [name for name in NAMED if not _exists(name)] == []


def _exists(name: str) -> bool:
    path, _, test = name.partition("::")
    file = ROOT / path
    found = file.exists() and re.search(rf"^\s*(async )?def {test}\(", file.read_text(), re.M)
    return bool(found)
