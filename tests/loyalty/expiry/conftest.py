"""Alice's hand: posts for her, one request at a time."""

import pytest
from sqlalchemy.orm import Session

from loyalty.members.tables import Member
from tests.loyalty.ledger.cast import Hand


@pytest.fixture
def hand(session: Session, alice: Member) -> Hand:
    return Hand(session, alice)
