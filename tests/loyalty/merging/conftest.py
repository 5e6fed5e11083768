"""Alice and her second account."""

import pytest
from sqlalchemy.orm import Session

from loyalty.members.tables import Member
from loyalty.shops.tables import Shop
from tests.loyalty.merging.cast import second_account


@pytest.fixture
def other(session: Session, aurora: Shop, alice: Member) -> Member:
    """The second account."""
    return second_account(session, aurora)
