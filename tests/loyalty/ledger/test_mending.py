"""Figures that differ from the books are mended by command, and only those."""

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from loyalty.audit import Actor, AuditRow
from loyalty.ledger.mending import mend, rebuild
from loyalty.ledger.selfcheck import find_differences
from loyalty.members.tables import Member, MemberBalance
from loyalty.shops.tables import Shop
from tests.factories.facts import NOON
from tests.loyalty.ledger.cast import DAY, Hand, a_member, figures

OPERATOR = Actor("operator", "command")


def test_all_four_figures_are_set_to_what_the_books_say(
    session: Session, aurora: Shop, alice: Member, hand: Hand
) -> None:
    hand.credit(100)
    hand.credit(40, "earn_order", order_id=1, available_at=NOON + DAY)
    hand.debit(30)
    right = figures(session, alice)
    session.execute(
        update(MemberBalance).values(available=1, pending=2, lifetime_earned=3, lifetime_burned=4)
    )

    [mended] = mend(session, aurora.shop_id, actor=OPERATOR, now=NOON)

    assert figures(session, alice) == right == (70, 40, 100, 30)
    assert mended.before["available"] == 1
    assert find_differences(session, aurora.shop_id) == []


def test_who_agrees_is_left_alone_and_each_mending_is_audited(
    session: Session, aurora: Shop, alice: Member, hand: Hand
) -> None:
    hand.credit(100)
    bob = a_member(session, aurora, 502)
    Hand(session, bob).credit(50)
    session.execute(
        update(MemberBalance).where(MemberBalance.member_id == bob.id).values(available=49)
    )

    mended = mend(session, aurora.shop_id, actor=OPERATOR, now=NOON)

    assert [one.member_id for one in mended] == [bob.id]
    rows = session.scalars(select(AuditRow).where(AuditRow.action == "figures_mended")).all()
    assert [row.subject_id for row in rows] == [str(bob.id)]


def test_a_rebuild_of_one_member_agrees_with_the_cache(
    session: Session, alice: Member, hand: Hand
) -> None:
    hand.credit(100, "earn_order", order_id=1)
    hand.debit(30)
    hand.reverse(20, 1)

    rebuilt = rebuild(session, alice.shop_id, alice.id)

    assert tuple(rebuilt.values()) == figures(session, alice)
