"""A bulk result on disk: rows in any order in, whole objects out. Memory holds one batch.

Nested rows name their parent and may stand anywhere, so they are gathered in an SQLite file,
indexed by parent. The file holds personal data: its folder is private, and it goes when read.
"""

import json
import os
import re
import sqlite3
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, suppress
from decimal import Decimal
from pathlib import Path
from typing import Any

from shopify_app.platform.errors import ShapeError, ShopifyError

Node = dict[str, Any]
# Made once: `json.loads` with an argument makes a decoder for every line.
_DECODER = json.JSONDecoder(parse_float=Decimal)
_EVERY = 5_000
_KEY = b"__parentId"
_PARENT = re.compile(rb'"__parentId"\s*:\s*"([^"\\]+)"')
# https://shopify.dev/docs/api/usage/bulk-operations/queries (read 2026-11-22)
_RESULT_LIVES_S = 7 * 24 * 3600


class Spool:
    """The rows of one bulk operation, kept from a first reading to the end of its run."""

    def __init__(self, name: str, folder: Path | None = None) -> None:
        self._path = (folder or _private_folder()) / f"{name}.sqlite"

    def is_complete(self) -> bool:
        """Whether an earlier `fill` got to its end; a kill in between leaves it incomplete."""
        if not self._path.exists():
            return False
        with closing(self._open()) as file:
            return bool(file.execute("PRAGMA user_version").fetchone()[0])

    def fill(self, lines: Iterable[bytes], still_here: Callable[[], None]) -> None:
        """Take all `lines` of JSON; `still_here` is called every few thousand of them."""
        _forget_old(self._path.parent)
        self.discard()
        with closing(self._open()) as file:
            file.execute("CREATE TABLE node (seq INTEGER PRIMARY KEY, parent TEXT, body BLOB)")
            file.execute("BEGIN")
            rows: list[tuple[str | None, bytes]] = []
            for line in lines:
                if line.strip():
                    rows.append((_parent(line), line))
                if len(rows) == _EVERY:
                    self._store(file, rows)
                    still_here()
            self._store(file, rows)
            file.execute("CREATE INDEX by_parent ON node (parent, seq)")
            file.execute("PRAGMA user_version = 1")
            file.execute("COMMIT")

    def batches(self, *, skip: int, size: int) -> Iterator[list[tuple[Node, list[Node]]]]:
        """Lists of (root, its nested rows) in the result's order, without the first `skip`."""
        with closing(self._open()) as file:
            after = self._seq_after(file, skip)
            while roots := file.execute(
                "SELECT seq, body FROM node WHERE parent IS NULL AND seq > ? ORDER BY seq LIMIT ?",
                (after, size),
            ).fetchall():
                yield [self._with_nested(file, body) for _, body in roots]
                after = roots[-1][0]

    def _store(self, file: sqlite3.Connection, rows: list[tuple[str | None, bytes]]) -> None:
        """Keep `rows`, which are then no more in memory."""
        if rows:
            _node(rows[-1][1])  # A result that breaks off is cut in its last line.
            file.executemany("INSERT INTO node (parent, body) VALUES (?, ?)", rows)
            rows.clear()

    def discard(self) -> None:
        """Delete the file."""
        self._path.unlink(missing_ok=True)

    def _open(self) -> sqlite3.Connection:
        file = sqlite3.connect(self._path, isolation_level=None)
        # A file that a crash of the machine spoils is filled again from Shopify.
        file.execute("PRAGMA journal_mode = MEMORY")
        file.execute("PRAGMA synchronous = OFF")
        return file

    def _seq_after(self, file: sqlite3.Connection, skip: int) -> int:
        if skip <= 0:
            return 0
        row = file.execute(
            "SELECT seq FROM node WHERE parent IS NULL ORDER BY seq LIMIT 1 OFFSET ?", (skip - 1,)
        ).fetchone()
        return int(row[0]) if row else 2**62

    def _with_nested(self, file: sqlite3.Connection, body: bytes) -> tuple[Node, list[Node]]:
        root = _node(body)
        nested = file.execute(
            "SELECT body FROM node WHERE parent = ? ORDER BY seq", (root.get("id"),)
        )
        return root, [_node(child) for (child,) in nested]


def _parent(line: bytes) -> str | None:
    """The parent that the line names, without reading all of it: there are millions.

    Inside a text the quotes would be escaped, so what matches is the key.
    """
    if _KEY not in line:
        return None
    found = _PARENT.search(line)
    if found is not None:
        return found[1].decode()
    parent = _node(line).get("__parentId")
    return parent if isinstance(parent, str) else None


def _node(line: bytes) -> Node:
    try:
        node = _DECODER.decode(line.decode())
    except ValueError as error:
        raise ShopifyError("a line of the bulk result is cut", retryable=True) from error
    if not isinstance(node, dict):
        raise ShapeError("a line of the bulk result is no object")
    return node


def _forget_old(folder: Path) -> None:
    """Delete what runs left that never came to their end: its address is dead by now."""
    for path in folder.glob("*.sqlite"):
        with suppress(FileNotFoundError):
            if time.time() - path.stat().st_mtime > _RESULT_LIVES_S:
                path.unlink()


def _private_folder() -> Path:
    folder = Path(tempfile.gettempdir()) / f"encore-spool-{os.getuid()}"
    folder.mkdir(mode=0o700, exist_ok=True)
    state = folder.lstat()
    # Nothing that another user of the machine made is trusted with customers' data.
    if state.st_uid != os.getuid() or state.st_mode & 0o077 or folder.is_symlink():
        raise PermissionError(f"{folder} is not private")
    return folder
