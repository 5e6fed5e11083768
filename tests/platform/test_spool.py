"""A bulk result on disk: whole objects out of rows in any order, and nothing left behind."""

import json
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from shopify_app.platform.backfill.spool import Spool
from shopify_app.platform.errors import ShopifyError


def test_children_find_their_parent_wherever_they_stand(tmp_path: Path) -> None:
    spool = Spool("run", tmp_path)
    spool.fill(
        _lines({"id": "l2", "__parentId": "o2"}, {"id": "o1"}, {"id": "o2"}, _child(1), _child(3)),
        _nothing,
    )

    (batch,) = spool.batches(skip=0, size=10)

    assert [(root["id"], [child["id"] for child in nested]) for root, nested in batch] == [
        ("o1", ["l1", "l3"]),
        ("o2", ["l2"]),
    ]


def test_batches_go_on_after_what_was_read(tmp_path: Path) -> None:
    spool = Spool("run", tmp_path)
    spool.fill(_lines(*({"id": f"o{number}"} for number in range(7))), _nothing)

    batches = [[root["id"] for root, _ in batch] for batch in spool.batches(skip=2, size=3)]

    assert batches == [["o2", "o3", "o4"], ["o5", "o6"]]
    assert list(spool.batches(skip=7, size=3)) == list(spool.batches(skip=99, size=3)) == []


def test_a_filling_that_breaks_off_is_not_complete(tmp_path: Path) -> None:
    def breaks() -> Iterator[bytes]:
        yield b'{"id": "o1"}'
        raise ConnectionError

    spool = Spool("run", tmp_path)
    with pytest.raises(ConnectionError):
        spool.fill(breaks(), _nothing)
    assert not spool.is_complete()

    spool.fill(_lines({"id": "o1"}), _nothing)

    assert spool.is_complete() and Spool("run", tmp_path).is_complete()


def test_a_cut_line_may_be_fetched_again(tmp_path: Path) -> None:
    with pytest.raises(ShopifyError) as caught:
        Spool("run", tmp_path).fill([b'{"id": "o1'], _nothing)

    assert caught.value.retryable


def test_the_file_goes_when_it_is_read(tmp_path: Path) -> None:
    spool = Spool("run", tmp_path)
    spool.fill(_lines({"id": "o1"}), _nothing)

    spool.discard()

    assert list(tmp_path.iterdir()) == []


def test_what_a_run_left_behind_goes_after_a_week(tmp_path: Path) -> None:
    for name, age_days in (("left", 8), ("busy", 1)):
        Spool(name, tmp_path).fill(_lines({"id": "o1"}), _nothing)
        then = time.time() - age_days * 24 * 3600
        os.utime(tmp_path / f"{name}.sqlite", (then, then))

    Spool("run", tmp_path).fill(_lines({"id": "o1"}), _nothing)

    assert sorted(path.stem for path in tmp_path.iterdir()) == ["busy", "run"]


def test_nobody_else_may_read_it() -> None:
    folder = Spool("run")._path.parent

    assert folder.stat().st_mode & 0o077 == 0


def _lines(*nodes: dict[str, Any]) -> list[bytes]:
    return [json.dumps(node).encode() for node in nodes]


def _child(number: int) -> dict[str, Any]:
    return {"id": f"l{number}", "__parentId": "o1"}


def _nothing() -> None:
    """No lease to keep."""
