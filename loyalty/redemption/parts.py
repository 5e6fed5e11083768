"""Redemptions' part in what is held of a person: they are the shop's books, and name nobody once
the member is anonymous.
"""

from collections.abc import Sequence

from sqlalchemy import ColumnElement, select

from loyalty.privacy.parts import Keep, Moves, Part, Person, Stays, by_member
from loyalty.redemption.tables import Redemption
from loyalty.redemption.use_table import RedemptionUse


def _uses(person: Person) -> ColumnElement[bool]:
    theirs = select(Redemption.id).where(by_member(Redemption)(person))
    is_of_shop = RedemptionUse.shop_id == person.shop_id
    return is_of_shop & RedemptionUse.redemption_id.in_(theirs)


PARTS: Sequence[Part] = (
    Part(
        RedemptionUse,
        _uses,
        "Orders that used a reward",
        Keep("the shop's books: numbers of orders and debits"),
        Stays("it follows its redemption"),
    ),
    Part(
        Redemption,
        by_member(Redemption),
        "Rewards redeemed",
        Keep("the shop's books: what a member who is anonymous by now spent points on"),
        Moves("points at the survivor, who has the points and may use the codes"),
        # Staff are persons too; the key opens an answer that was given once.
        secrets=("actor", "client_key"),
    ),
)
