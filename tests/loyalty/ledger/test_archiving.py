"""Points of an archived member are away and come back; what died meanwhile expires."""

from datetime import date, datetime

from sqlalchemy.orm import Session

from loyalty.audit import SYSTEM
from loyalty.ledger.archiving import archive_points, restore_points
from loyalty.ledger.posting import release_due
from loyalty.members.tables import Member
from loyalty.shops.tables import Shop
from tests.factories.facts import NOON
from tests.loyalty.ledger.cast import DAY, Hand, agree, entries_of, figures, lots_of, set_rule


def archive(hand: Hand, at: datetime = NOON) -> None:
    books = hand.books(at)
    archive_points(books, hand.member.id, actor=SYSTEM)
    books.write()


def restore(hand: Hand, at: datetime = NOON) -> None:
    books = hand.books(at)
    restore_points(books, hand.member.id, actor=SYSTEM)
    books.write()


def test_archived_points_are_away_and_lifetime_stays(
    session: Session, alice: Member, hand: Hand, aurora: Shop
) -> None:
    hand.credit(100)
    hand.credit(40, "earn_order", order_id=1, available_at=NOON + 14 * DAY)

    archive(hand)

    assert figures(session, alice) == (0, 0, 140, 0)
    assert entries_of(session, alice)[-1] == ("archive", -140)
    assert agree(session, aurora.shop_id)


def test_restored_points_are_where_they_were(
    session: Session, alice: Member, hand: Hand, aurora: Shop
) -> None:
    hand.credit(100, last_valid_on=date(2026, 12, 1))
    hand.credit(40, "earn_order", order_id=1, available_at=NOON + 14 * DAY)
    archive(hand)

    restore(hand)

    assert figures(session, alice) == (100, 40, 100, 0)
    assert lots_of(session, alice) == [(date(2026, 12, 1), 100), (None, 40)]
    assert agree(session, aurora.shop_id)


def test_lots_that_died_meanwhile_are_posted_back_and_then_expire(
    session: Session, alice: Member, hand: Hand, aurora: Shop
) -> None:
    hand.credit(100, last_valid_on=date(2026, 12, 1))
    hand.credit(30)
    archive(hand)

    restore(hand, at=NOON + 30 * DAY)

    assert entries_of(session, alice)[-3:] == [
        ("archive", -130),
        ("restore", 130),
        ("expire", -100),
    ]
    assert figures(session, alice) == (30, 0, 130, 0)
    assert agree(session, aurora.shop_id)


def test_a_hold_that_ends_meanwhile_is_over_at_the_return(
    session: Session, alice: Member, hand: Hand, aurora: Shop
) -> None:
    hand.credit(40, "earn_order", order_id=1, available_at=NOON + 14 * DAY)
    archive(hand)
    release_due(session, aurora.shop_id, now=NOON + 15 * DAY)

    restore(hand, at=NOON + 20 * DAY)

    assert figures(session, alice) == (40, 0, 40, 0)
    assert agree(session, aurora.shop_id)


def test_archiving_and_restoring_twice_posts_each_once(
    session: Session, alice: Member, hand: Hand
) -> None:
    hand.credit(100)
    for _ in range(2):
        archive(hand)
    for _ in range(2):
        restore(hand)
    archive(hand)

    kinds = [kind for kind, _ in entries_of(session, alice)]

    assert kinds == ["grant", "archive", "restore", "archive"]


def test_a_refund_while_archived_is_made_good_at_the_return(
    session: Session, alice: Member, hand: Hand, aurora: Shop
) -> None:
    hand.credit(100, "earn_order", order_id=1)
    archive(hand)
    hand.reverse(40, 1)

    restore(hand)

    assert figures(session, alice) == (60, 0, 60, 0)
    assert agree(session, aurora.shop_id)


def test_nothing_is_forgiven_while_the_points_are_only_away(
    session: Session, alice: Member, hand: Hand, aurora: Shop
) -> None:
    set_rule(session, aurora, negative_balance="clamp")
    hand.credit(100, "earn_order", order_id=1)
    archive(hand)
    alice.state = "archived"
    session.flush()

    assert hand.reverse(40, 1) == 0

    restore(hand)
    assert figures(session, alice)[0] == 60
