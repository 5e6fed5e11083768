"""What the worked cases of earning share."""

from datetime import timedelta

from loyalty.orders.facts import LineFacts
from tests.factories.facts import NOON, a_line

DAY = timedelta(days=1)
LATER = NOON + timedelta(hours=1)


def of(amount_minor: int, line_id: int = 1, **changes: object) -> LineFacts:
    """A line of so much."""
    return a_line(line_id, gross_minor=amount_minor, **changes)
