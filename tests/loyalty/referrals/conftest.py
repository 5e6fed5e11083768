"""Alice and Carol of Aurora, which has referrals and a rule for them."""

import pytest
from sqlalchemy.orm import Session

from loyalty.members.tables import Member
from loyalty.shops.tables import Shop
from tests.loyalty.referrals.cast import a_friend, a_referral_rule, turn_on


@pytest.fixture
def offering(session: Session, aurora: Shop) -> Shop:
    """Aurora, which gives 200 points to who brings a friend, and 50 to the friend."""
    turn_on(session, aurora)
    a_referral_rule(session, aurora)
    return aurora


@pytest.fixture
def carol(session: Session, offering: Shop) -> Member:
    """The friend, who has bought nothing so far."""
    return a_friend(session, offering)
