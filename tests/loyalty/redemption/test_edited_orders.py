"""Orders edited after a code was used: what its points do when lines, or the code, go away."""

from dataclasses import replace

import pytest
from sqlalchemy.orm import Session

from loyalty.members.tables import Member
from loyalty.orders.facts import CodeFacts
from loyalty.shops.tables import Shop
from tests.factories.facts import NOON, a_line
from tests.loyalty.redemption.uses_cast import HOUR, LAMP, Spender, carrying, less, share


@pytest.fixture
def spender(session: Session, aurora: Shop, alice: Member) -> Spender:
    """Alice, who has 1000 points to spend."""
    return Spender(session, aurora, alice)


def test_a_code_that_is_edited_out_of_its_order_gives_all_points_back(spender: Spender) -> None:
    redemption = spender.redeem()
    spender.tell(carrying(redemption))
    away = carrying(redemption, codes=(), updated_at=NOON + HOUR)

    spender.tell(away, away, carrying(redemption))

    row = spender.read(redemption)
    assert (row.state, row.points_returned, spender.available) == ("returned", 100, 1000)


@pytest.mark.parametrize("keeps_allocation", [True, False])
def test_a_line_edited_out_gives_its_share_back_also_without_its_discount(
    spender: Spender, keeps_allocation: bool
) -> None:
    # given 10.00 and 30.00 with a discount on both
    redemption = spender.redeem()
    both = (a_line(1, gross_minor=1000), a_line(2, gross_minor=3000))
    code = CodeFacts(str(redemption.code), 500, ((1, 125), (2, 375)))
    spender.tell(carrying(redemption, 5123, *both, codes=(code,)))
    # when the first one is edited out, and Shopify takes its discount away or leaves it
    left = (a_line(1, gross_minor=1000, current_quantity=0), both[1])
    lines = code.lines if keeps_allocation else code.lines[1:]
    codes = (replace(code, lines=lines),)
    edited = carrying(redemption, 5123, *left, codes=codes, updated_at=NOON + HOUR)
    spender.tell(edited, edited)
    # then
    assert spender.available == 900 + share(100, 1000, 4000)


def test_the_last_discounted_line_edited_out_with_its_discount_gives_all_back(
    spender: Spender,
) -> None:
    redemption = spender.redeem()
    spender.tell(carrying(redemption))
    none = (CodeFacts(str(redemption.code), 0),)
    edited = carrying(redemption, 5123, less(3), LAMP, codes=none, updated_at=NOON + HOUR)

    spender.tell(edited)

    assert (spender.read(redemption).state, spender.available) == ("returned", 1000)


def test_a_line_that_stays_and_loses_its_discount_counts_no_more(spender: Spender) -> None:
    # given 10.00 and 30.00 with a discount on both
    redemption = spender.redeem()
    both = (a_line(1, gross_minor=1000), a_line(2, quantity=3, gross_minor=3000))
    code = CodeFacts(str(redemption.code), 500, ((1, 125), (2, 375)))
    spender.tell(carrying(redemption, 5123, *both, codes=(code,)))
    # when the first loses it and one of three pieces of the second goes
    left = (both[0], a_line(2, quantity=3, gross_minor=3000, current_quantity=2))
    codes = (replace(code, lines=((2, 500),)),)
    edited = carrying(redemption, 5123, *left, codes=codes, updated_at=NOON + HOUR)
    spender.tell(edited)
    # then
    assert spender.available == 900 + share(100, 1000, 3000)
