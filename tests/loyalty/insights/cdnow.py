"""CDNOW: what 2,357 customers of a music shop bought from January 1997 to June 1998.

Files of the package lifetimes (MIT), read as files: whether the package imports is all the same.
"""

import csv
from datetime import date
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from loyalty.insights.frequencies import Histories, OrderRows, day_number, read

CALIBRATED_ON, ENDS_ON = date(1997, 9, 30), date(1998, 6, 30)


def summary() -> tuple[NDArray, NDArray, NDArray, NDArray]:
    """(x, t_x, T) in weeks and the mean of the repeat orders in dollars, after 39 weeks."""
    with (_folder() / "cdnow_customers_summary_with_transactions.csv").open() as file:
        rows = [[float(text) for text in row[1:]] for row in list(csv.reader(file))[1:]]
    x, t_x, age, mean = np.array(rows).T
    return x, t_x, age, mean


def histories() -> Histories:
    """Every order of the 78 weeks, by day."""
    with (_folder() / "CDNOW_sample.txt").open() as file:
        rows = [line.split() for line in file]
    numbers = {name: number for number, name in enumerate(sorted({row[1] for row in rows}))}
    orders = OrderRows(
        np.array([numbers[row[1]] for row in rows]),
        np.array([_day(row[2]) for row in rows], dtype=np.int32),
        np.array([int(row[4].replace(".", "")) for row in rows]),
        np.zeros(len(rows), dtype=bool),
    )
    return read(orders, members=len(numbers), as_of=ENDS_ON)


def _day(text: str) -> int:
    return day_number(date(int(text[:4]), int(text[4:6]), int(text[6:])))


def _folder() -> Path:
    spec = find_spec("lifetimes")
    assert spec and spec.submodule_search_locations, "requirements-dev.txt names lifetimes"
    return Path(next(iter(spec.submodule_search_locations))) / "datasets"
