"""Health is 60 for RFM, 25 for the chance of a return, 15 for engagement."""

import numpy as np
import pytest

from loyalty.insights import health


def test_engagement_is_two_fifths_for_a_pass_and_one_for_each_other() -> None:
    yes, no = np.array([True]), np.array([False])

    assert health.engagement_fifths(yes, yes, yes, yes).tolist() == [5]
    assert health.engagement_fifths(yes, no, no, no).tolist() == [2]
    assert health.engagement_fifths(no, no, yes, yes).tolist() == [2]
    assert health.engagement_fifths(no, no, no, no).tolist() == [0]


@pytest.mark.parametrize(
    ("rfm_points", "p_return", "fifths", "parts"),
    [
        (30, 1.0, 5, (60, 25, 15)),
        (6, 0.0, 0, (12, 0, 0)),
        (19, 0.5, 3, (38, 13, 9)),  # 25 · 0.5 = 12.5, half up
        (20, 0.61, 2, (40, 15, 6)),  # 15.25
    ],
)
def test_the_three_parts_add_up(
    rfm_points: int, p_return: float, fifths: int, parts: tuple[int, int, int]
) -> None:
    found = health.measure(
        np.array([rfm_points], np.int16), np.array([p_return]), np.array([fifths], np.uint8)
    )

    assert (found.rfm[0], found.returning[0], found.engagement[0]) == parts
    assert found.score[0] == sum(parts)
