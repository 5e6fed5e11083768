"""Redeeming at the till: all that the server does for it, with a Shopify that answers at once.

Its four transactions are those of the till's request: the place and the wish are read; the scanned
code is looked at, the points taken and the reward promised; its code is noted as usable; the answer
is read back. Every redemption is another member's, drawn from the whole shop, in which each member
has redeemed once before.
"""

import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from unittest import mock
from uuid import UUID, uuid4

from sqlalchemy import select

from bench.figures import Figure, median, percentile
from bench.order_world import OrderWorld, add_members, open_world, turn_all_rules_on
from bench.past_redemptions import add_past_redemptions
from loyalty.base import db
from loyalty.base.clock import utc_now
from loyalty.base.ids import new_id
from loyalty.ledger.books import Books
from loyalty.ledger.journal import Cause
from loyalty.members.tables import MemberBalance
from loyalty.rewards.tables import Reward
from loyalty.till.grants import TillUser
from pos_extension.auth import Till
from pos_extension.redeeming import redeem
from shopify_app.platform import redeeming
from wallet.tokens import get_token

FEW, MANY, REDEMPTIONS, WARM_UP = 10_000, 1_000_000, 500, 50
_CASHIER = TillUser(7, 901)


def run(many: int = MANY) -> list[Figure]:
    """Both shops, each on a server of its own."""
    few, lots = (_seconds(members) for members in (FEW, many))
    middle, slow = median(few), percentile(few, 0.99)
    ratio = median(lots) / middle
    return [
        Figure(
            f"median among {FEW:,} members", _ms(middle), "the whole request but HTTP and Shopify"
        ),
        Figure(f"99 of 100 among {FEW:,} members", _ms(slow), "the same redemptions"),
        Figure("99 of 100 ÷ median", f"{slow / middle:.1f}", "we aim at 5 or less"),
        Figure(f"median among {many:,} members", _ms(median(lots)), "another shop"),
        Figure(f"99 of 100 among {many:,} members", _ms(percentile(lots, 0.99)), "the same"),
        Figure("many ÷ few, medians", f"{ratio:.2f}", "we aim at 1.3 or less"),
    ]


def _seconds(members: int) -> list[float]:
    """How long each redemption took."""
    with tempfile.TemporaryDirectory(dir="/var/tmp") as folder, open_world(Path(folder)) as world:
        add_members(world, members)
        turn_all_rules_on(world)
        reward = _add_reward(world)
        add_past_redemptions(world, reward)
        spenders = _give_points(world, members // (REDEMPTIONS + WARM_UP))
        world.settle()
        till = Till(world.shop_id, "bench.myshopify.com", _CASHIER.user_id)
        taken = [_redeem(till, member_id, reward.id) for member_id in spenders]
    return taken[WARM_UP:]


def _redeem(till: Till, member_id: UUID, reward_id: UUID) -> float:
    with db.shop_transaction(till.shop_id) as session:
        scanned = get_token(session, till.shop_id, member_id, now=utc_now()).token
    body = {
        "reward_id": str(reward_id),
        "client_key": str(uuid4()),
        "scanned": scanned,
        "cart_subtotal": "50.00",
        "cart_currency": "EUR",
    }
    began = time.perf_counter()
    with mock.patch.object(redeeming, "fulfil", return_value="gid://shopify/DiscountCodeNode/1"):
        _, status = redeem(till, member_id, body, _CASHIER)
    seconds = time.perf_counter() - began
    assert status == 201
    return seconds


def _add_reward(world: OrderWorld) -> Reward:
    reward = Reward(
        shop_id=world.shop_id,
        id=new_id(),
        name="5 off",
        kind="fixed_amount",
        cost_points=100,
        amount_minor=500,
        limit_per_member=3,
        limit_period="month",
        minimum_cart_minor=1000,
        created_at=utc_now(),
    )
    with db.shop_transaction(world.shop_id) as session:
        session.add(reward)
        session.flush()
        session.refresh(reward)
        session.expunge(reward)
    return reward


def _give_points(world: OrderWorld, every: int) -> Sequence[UUID]:
    """Each n-th member has 1,000 points, in two lots."""
    now = utc_now()
    with db.shop_transaction(world.shop_id) as session:
        everybody = session.scalars(
            select(MemberBalance.member_id)
            .where(MemberBalance.shop_id == world.shop_id)
            .order_by(MemberBalance.member_id)
        ).all()
        spenders = everybody[::every][: REDEMPTIONS + WARM_UP]
        books = Books.open(session, world.shop_id, spenders, now=now)
        for member_id in spenders:
            for number in (1, 2):
                key = f"bench:{member_id}:{number}"
                cause = Cause("grant", key, "bench", "1", "system:bench", now)
                books.credit(member_id, cause, points=500)
        books.write()
    return spenders


def _ms(seconds: float) -> str:
    return f"{seconds * 1000:.1f} ms"


if __name__ == "__main__":
    for figure in run(*map(int, sys.argv[1:])):
        print(f"{figure.name}: {figure.value} ({figure.meaning})")
