"""The part of a shop's random life in which a member is put away and comes back."""

from datetime import timedelta

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule

from loyalty.members.archiving import archive, restore
from tests.proofs.model_archiving import bring_back, put_away
from tests.proofs.shop import CUSTOMERS, STAFF, Shop

_customers = st.sampled_from(CUSTOMERS)


class PuttingAway(RuleBasedStateMachine):
    """Days go by between the two: holds end and lots die, and nothing can be spent."""

    shop: Shop | None

    @precondition(lambda self: self.shop)
    @rule(customer_id=_customers, days=st.sampled_from([0, 1, 6, 15, 45]))
    def be_away(self, customer_id: int, days: int) -> None:
        shop = self.shop
        assert shop
        shop.wait(timedelta(seconds=1))
        member_id, account = shop.member(customer_id), shop.account(customer_id)
        away = put_away(account, shop.today)
        entry = archive(
            shop.session, shop.shop, member_id, actor=STAFF, reason="staff", now=shop.now
        )
        assert (-entry.points if entry else 0) == away.points
        assert (max(0, account.available), account.pending) == (0, 0)
        shop.check()
        shop.wait(timedelta(days=days, seconds=1))
        shop.redeem(customer_id, 1)
        shop.check()
        bring_back(account, away, shop.today)
        back = restore(shop.session, shop.shop, member_id, actor=STAFF, now=shop.now)
        assert (back.points if back else 0) == away.points
