"""The counter at which a shop's members spend points on codes: the product's and the model's."""

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from loyalty.audit import SYSTEM, Actor
from loyalty.base.errors import InsufficientPoints, NotReturnable, RewardNotAvailable
from loyalty.redemption.due import begin_expired
from loyalty.redemption.issuing import issue, refuse
from loyalty.redemption.reserving import Wish, reserve
from loyalty.redemption.returning import begin, finish
from loyalty.redemption.tables import Redemption
from loyalty.rewards.saving import add_reward
from loyalty.rewards.stock import import_codes
from tests.proofs.model_redemptions import Redeemed
from tests.proofs.shop import STAFF, Shop

COSTS = (10, 25, 60)
CREDIT = 40
"""What the reward costs that is store credit."""
VALID_DAYS = {10: 2, 25: 9, 60: 30}
"""How many days after its own a code of that cost is good."""
_ROWS = """
SELECT coalesce(code, 'credit ' || id), state, points_returned, order_id FROM redemption
"""
# What the ledger took for each redemption is what stands of its uses, or of itself.
_DIFFERENT = """
SELECT r.code, l.taken, u.standing, r.points, r.points_returned FROM redemption r
LEFT JOIN LATERAL (
    SELECT -sum(e.points) AS taken FROM ledger_entry e
    WHERE e.source_kind = 'redemption' AND e.source_id = r.id::text
) l ON true
LEFT JOIN LATERAL (
    SELECT sum(points - points_returned) AS standing FROM redemption_use u
    WHERE u.redemption_id = r.id
) u ON true
WHERE l.taken <> coalesce(u.standing, r.points - r.points_returned)
"""
# A code that works, or may work, whose points are not away; or one that is dead, and they are.
# One that turned up after its points were back is being disabled beside them.
_BOTH_OR_NEITHER = """
SELECT r.code, r.state, r.points_returned FROM redemption r
WHERE (r.state IN ('reserved', 'issued') AND r.points_returned <> 0)
    OR (r.state = 'returning' AND r.points_returned NOT IN (0, r.points))
    OR (r.state <> 'returning' AND (r.state = 'returned') <> (r.points_returned = r.points))
"""


class Counter:
    """Three rewards of a shop and store credit, and what becomes of them."""

    def __init__(self, shop: Shop, *, stock: str = "") -> None:
        """`stock`: codes, one a line, that the rewards share instead of made ones."""
        self.shop = shop
        self.ids: dict[str, UUID] = {}
        self.rewards = {cost: self._reward(cost, stock) for cost in COSTS}
        self.rewards[CREDIT] = self._credit()

    @property
    def redeemed(self) -> list[Redeemed]:
        return list(self.shop.redemptions.by_code.values())

    def redeem(self, customer_id: int, cost: int) -> None:
        """Reserve a reward, if the points are there."""
        shop = self.shop
        member_id, account = shop.member(customer_id), shop.account(customer_id)
        taken = None
        if cost != CREDIT or not shop.redemptions.is_being_paid(member_id):
            taken = account.debit(cost, ("member", member_id), shop.today, is_burn=True)
        made = self.reserve(member_id, cost)
        assert (made is None) == (taken is None)
        if made is not None and taken is not None:
            redeemed = Redeemed(_name(made), cost, member_id, taken, has_code=cost != CREDIT)
            if redeemed.has_code:
                redeemed.good_until = shop.today + timedelta(days=VALID_DAYS[cost])
            shop.redemptions.by_code[redeemed.code] = redeemed

    def reserve(self, member_id: UUID, cost: int) -> Redemption | None:
        """At the product alone; None when points are too few, or a credit is on its way."""
        shop, wish = self.shop, Wish(self.rewards[cost], "online", uuid4())
        actor = Actor("member", str(member_id))
        try:
            made = reserve(shop.session, shop.shop, member_id, wish, actor=actor, now=shop.now)
        except (InsufficientPoints, RewardNotAvailable):
            return None
        self.ids[_name(made)] = made.id
        return made

    def issue(self, redeemed: Redeemed) -> None:
        """Shopify has made the code or paid the credit; again it changes nothing."""
        issue(*self._named(redeemed), discount_gid="gid://shopify/D/1", now=self.shop.now)
        self.shop.redemptions.hear_made(redeemed, self.shop.today)

    def refuse(self, redeemed: Redeemed) -> None:
        """Shopify will not make the code."""
        refuse(*self._named(redeemed), reason="refused", now=self.shop.now)
        if redeemed.state == "reserved":
            self._give_all_back(redeemed)

    def void(self, redeemed: Redeemed) -> None:
        if redeemed.state == "issued" and redeemed.code in self._carried():
            with pytest.raises(NotReturnable):
                begin(*self._named(redeemed), reason="void", actor=SYSTEM, now=self.shop.now)
            return
        begin(*self._named(redeemed), reason="void", actor=SYSTEM, now=self.shop.now)
        if redeemed.state == "issued":
            redeemed.state = "returning"

    def end_expired(self) -> None:
        """The sweep looks for unused codes whose time is over."""
        shop = self.shop
        ended = begin_expired(shop.session, shop.shop.shop_id, now=shop.now, limit=1000)
        assert ended == shop.redemptions.end_expired(self._carried(), shop.today)

    def finish(self, redeemed: Redeemed) -> None:
        """The code is dead at Shopify; late or again it changes nothing."""
        finish(*self._named(redeemed), now=self.shop.now)
        if redeemed.state == "returning":
            self._give_all_back(redeemed)

    def sweep(self) -> None:
        """Every code that is being disabled is dead by now, at the product alone."""
        for code, state, *_ in self._read(_ROWS):
            if state == "returning":
                finish(self.shop.session, self.shop.shop.shop_id, self.ids[code], now=self.shop.now)
        self.shop.session.flush()

    def check(self) -> None:
        """The rows say what the model says, and the ledger what the rows say."""
        self.shop.session.flush()
        rows = {row[0]: tuple(row)[1:] for row in self._read(_ROWS)}
        for redeemed in self.redeemed:
            told = (redeemed.state, redeemed.returned, redeemed.order_id)
            assert rows[redeemed.code] == told, redeemed.code
        self.agree()

    def agree(self) -> None:
        """Never points and code both: Σ issued − used − returned = what the ledger says."""
        assert self._read(_DIFFERENT) == []
        assert self._read(_BOTH_OR_NEITHER) == []

    def _carried(self) -> set[str]:
        """Codes on orders that we know to be neither paid nor cancelled."""
        orders = self.shop.known.values()
        return {code for known in orders if known.may_be_paid() for code in known.codes}

    def _give_all_back(self, redeemed: Redeemed) -> None:
        self.shop.redemptions.give_all_back(redeemed, self.shop.today, self.shop.now)

    def _named(self, redeemed: Redeemed) -> tuple[Any, int, UUID]:
        return self.shop.session, self.shop.shop.shop_id, self.ids[redeemed.code]

    def _read(self, query: str) -> list[Any]:
        return list(self.shop.session.execute(text(query)).all())

    def _reward(self, cost: int, stock: str) -> UUID:
        given: dict[str, Any] = {
            "name": f"Off for {cost}",
            "kind": "fixed_amount",
            "cost_points": cost,
            "amount_minor": 100,
            "validity_days": VALID_DAYS[cost],
        }
        if stock:
            given["code_source"] = "stock"
        session, shop_id = self.shop.session, self.shop.shop.shop_id
        reward = add_reward(session, self.shop.shop, given, actor=STAFF, now=self.shop.now)
        if stock:
            codes = "\n".join(f"{code}-{cost}" for code in stock.split())
            import_codes(session, shop_id, reward.id, codes, actor=STAFF, now=self.shop.now)
        return reward.id

    def _credit(self) -> UUID:
        given = {"name": "Credit", "kind": "store_credit", "cost_points": CREDIT}
        given |= {"amount_minor": 100}
        shop = self.shop
        return add_reward(shop.session, shop.shop, given, actor=STAFF, now=shop.now).id


def _name(made: Redemption) -> str:
    return made.code or f"credit {made.id}"
