"""Churn bands in the list: taken over from the scores in pieces, and nothing else is touched."""

from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from loyalty.insights.tables import MemberInsight
from loyalty.listing import churning
from loyalty.listing.tables import CHURNS, MemberListing
from loyalty.members.enrolment import record_customer
from loyalty.members.tables import Member
from loyalty.shops.tables import Shop
from tests.factories.facts import NOON, a_customer


def test_rows_say_the_bands_of_the_scores_and_again_nothing_changes(
    session: Session, aurora: Shop, alice: Member
) -> None:
    ids = [alice.id, *enrol(session, aurora, 4)]
    bands = dict(zip(ids, ["low", "high", "medium", "new", "low"], strict=True))
    score(session, aurora, bands)

    first = take_all(session, aurora, at_once=2)
    again = take_all(session, aurora, at_once=2)

    assert churns(session, aurora) == bands
    assert (first, again) == ([2, 2, 1], [])


def test_only_rows_that_say_something_else_are_written(
    session: Session, aurora: Shop, alice: Member
) -> None:
    carla, dora = enrol(session, aurora, 2)
    score(session, aurora, {alice.id: "low", carla: "high", dora: "low"})
    take_all(session, aurora, at_once=9)
    score(session, aurora, {carla: "medium"})

    assert take_all(session, aurora, at_once=9) == [1]
    assert churns(session, aurora) == {alice.id: "low", carla: "medium", dora: "low"}


def test_who_has_no_scores_any_more_is_too_early_to_say(
    session: Session, aurora: Shop, alice: Member
) -> None:
    score(session, aurora, {alice.id: "high"})
    take_all(session, aurora, at_once=9)
    session.delete(session.get_one(MemberInsight, (aurora.shop_id, alice.id)))
    session.flush()

    assert take_all(session, aurora, at_once=9) == [1]
    assert churns(session, aurora) == {alice.id: "not_yet"}


def test_a_row_that_changed_meanwhile_keeps_the_rest_of_what_it_says(
    session: Session, aurora: Shop, alice: Member
) -> None:
    score(session, aurora, {alice.id: "high"})
    session.execute(update(MemberListing).values(points=40))

    take_all(session, aurora, at_once=9)

    row = session.get_one(MemberListing, (aurora.shop_id, alice.id), populate_existing=True)
    assert (row.points, CHURNS[row.churn]) == (40, "high")


def take_all(session: Session, shop: Shop, *, at_once: int) -> list[int]:
    """How many rows each piece wrote."""
    taken, after = [], None
    for upto in churning.find_bounds(session, shop.shop_id, at_once=at_once):
        taken.append(churning.take_churn(session, shop.shop_id, after, upto))
        after = upto
    return taken


def enrol(session: Session, shop: Shop, count: int) -> list[UUID]:
    """So many more members of Aurora."""
    customers = [
        record_customer(
            session,
            shop,
            a_customer(number, first_name="Carla", email=f"carla{number}@example.com"),
            now=NOON,
            is_backfill=False,
        )
        for number in range(77, 77 + count)
    ]
    return [customer.member_id for customer in customers if customer.member_id]


def score(session: Session, shop: Shop, bands: dict[UUID, str]) -> None:
    """Let the last run have said so."""
    for member_id, band in bands.items():
        row = MemberInsight(
            shop_id=shop.shop_id,
            member_id=member_id,
            band=band,
            is_calibrated=True,
            orders=1,
            gap_days=0,
            r=1,
            f=1,
            m=1,
        )
        session.merge(row)
    session.flush()


def churns(session: Session, shop: Shop) -> dict[UUID, str]:
    """What each row says."""
    rows = session.execute(
        select(MemberListing.member_id, MemberListing.churn).where(
            MemberListing.shop_id == shop.shop_id
        )
    )
    return {row.member_id: CHURNS[row.churn] for row in rows}
