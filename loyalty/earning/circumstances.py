"""What an order's earning must ask of others: products, tiers and earlier orders. Reads only.

Asked for all orders of a desk at once, the first time that one of them needs it.
"""

from collections.abc import Collection, Iterable
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select, true
from sqlalchemy.orm import Session

from loyalty.base.bulk import all_of
from loyalty.earning.assessing import Circumstances, Terms, unknown_products
from loyalty.earning.model import NO_TIER, Product, TierHeld
from loyalty.earning.rulebook import Rulebook, read_products, read_rulebook
from loyalty.orders.sheets import OrderSheet
from loyalty.orders.tables import Order
from loyalty.programme.pausing import read_pauses
from loyalty.programme.rules import get_programme
from loyalty.shops.tables import Shop
from loyalty.tiers.standing import multipliers_of

Place = tuple[datetime, int]
"""Where an order stands among its member's: when it was processed, and its id."""


class Asker:
    """Asks for the orders of one desk and their members.

    What was asked of a member's tier holds until `forget_tiers`.
    """

    def __init__(
        self,
        session: Session,
        shop: Shop,
        member_ids: Collection[UUID],
        *,
        book: Rulebook | None = None,
    ) -> None:
        """`book`: what is in force instead of the shop's own, for who only tries it."""
        self._session, self._shop, self._members = session, shop, sorted(member_ids)
        self._book = book
        self._terms: Terms | None = None
        self._expected: set[int] = set()
        self._asked: set[int] = set()
        self._products: dict[int, Product] = {}
        self._tiers: dict[UUID, TierHeld] = {}
        self._first: dict[UUID, Place] | None = None

    def terms(self) -> Terms:
        """What the shop says of earning."""
        if self._terms is None:
            programme = get_programme(self._session, self._shop.shop_id)
            self._terms = Terms(
                programme,
                self._shop.timezone,
                read_pauses(self._session, programme),
                self._book or read_rulebook(self._session, self._shop.shop_id),
            )
        return self._terms

    def has_tiers(self) -> bool:
        """Whether a member's earlier order may change what the next one earns."""
        return self.terms().programme.tiers_on

    def expect_products(self, product_ids: Iterable[int]) -> None:
        """These will be asked for, so that one query finds them all."""
        self._expected.update(product_ids)

    def forget_tiers(self, member_ids: Iterable[UUID]) -> None:
        """These members may hold another tier by now."""
        for member_id in member_ids:
            self._tiers.pop(member_id, None)

    def circumstances_of(self, sheet: OrderSheet) -> Circumstances:
        """Those of a member's order that is about to be looked at."""
        assert sheet.member_id is not None
        book = self.terms().rulebook
        return Circumstances(
            products=self._products_of(sheet) if book.asks_for_products else {},
            tier=self._tier_of(sheet.member_id) if self.has_tiers() else NO_TIER,
            is_first_order=book.asks_for_first_order and self._is_first(sheet.member_id, sheet),
            rules_awarded=frozenset(award.rule_id for award in sheet.awards),
        )

    def unknown_products(self, sheet: OrderSheet) -> set[int]:
        """Products that the order waits for."""
        return unknown_products(sheet.lines.values(), self._products_of(sheet))

    def _products_of(self, sheet: OrderSheet) -> dict[int, Product]:
        own = {line.product_id for line in sheet.lines.values() if line.product_id is not None}
        if not own <= self._asked:
            missing = (own | self._expected) - self._asked
            self._products |= read_products(self._session, self._shop.shop_id, missing)
            self._asked |= missing
        return self._products

    def _tier_of(self, member_id: UUID) -> TierHeld:
        if member_id not in self._tiers:
            missing = [each for each in self._members if each not in self._tiers]
            found = multipliers_of(self._session, self._shop.shop_id, missing)
            self._tiers |= {each: TierHeld(*held) for each, held in found.items()}
        return self._tiers[member_id]

    def _is_first(self, member_id: UUID, sheet: OrderSheet) -> bool:
        """Whether no paid order of the member's stands before this one; cancelled ones do not."""
        if self._first is None:
            self._first = _read_first(self._session, self._shop.shop_id, self._members)
        place = sheet.processed_at, sheet.order_id
        first = min(self._first.get(member_id, place), place)
        self._first[member_id] = first
        return first == place


def _read_first(session: Session, shop_id: int, member_ids: Collection[UUID]) -> dict[UUID, Place]:
    """Where the first paid order of each member stands, one look into the index for each."""
    member = func.unnest(all_of(Order.member_id, member_ids)).column_valued("member")
    first = (
        select(Order.processed_at, Order.order_id)
        .where(
            Order.shop_id == shop_id,
            Order.member_id == member,
            Order.is_paid,
            Order.is_test.is_(False),
            Order.cancelled_at.is_(None),
        )
        .order_by(Order.processed_at, Order.order_id)
        .limit(1)
        .lateral()
    )
    rows = session.execute(
        select(member, first.c.processed_at, first.c.order_id).join(first, true())
    )
    return {member_id: (processed_at, order_id) for member_id, processed_at, order_id in rows}
