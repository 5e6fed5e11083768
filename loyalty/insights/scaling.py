"""The shop's last period against what its model would have said: actual ÷ predicted, 0.5 to 2.

Seasons and fashions that no model of single members knows of. Clipped, so that one odd period
does not carry away the year.
"""

import numpy as np

from loyalty.insights.frequencies import Histories, summarise, until
from loyalty.insights.value import Value, fit, spent_minor

SCALE_MIN, SCALE_MAX = 0.5, 2.0
PERIOD_DAYS_MIN = 90


def period_days(horizon_days: int, history_days: int) -> int:
    """How long a hold-out is: 90 days or the horizon, and a third of the history at the most."""
    return max(1, min(max(horizon_days, PERIOD_DAYS_MIN), history_days // 3))


def scale_of(histories: Histories, period: int, value: Value | None = None) -> float:
    """What to multiply predictions by, from the last `period` days; 1 where nothing is known.

    `value` is what was fitted as of the beginning of the period, if that is there already.
    """
    cut = histories.as_of - period
    before = until(histories, cut)
    value = value or fit(before)
    if value is None:
        return 1.0
    predicted = predicted_minor(value, before, period)
    actual = spent_minor(histories, after=cut, until=histories.as_of)
    if predicted <= 0:
        return 1.0
    return min(max(actual / predicted, SCALE_MIN), SCALE_MAX)


def predicted_minor(value: Value, histories: Histories, period: int) -> float:
    """What all who had ordered are expected to spend in the `period` to come, unscaled."""
    summaries = summarise(histories)
    buyers = summaries.where(summaries.has_ordered)
    return float(np.sum(value.revenue_minor(buyers, period)))
