"""Shops whose members behave exactly as the models assume, by parameters that are known."""

from datetime import date

import numpy as np
from numpy.typing import NDArray

from loyalty.insights import bgnbd, gamma_gamma
from loyalty.insights.frequencies import Histories, OrderRows, day_number, read

TODAY = date(2026, 11, 22)
PURCHASES = bgnbd.Parameters(r=0.6, alpha=30.0, a=0.8, b=2.4)
AMOUNTS = gamma_gamma.Parameters(p=6.0, q=4.0, v=2000.0)


def orders(
    members: int, *, history_days: int, ahead_days: int = 0, seed: int = 7
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """(member, day after the first order of the shop) of each order, in no order.

    Members come evenly over the history; what follows in the `ahead_days` is there, too.
    """
    chance = np.random.default_rng(seed)
    born = chance.uniform(0, history_days, members)
    rate = chance.gamma(PURCHASES.r, 1 / PURCHASES.alpha, members)
    leaving = chance.beta(PURCHASES.a, PURCHASES.b, members)
    at, alive = born.copy(), np.arange(members)
    who, when = [alive], [born]
    while len(alive):
        at[alive] += chance.exponential(1 / np.maximum(rate[alive], 1e-12))
        alive = alive[at[alive] < history_days + ahead_days]
        who.append(alive)
        when.append(at[alive])
        alive = alive[chance.random(len(alive)) > leaving[alive]]
    return np.concatenate(who), np.concatenate(when)


def amounts(who: NDArray[np.int64], *, seed: int = 8) -> NDArray[np.int64]:
    """What each order is worth, in minor units."""
    chance = np.random.default_rng(seed)
    personal = chance.gamma(AMOUNTS.q, 1 / AMOUNTS.v, int(who.max()) + 1)
    return np.rint(chance.gamma(AMOUNTS.p, 1 / personal[who])).astype(np.int64)


def shop(members: int, *, history_days: int, ahead_days: int = 0, seed: int = 7) -> Histories:
    """Such a shop as of TODAY, `history_days` after it began, or `ahead_days` later than that."""
    who, when = orders(members, history_days=history_days, ahead_days=ahead_days, seed=seed)
    began = day_number(TODAY) + 1 - history_days - ahead_days
    days = np.floor(when).astype(np.int32) + began
    rows = OrderRows(who, days, amounts(who, seed=seed + 1), np.zeros(len(who), dtype=bool))
    return read(rows, members=members, as_of=TODAY)


def made_of(rows: list[tuple[int, int, int]], *, members: int) -> Histories:
    """(member, days ago, minor units) as a shop of TODAY."""
    who, ago, value = (np.array(column, dtype=np.int64) for column in zip(*rows, strict=True))
    days = (day_number(TODAY) - ago).astype(np.int32)
    return read(
        OrderRows(who, days, value, np.zeros(len(who), dtype=bool)), members=members, as_of=TODAY
    )
