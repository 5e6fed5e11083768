"""Redemptions of a member who is merged into another: they go there, and home with an undo."""

from datetime import timedelta

from sqlalchemy.orm import Session

from loyalty.audit import SYSTEM
from loyalty.members.tables import Member
from loyalty.merging.merging import merge
from loyalty.merging.undoing import undo
from loyalty.redemption.issuing import issue
from loyalty.redemption.returning import begin, finish
from loyalty.redemption.views import list_redemptions
from loyalty.shops.tables import Shop
from tests.factories.facts import NOON
from tests.loyalty.ledger.cast import a_member, agree, figures
from tests.loyalty.redemption.cast import GID, STAFF, a_reward, have_points, issued, reserved

LATER = NOON + timedelta(hours=1)


def names(session: Session, member: Member) -> list[str]:
    """The rewards that the member has redeemed, the newest first."""
    found = list_redemptions(session, member.shop_id, member.id).rows
    return [redemption.terms["name"] for redemption in found]


def test_the_survivor_has_the_codes_and_gets_the_points_back(
    session: Session, aurora: Shop, alice: Member
) -> None:
    have_points(session, alice, 100)
    redemption = issued(session, aurora, alice, a_reward(session, aurora, name="Before"))
    carol = a_member(session, aurora, 502)

    merge(session, aurora, carol.id, alice.id, actor=STAFF, now=NOON)
    session.expire_all()
    begin(session, aurora.shop_id, redemption.id, reason="voided", actor=SYSTEM, now=LATER)
    finish(session, aurora.shop_id, redemption.id, now=LATER)

    assert (names(session, carol), names(session, alice)) == (["Before"], [])
    assert figures(session, carol) == (100, 0, 100, 0)
    assert agree(session, aurora.shop_id)


def test_a_reservation_outlives_a_merge_in_the_middle(
    session: Session, aurora: Shop, alice: Member
) -> None:
    have_points(session, alice, 100)
    redemption = reserved(session, aurora, alice, a_reward(session, aurora))
    carol = a_member(session, aurora, 502)
    merge(session, aurora, carol.id, alice.id, actor=STAFF, now=NOON)
    session.expire_all()

    made = issue(session, aurora.shop_id, redemption.id, discount_gid=GID, now=LATER)

    assert (made.state, made.member_id) == ("issued", carol.id)
    assert agree(session, aurora.shop_id)


def test_an_undo_sends_home_what_came_and_leaves_what_was_made_meanwhile(
    session: Session, aurora: Shop, alice: Member
) -> None:
    have_points(session, alice, 300)
    issued(session, aurora, alice, a_reward(session, aurora, name="Before"))
    carol = a_member(session, aurora, 502)
    merged = merge(session, aurora, carol.id, alice.id, actor=STAFF, now=NOON)
    session.expire_all()
    issued(session, aurora, carol, a_reward(session, aurora, name="Meanwhile"), at=LATER)

    undo(session, aurora, merged.id, actor=STAFF, now=LATER)
    session.expire_all()

    assert (names(session, alice), names(session, carol)) == (["Before"], ["Meanwhile"])
    assert agree(session, aurora.shop_id)
