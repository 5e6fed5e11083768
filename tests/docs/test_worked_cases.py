"""docs/rules.md and the tests of its worked cases name each other, one for one, with one number.

The invariant: a case `earning-3` has one row, and one test whose name begins `test_earning_3_` in
tests/loyalty/worked_cases/test_earning.py or test_earning_*.py; every number expected stands in it.
"""

import ast
import re
from collections import Counter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FOLDER = "tests/loyalty/worked_cases"
# case | sentence | arithmetic | **expected** | `test`
ROWS = re.findall(
    r"^\| ([a-z]+-\d+[a-z]?) \| (.+?) \| (.+?) \| (.+?) \| `([a-z_0-9]+)` \|$",
    (ROOT / "docs/rules.md").read_text(),
    re.M,
)
SECTIONS = (
    "who",
    "ledger",
    "earning",
    "actions",
    "expiry",
    "tiers",
    "badges",
    "merging",
    "liability",
    "redemptions",
    "referrals",
    "returns",
    "tokens",
    "consent",
    "insights",
)


def _tests() -> dict[str, str]:
    """The source of each worked case's test, by section and name; each is there once."""
    found: dict[str, str] = {}
    for path in sorted((ROOT / FOLDER).glob("test_*.py")):
        text = path.read_text()
        for node in ast.parse(text).body:
            if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
                start = min([node.lineno, *(each.lineno for each in node.decorator_list)])
                lines = text.splitlines()[start - 1 : node.end_lineno]
                section = path.stem.removeprefix("test_").partition("_")[0]
                assert f"{section}::{node.name}" not in found
                found[f"{section}::{node.name}"] = "\n".join(lines)
    return found


TESTS = _tests()


def _test_of(case: str, name: str) -> str:
    return f"{case.partition('-')[0]}::{name}"


def test_each_case_stands_in_the_table_once() -> None:
    repeated = [case for case, count in Counter(row[0] for row in ROWS).items() if count > 1]

    assert repeated == []


def test_each_case_is_of_a_section() -> None:
    assert {case.partition("-")[0] for case, *_ in ROWS} <= set(SECTIONS)


def test_each_section_has_cases() -> None:
    assert {case.partition("-")[0] for case, *_ in ROWS} >= set(SECTIONS)


def test_each_case_has_a_test_of_its_name() -> None:
    wrong = [
        case
        for case, _, _, _, name in ROWS
        if not name.startswith(f"test_{case.replace('-', '_')}_")
        or _test_of(case, name) not in TESTS
    ]

    assert wrong == []


def test_each_test_of_the_folder_has_a_case() -> None:
    named = {_test_of(case, name) for case, *_, name in ROWS}

    assert sorted(set(TESTS) - named) == []


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0])
def test_the_expected_numbers_stand_in_the_test(row: tuple[str, ...]) -> None:
    case, _, _, expected, name = row
    source = TESTS[_test_of(case, name)].replace("_", "")

    numbers = re.findall(r"\*\*[−-]?([\d,.]+)\*\*", expected)

    assert numbers, "an expected number stands in **bold**"
    for number in numbers:
        assert re.search(rf"(?<![\d.]){re.escape(number.replace(',', ''))}(?!\d)", source), number
