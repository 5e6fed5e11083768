"""docs/sentences.md: each sentence of the rules has a proof, and each proof exists."""

import re
from collections import Counter
from pathlib import Path

import pytest

from tests.docs.test_requirements_list import _exists
from tests.docs.test_worked_cases import ROWS as CASE_ROWS

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docs/sentences.md").read_text()
CASES = {row[0] for row in CASE_ROWS}
CASE = re.compile(r"[a-z]+-\d+[a-z]?")
# section, sentence, its proofs
ROWS = [
    (section.partition("\n")[0], sentence, proofs.split(", "))
    for section in TEXT.split("\n## ")[1:]
    for sentence, proofs in re.findall(r"^\| (.+) \| (.*) \|$", section, re.M)
    if sentence not in {"sentence", "---"}
]


def _stands(proof: str) -> bool:
    """Whether it is a case of docs/rules.md or a test that there is."""
    if CASE.fullmatch(proof):
        return proof in CASES
    return "::" in proof and _exists(proof.strip("`"))


def test_every_row_is_read() -> None:
    lines = [line for line in TEXT.splitlines() if line.startswith("| ")]

    sections = len({section for section, *_ in ROWS})
    assert len(ROWS) == len(lines) - 2 * sections
    assert sections == 13


def test_each_sentence_stands_once_in_its_section() -> None:
    repeated = Counter((section, sentence) for section, sentence, _ in ROWS)

    assert [each for each, count in repeated.items() if count > 1] == []


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[1])
def test_each_sentence_has_proofs_that_exist(row: tuple[str, str, list[str]]) -> None:
    _, _, proofs = row

    assert [proof for proof in proofs if not _stands(proof)] == []


def test_what_does_not_exist_is_found() -> None:
    assert not _stands("")
    assert not _stands("earning-999")
    assert not _stands("`tests/docs/test_sentences.py::test_that_nobody_wrote`")
