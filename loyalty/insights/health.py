"""Health, 0 to 100: round(60·RFM + 25·P(return) + 15·E), and the three parts that make it.

RFM is in thirtieths and E in fifths, so two parts are whole and only P is rounded (half up): the
parts always add up to the score.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

RFM_MAX, RETURN_MAX, ENGAGEMENT_MAX = 60, 25, 15


@dataclass(frozen=True, slots=True)
class Health:
    """The parts of each member."""

    rfm: NDArray[np.int16]
    returning: NDArray[np.int16]
    engagement: NDArray[np.int16]

    @property
    def score(self) -> NDArray[np.int16]:
        """Their sum."""
        return self.rfm + self.returning + self.engagement


def engagement_fifths(
    pass_installed: NDArray[np.bool_],
    push_allowed: NDArray[np.bool_],
    redeemed: NDArray[np.bool_],
    emailable: NDArray[np.bool_],
) -> NDArray[np.uint8]:
    """E in fifths: 0.4 for a pass, 0.2 for each other. `redeemed`: within 180 days."""
    fifths = 2 * pass_installed.astype(np.uint8)
    return fifths + push_allowed + redeemed + emailable


def measure(
    rfm_points: NDArray[np.int16], p_return: NDArray[np.float64], fifths: NDArray[np.uint8]
) -> Health:
    """The health of members with that RFM (thirtieths), P(return) and engagement (fifths)."""
    return Health(
        (rfm_points * (RFM_MAX // 30)).astype(np.int16),
        np.floor(RETURN_MAX * p_return + 0.5).astype(np.int16),
        (fifths.astype(np.int16) * (ENGAGEMENT_MAX // 5)).astype(np.int16),
    )
