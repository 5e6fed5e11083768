"""Lists as CSV files that Excel, Sheets and CRMs open: streamed, and no cell is ever a formula.

A file holds people: it leaves by a fetch with a Bearer token alone, never by a link.
"""

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, islice

from flask import Response, request
from werkzeug.exceptions import NotFound

_MARK = "\N{ZERO WIDTH NO-BREAK SPACE}"
_FORMULAS = ("=", "+", "-", "@", "\t", "\r")
_ROWS_AT_ONCE = 500


def refuse_links() -> None:
    """Not found for a document load: such an address could be left in a history or sent on."""
    if "Authorization" not in request.headers:
        raise NotFound


def csv_file(
    file_name: str, header: Sequence[str], rows: Iterable[Sequence[str | int | None]]
) -> Response:
    """A download of `rows` below `header`, read while it is sent; None is an empty cell."""
    return _download(file_name, _written(chain([header], rows)))


def written_file(
    file_name: str, header: Sequence[str], lines: Iterable[bytes], *, rows: int
) -> Response:
    """A download of `lines`, which are CSV and harmless already; `Encore-Rows` tells how many.

    A page can show by it how far the download is.
    """
    response = _download(file_name, chain(_written([header]), lines))
    response.headers["Encore-Rows"] = str(rows)
    return response


def _download(file_name: str, content: Iterable[bytes]) -> Response:
    response = Response(content, mimetype="text/csv")
    response.headers["Content-Disposition"] = f'attachment; filename="{file_name}"'
    response.headers["Cache-Control"] = "no-store"
    return response


def _written(rows: Iterable[Sequence[str | int | None]]) -> Iterator[bytes]:
    # By this Excel knows that it is UTF-8.
    yield _MARK.encode()
    left = iter(rows)
    while some := list(islice(left, _ROWS_AT_ONCE)):
        buffer = io.StringIO()
        csv.writer(buffer).writerows([_harmless(cell) for cell in row] for row in some)
        yield buffer.getvalue().encode()


def _harmless(cell: str | int | None) -> str | int | None:
    """A text that begins like a formula is shown as text."""
    is_formula = isinstance(cell, str) and cell.startswith(_FORMULAS)
    return f"'{cell}" if is_formula else cell
