"""CDNOW's last 39 weeks, predicted from its first 39."""

from pathlib import Path

import numpy as np
import pytest

from loyalty.insights import accuracy, calibration, value
from loyalty.insights.accuracy import auc, brier, hold_out
from loyalty.insights.frequencies import Histories, day_number, until
from tests.loyalty.insights import cdnow


def test_churn_and_revenue_of_the_hold_out(capsys: pytest.CaptureFixture[str]) -> None:
    # given
    histories, cut = cdnow.histories(), day_number(cdnow.CALIBRATED_ON)
    before = until(histories, cut)
    assert histories.members == 2357
    horizon = calibration.horizon_of(before.gaps()[0], cut - int(before.days.min()))
    # when
    found = hold_out(histories, histories.as_of - cut, horizon)
    # then
    assert found is not None and found.revenue_error is not None
    assert found.revenue_error <= 0.20
    rows = _compared(histories, before, horizon)
    with capsys.disabled():
        _print(rows, found, horizon)
    assert rows["our table"][0] >= 0.75 and rows["our table"][1] >= 0.75
    assert rows["P(alive)"][0] < 0.5
    # and its chances are better than one rate for all
    assert rows["our table"][2] < rows["naive rate"][2]
    # and the guide shows these figures
    guide = (Path(__file__).parents[3] / "docs/insight.md").read_text()
    for name, (soon, late, error) in rows.items():
        assert f"| {name} | {soon:.2f} | {late:.2f} | {error:.3f} |" in guide
    assert f"an error of {found.revenue_error:.1%}".replace("%", " %") in guide


def _compared(
    histories: Histories, before: Histories, horizon: int
) -> dict[str, tuple[float, float, float]]:
    """AUC within the horizon and within all 39 weeks, and the Brier score within the horizon."""
    fitted, table = value.fit(before), calibration.draw(before, horizon)
    assert fitted is not None and table is not None
    chances = accuracy.judge(histories, before, fitted, table)
    in_all = histories.counts > before.counts
    ways = {
        "our table": chances.table,
        "RFM": chances.rfm,
        "P(alive)": chances.alive,
        "naive rate": np.full(len(in_all), table.rate),
    }
    return {
        name: (
            auc(chance, chances.returned) or 0.0,
            auc(chance, in_all) or 0.0,
            brier(chance, chances.returned),
        )
        for name, chance in ways.items()
    }


def _print(
    rows: dict[str, tuple[float, float, float]], found: accuracy.Accuracy, horizon: int
) -> None:
    print(f"\nCDNOW, 39 weeks held out   AUC {horizon} days   AUC 39 weeks   Brier {horizon} days")
    for name, figures in rows.items():
        print(f"{name:24s} {figures[0]:12.3f} {figures[1]:14.3f} {figures[2]:15.3f}")
    print(
        f"revenue: {found.revenue_predicted_minor / 100:,.0f} predicted,"
        f" {found.revenue_actual_minor / 100:,.0f} came, error {found.revenue_error:.1%}"
    )
