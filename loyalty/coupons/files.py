"""CSV files that merchants upload: lines with their numbers, and what is wrong with which.

The invariant: a file that cannot be read is refused whole, a line that cannot be used alone.
"""

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from io import StringIO

from loyalty.base.errors import BadCoupon
from loyalty.base.said import said

LINES_MAX = 100_000
BYTES_MAX = 8 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class BadLine:
    """Why the line of this number (the heading is 1) is not used; `text` is what stood there."""

    line: int
    text: str
    reason: str


def read_lines(content: bytes, columns: Sequence[str]) -> list[tuple[int, dict[str, str]]]:
    """The lines of a CSV file that are not empty, with their numbers; its heading names columns.

    Of `columns` at least one must be there; cells are trimmed, those that lack are empty. Raises
    BadCoupon("file", …) for what is no such file.
    """
    if len(content) > BYTES_MAX:
        raise BadCoupon("file", said("is larger than %(most)s MB", most=BYTES_MAX // 1024 // 1024))
    try:
        # Excel writes a byte order mark, and semicolons where the comma is a decimal point.
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise BadCoupon("file", said("is no text in UTF-8")) from error
    heading_line = text.partition("\n")[0]
    delimiter = ";" if ";" in heading_line else ","
    rows = csv.reader(StringIO(text, newline=""), delimiter=delimiter)
    try:
        heading = [name.strip().lower() for name in next(rows, [])]
        _check(heading, columns)
        found = [
            (rows.line_num, {name: cell.strip() for name, cell in zip(heading, row, strict=False)})
            for row in rows
            if any(cell.strip() for cell in row)
        ]
    except csv.Error as error:
        raise BadCoupon(
            "file", said("cannot be read at line %(line)s", line=rows.line_num)
        ) from error
    if len(found) > LINES_MAX:
        raise BadCoupon("file", said("has more than %(most)s lines", most=f"{LINES_MAX:,}"))
    return found


def _check(heading: Sequence[str], columns: Sequence[str]) -> None:
    if not set(heading) & set(columns):
        raise BadCoupon(
            "file", said("must have a heading with %(columns)s", columns=" or ".join(columns))
        )
    if len(set(heading)) < len(heading):
        raise BadCoupon("file", said("has a column twice"))
