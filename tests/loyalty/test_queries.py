"""The members list and the profile: searched, sorted, paged by keyset."""

from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from loyalty.adjustments import adjust
from loyalty.audit import SYSTEM
from loyalty.base.errors import MemberNotFound
from loyalty.base.ids import new_id
from loyalty.base.money import Money
from loyalty.listing import keeping
from loyalty.members.enrolment import record_customer
from loyalty.members.tables import Member
from loyalty.orders.recording import record_order
from loyalty.queries.members import list_members
from loyalty.queries.profile import get_profile, list_orders, list_timeline
from loyalty.shops.tables import Shop
from tests.factories.facts import NOON, a_customer, a_line, an_order


@pytest.fixture
def seven(session: Session, aurora: Shop) -> list[str]:
    """Seven members; Member 3 has most points."""
    for n in range(1, 8):
        facts = a_customer(n, first_name="Member", last_name=str(n), email=f"m{n}@example.com")
        joined_at = NOON + timedelta(minutes=n)
        customer = record_customer(session, aurora, facts, now=joined_at, is_backfill=False)
        assert customer.member_id
        adjust(
            session,
            aurora.shop_id,
            customer.member_id,
            points=1000 if n == 3 else n,
            reason="other",
            note=None,
            order_reference=None,
            client_key=str(n),
            actor=SYSTEM,
            now=NOON,
        )
    everybody = session.scalars(select(Member.id).where(Member.shop_id == aurora.shop_id)).all()
    keeping.refresh_members(session, aurora, everybody, now=NOON)
    return [f"Member {n}" for n in range(1, 8)]


def pages(session: Session, shop: Shop, sort: str) -> list[list[str]]:
    """Every page of three, walked forwards to the end."""
    found, after = [], None
    while True:
        page = list_members(session, shop.shop_id, sort=sort, after=after, limit=3)
        found.append([row.name for row in page.rows])
        if page.next is None:
            return found
        after = page.next


@pytest.mark.parametrize("sort", ["name", "-name", "email", "points", "-points", "joined"])
def test_pages_hold_every_member_once_in_order(
    session: Session, aurora: Shop, seven: list[str], sort: str
) -> None:
    walked = [name for page in pages(session, aurora, sort) for name in page]

    assert sorted(walked) == seven
    expected = seven if "points" not in sort else [*seven[:2], *seven[3:], seven[2]]
    assert walked == (expected[::-1] if sort.startswith("-") else expected)


def test_the_previous_page_is_the_one_we_came_from(
    session: Session, aurora: Shop, seven: list[str]
) -> None:
    first = list_members(session, aurora.shop_id, sort="name", limit=3)
    second = list_members(session, aurora.shop_id, sort="name", after=first.next, limit=3)

    back = list_members(session, aurora.shop_id, sort="name", before=second.previous, limit=3)

    assert [r.name for r in back.rows] == [r.name for r in first.rows]
    assert (back.previous, first.previous) == (None, None)


@pytest.mark.parametrize(
    ("needle", "names"),
    [
        ("ember 4", ["Member 4"]),
        ("M5@EXAMPLE", ["Member 5"]),
        ("me", [f"Member {n}" for n in range(1, 8)]),
        ("m5", ["Member 5"]),
        ("7", ["Member 7"]),
        ("%", []),
        ("zzz", []),
    ],
)
def test_the_search_finds_part_of_a_name_or_email(
    session: Session, aurora: Shop, seven: list[str], needle: str, names: list[str]
) -> None:
    page = list_members(session, aurora.shop_id, search=needle, sort="name")

    assert [row.name for row in page.rows] == names
    assert page.total == len(names)


def test_a_forged_cursor_shows_the_first_page(
    session: Session, aurora: Shop, seven: list[str]
) -> None:
    page = list_members(session, aurora.shop_id, sort="name", after="bm9uc2Vuc2U", limit=3)

    assert [row.name for row in page.rows] == seven[:3]


def test_the_profile_sums_orders_in_the_shops_currency(
    session: Session, aurora: Shop, alice: Member
) -> None:
    for number, amount in ((1, 1000), (2, 2501)):
        facts = an_order(number, a_line(gross_minor=amount))
        record_order(session, aurora, facts, now=NOON, is_backfill=False)

    profile = get_profile(session, aurora.shop_id, alice.id)
    orders = list_orders(session, aurora.shop_id, alice.id)

    assert (profile.order_count, profile.total_spend) == (2, Money(3501, "EUR"))
    assert (profile.available, profile.lifetime_earned) == (35, 35)
    assert [(row.name, row.points) for row in orders.rows] == [("#2", 25), ("#1", 10)]
    assert orders.average_order == Money(1751, "EUR")


def test_the_timeline_is_read_in_batches_newest_first(
    session: Session, aurora: Shop, alice: Member
) -> None:
    for number in range(1, 6):
        record_order(
            session,
            aurora,
            an_order(number),
            now=NOON + timedelta(minutes=number),
            is_backfill=False,
        )

    first = list_timeline(session, aurora.shop_id, alice.id, limit=4)
    rest = list_timeline(session, aurora.shop_id, alice.id, after=first.next, limit=4)

    told = [
        event.details.get("order_name") or event.details.get("badge") or event.kind
        for event in (*first.events, *rest.events)
    ]
    assert told == ["#5", "#4", "#3", "#2", "First order", "#1", "member_joined"]
    assert rest.next is None


def test_a_member_that_is_not_here_is_not_found(session: Session, aurora: Shop) -> None:
    with pytest.raises(MemberNotFound):
        get_profile(session, aurora.shop_id, new_id())
