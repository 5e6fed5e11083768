"""Alice redeems codes, and orders that carry them arrive."""

from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

from sqlalchemy import text
from sqlalchemy.orm import Session

from loyalty.audit import Actor
from loyalty.base.ids import new_id
from loyalty.ledger.posting import Cause, credit, lock_balance
from loyalty.ledger.selfcheck import find_differences
from loyalty.members.tables import Member
from loyalty.orders.facts import CodeFacts, LineFacts, OrderFacts, RefundFacts
from loyalty.orders.recording import record_all
from loyalty.programme.tables import EarningRule
from loyalty.redemption.issuing import issue
from loyalty.redemption.reserving import Wish, reserve
from loyalty.redemption.tables import Redemption
from loyalty.rewards.tables import Reward
from loyalty.shops.tables import Shop
from tests.factories.facts import NOON, a_line, an_order
from tests.loyalty.conftest import balance_of

HOUR = timedelta(hours=1)
ALICE = Actor("member", "alice")
DISCOUNT = "gid://shopify/DiscountCodeNode/1"
# 10.00 three times with 5.00 off them all, and 20.00 that the code did not touch.
CANDLES = a_line(1, quantity=3, gross_minor=3000, discount_minor=500)
LAMP = a_line(2, gross_minor=2000)
_WRITTEN = (
    "ledger_entry",
    "lot",
    "lot_debit",
    "redemption_use",
    "order_code",
    "order_line_code",
    "outbox_event",
    "timeline_event",
)


class Spender:
    """Alice with so many points and a reward that costs 100; nothing is earned with orders."""

    def __init__(self, session: Session, shop: Shop, member: Member, *, points: int = 1000) -> None:
        self.session, self.shop, self.member = session, shop, member
        session.query(EarningRule).filter_by(shop_id=shop.shop_id).update({"is_active": False})
        self.reward = Reward(
            shop_id=shop.shop_id,
            id=new_id(),
            name="5 euros off",
            kind="fixed_amount",
            cost_points=100,
            amount_minor=500,
            percentage=None,
            created_at=NOON,
        )
        session.add(self.reward)
        session.flush()
        if points:
            self.earn(points)

    def earn(self, points: int, *, last_valid_on: date | None = None) -> None:
        """A lot of so many points."""
        cause = Cause("grant", f"grant:{new_id()}", "test", "1", "staff:1", NOON)
        credit(
            self.session,
            lock_balance(self.session, self.shop.shop_id, self.member.id),
            cause,
            points=points,
            now=NOON,
            last_valid_on=last_valid_on,
        )

    def reserve(self) -> Redemption:
        """A redemption whose code is being made."""
        wish = Wish(self.reward.id, "online", uuid4())
        return reserve(self.session, self.shop, self.member.id, wish, actor=ALICE, now=NOON)

    def redeem(self) -> Redemption:
        """A redemption whose code can be used."""
        made = self.reserve()
        return issue(self.session, self.shop.shop_id, made.id, discount_gid=DISCOUNT, now=NOON)

    def tell(self, *told: OrderFacts | RefundFacts, now: datetime = NOON, **how: Any) -> None:
        """What Shopify says arrives, one by one."""
        for facts in told:
            record_all(
                self.session, self.shop, [facts], now=now, is_backfill=how.get("is_backfill", False)
            )

    def read(self, redemption: Redemption) -> Redemption:
        """The row as it is in the database."""
        self.session.flush()
        self.session.refresh(redemption)
        return redemption

    @property
    def available(self) -> int:
        """What Alice can spend; the books agree with themselves."""
        assert find_differences(self.session, self.shop.shop_id) == []
        return balance_of(self.session, self.member).available

    def written(self) -> list[int]:
        """How many rows there are of all that a code may lead to."""
        self.session.flush()
        count = "SELECT count(*) FROM {}"
        return [
            int(self.session.execute(text(count.format(table))).scalar_one()) for table in _WRITTEN
        ]


def carrying(
    redemption: Redemption, order_id: int = 5123, *lines: LineFacts, **changes: Any
) -> OrderFacts:
    """An order of candles and a lamp, with 5.00 off the candles by the redemption's code."""
    assert redemption.code
    return an_order(
        order_id,
        *(lines or (CANDLES, LAMP)),
        **{"codes": (CodeFacts(redemption.code, 500, ((1, 500),)),)} | changes,
    )


def less(pieces: int, **changes: Any) -> LineFacts:
    """The candles, some of which are gone."""
    facts = {"quantity": 3, "gross_minor": 3000, "discount_minor": 500}
    return a_line(1, **facts | {"current_quantity": 3 - pieces} | changes)


def share(points: int, removed_minor: int, gross_minor: int) -> int:
    """The floor of points × removed ÷ gross, by decimals."""
    return int(Decimal(points) * removed_minor / gross_minor)
