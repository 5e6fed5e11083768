"""Alice's hand: she spends."""

import pytest
from sqlalchemy.orm import Session

from loyalty.members.tables import Member
from tests.loyalty.ledger.cast import Hand


@pytest.fixture
def hand_of_alice(session: Session, alice: Member) -> Hand:
    """Posts for her."""
    return Hand(session, alice)
