"""The numbers of insight alone: fitting a shop's model and scoring its members, beside lifetimes.

Members behave as the models assume. Both fit BG/NBD on the same sample in the same run; lifetimes
(MIT) is given one row for each member, as its documentation shows. All in one process, one thread.
"""

import time
import warnings
from collections.abc import Callable
from importlib import import_module
from typing import Any

import numpy as np

from bench.figures import Figure
from loyalty.insights import frequencies, model, sampling, value
from loyalty.insights.frequencies import Histories, Summaries
from tests.loyalty.insights import simulation

MEMBERS, HISTORY_DAYS, BATCH = 1_000_000, 1100, 50_000


def run(members: int = MEMBERS) -> list[Figure]:
    """One shop, made in memory."""
    everyone, sample, orders = _shop(members)
    fit_s, fitted = _timed(lambda: model.fit(sample, everyone))
    assert fitted.value is not None
    score_s, high = _timed(lambda: _score_all(fitted, everyone))
    summaries = frequencies.summarise(sample)
    buyers = summaries.where(summaries.has_ordered)
    ours_s, ours = _timed(lambda: value.fit_purchases(buyers))
    theirs_s, theirs = _timed(lambda: _lifetimes(buyers))
    assert ours is not None
    return [
        Figure(
            "fitting the whole model",
            f"{fit_s:.1f} s",
            f"{sample.members:,} members sampled of {members:,} with {orders:,} order days; "
            "both models three times, table, hold-out",
        ),
        Figure(
            "scoring every member",
            f"{score_s:.1f} s",
            f"{members:,} in batches of {BATCH:,}; {high:,} at high risk",
        ),
        Figure(
            "BG/NBD on the sample, ours",
            f"{ours_s:.2f} s",
            _named(ours.r, ours.alpha, ours.a, ours.b),
        ),
        Figure(
            "BG/NBD on the sample, lifetimes",
            f"{theirs_s:.2f} s",
            f"{_named(*theirs)}; {theirs_s / ours_s:.0f} times as long",
        ),
    ]


def _named(r: float, alpha: float, a: float, b: float) -> str:
    return f"r {r:.3f}, α {alpha:.2f} days, a {a:.3f}, b {b:.3f}"


def _shop(members: int) -> tuple[Summaries, Histories, int]:
    """Everybody's summary, the sample's orders, and how many order days there are."""
    summaries, samples, orders = [], [], 0
    share = sampling.share_of(members)
    for start in range(0, members, BATCH):
        part = simulation.shop(
            min(BATCH, members - start), history_days=HISTORY_DAYS, seed=start + 1
        )
        summaries.append(frequencies.summarise(part))
        samples.append(part.only(sampling.chosen(np.arange(start, start + part.members), share)))
        orders += len(part.days)
    return frequencies.concatenate(summaries), frequencies.merge(samples), orders


def _score_all(fitted: model.ShopModel, everyone: Summaries) -> int:
    """How many are at high risk."""
    high = 0
    for start in range(0, len(everyone), BATCH):
        part = everyone.part(start, start + BATCH)
        scores = model.score(fitted, part, np.zeros(len(part), np.uint8))
        high += int((scores.band == model.Band.HIGH).sum())
    return high


def _lifetimes(buyers: Summaries) -> tuple[float, float, float, float]:
    # Here and not above: no other benchmark needs it, and it brings no types.
    fitter_of = import_module("lifetimes").BetaGeoFitter
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        fitter = fitter_of().fit(buyers.x, buyers.t_x, buyers.age)
    found = fitter.params_
    return found["r"], found["alpha"], found["a"], found["b"]


def _timed(act: Callable[[], Any]) -> tuple[float, Any]:
    started = time.perf_counter()
    result = act()
    return time.perf_counter() - started, result
