"""R20–R24, R28: whom the members list finds, however it is filtered, sorted, searched and paged."""

from collections.abc import Callable, Mapping
from datetime import timedelta
from random import Random
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import update
from sqlalchemy.orm import Session

from loyalty.base.ids import new_id
from loyalty.listing import finding
from loyalty.listing.births import list_new
from loyalty.listing.filters import Filters, read_filters
from loyalty.listing.finding import count_matching, find_page
from loyalty.listing.tables import NEVER, MemberListing
from loyalty.members.tables import Member, MemberBalance
from loyalty.segments.tables import SegmentMember
from loyalty.shops.tables import Shop
from tests.factories.facts import NOON

GOLD, SILVER, FRIENDS = UUID(int=7), UUID(int=8), UUID(int=9)
Rows = Mapping[UUID, dict[str, Any]]

ASKED: dict[str, tuple[dict[str, list[str]], Callable[[dict[str, Any]], bool]]] = {
    "nothing": ({}, lambda m: True),
    "tier": ({"tier": [str(GOLD)]}, lambda m: m["tier_id"] == GOLD),
    "no tier": ({"tier": ["none"]}, lambda m: m["tier_id"] is None),
    "tier or none": (
        {"tier": ["none", str(SILVER)]},
        lambda m: m["tier_id"] in (None, SILVER),
    ),
    "churn": ({"churn": ["high", "medium"]}, lambda m: m["churn"] in (3, 4)),
    "consent": ({"consent": ["subscribed"]}, lambda m: m["consent"] == 3),
    "bounce": ({"bounce": ["hard"]}, lambda m: m["bounce"] == 2),
    "any card": ({"card": ["any"]}, lambda m: m["card"] > 0),
    "apple card": ({"card": ["apple"]}, lambda m: m["card"] in (1, 3)),
    "no card": ({"card": ["none"]}, lambda m: m["card"] == 0),
    "segment": ({"segment": [str(FRIENDS)]}, lambda m: m["is_friend"]),
    "points": (
        {"points_from": ["10"], "points_to": ["40"]},
        lambda m: 10 <= m["points"] <= 40,
    ),
    "joined": (
        {"joined_from": ["2026-11-10"], "joined_to": ["2026-11-15"]},
        lambda m: "2026-11-10" <= m["joined_at"].date().isoformat() <= "2026-11-15",
    ),
    "ordered": (
        {"ordered_to": ["2026-11-10"]},
        lambda m: m["last_order_on"] > NEVER and m["last_order_on"].isoformat() <= "2026-11-10",
    ),
    "search": ({"search": ["ann"]}, lambda m: "ann" in m["name"]),
    "short search": ({"search": ["bo"]}, lambda m: m["name"].startswith("bo")),
    "three at once": (
        {"tier": [str(GOLD)], "consent": ["subscribed"], "card": ["any"]},
        lambda m: m["tier_id"] == GOLD and m["consent"] == 3 and m["card"] > 0,
    ),
    "search and filters": (
        {"search": ["an"], "churn": ["high"], "points_from": ["5"]},
        lambda m: m["name"].startswith("an") and m["churn"] == 4 and m["points"] >= 5,
    ),
}


@pytest.fixture(params=["walked", "gathered"])
def shape(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Every page by either shape: in a small shop the walk alone would find it."""
    if request.param == "gathered":
        monkeypatch.setattr(finding, "WALKED_MAX", 3)
        monkeypatch.setattr(finding, "SEARCHED_MAX", 4)
    return str(request.param)


@pytest.fixture
def rows(session: Session, aurora: Shop) -> Rows:
    """Sixty members of all kinds."""
    random = Random(5)
    found: dict[UUID, dict[str, Any]] = {}
    for number in range(60):
        name = random.choice(["Ann", "Joanna", "Bo", "Carla", "Rob"])
        joined_at = NOON - timedelta(days=random.randrange(30))
        member = _member(aurora.shop_id, name, number, joined_at)
        session.add(member)
        session.flush()
        session.add(MemberBalance(shop_id=aurora.shop_id, member_id=member.id))
        list_new(session, [member])
        found[member.id] = {"name": name.lower(), "joined_at": joined_at, "id": member.id}
        found[member.id] |= _facts(session, aurora, member.id, random)
    session.flush()
    return found


@pytest.mark.parametrize("name", ASKED)
def test_every_page_holds_exactly_those_who_match(
    session: Session, aurora: Shop, rows: Rows, shape: str, name: str
) -> None:
    texts, matches = ASKED[name]
    asked = read_filters(texts)

    walks = [walk(session, aurora, asked, sort) for sort in ("name", "-points", "-tier", "ordered")]

    wanted = sorted(each for each, row in rows.items() if matches(row))
    assert [sorted(walked) for walked in walks] == [wanted] * 4
    assert count_matching(session, aurora.shop_id, aurora.timezone, asked, most=100) == len(wanted)


@pytest.mark.parametrize("sort", finding.ORDERS)
def test_every_column_sorts_both_ways_and_ties_by_id(
    session: Session, aurora: Shop, rows: Rows, sort: str
) -> None:
    key = {"name": "sort_name", "email": "email", "tier": "tier_rank"}.get(sort, sort)
    key = {"joined": "joined_at", "ordered": "last_order_on"}.get(key, key)

    rising = walk(session, aurora, Filters(), sort)
    falling = walk(session, aurora, Filters(), f"-{sort}")

    assert rising == sorted(rows, key=lambda each: (rows[each][key], each))
    assert falling == rising[::-1]


@pytest.mark.parametrize("sort", ["-points", "name"])
def test_going_back_shows_the_pages_we_came_by(
    session: Session, aurora: Shop, rows: Rows, shape: str, sort: str
) -> None:
    asked = read_filters({"consent": ["subscribed", "none"]})
    pages, after = [], None
    for _ in range(3):
        page = find(session, aurora, asked, sort, after=after)
        pages.append(page)
        after = page.next

    second = find(session, aurora, asked, sort, before=pages[2].previous)
    first = find(session, aurora, asked, sort, before=second.previous)

    assert (first.ids, second.ids) == (pages[0].ids, pages[1].ids)
    assert (first.previous, pages[0].previous) == (None, None)


def test_the_number_is_known_only_where_the_page_shows_all(
    session: Session, aurora: Shop, rows: Rows
) -> None:
    everyone = find(session, aurora, Filters(), "-joined", limit=60)
    some = find(session, aurora, Filters(), "-joined", limit=59)

    assert (everyone.total, everyone.next) == (60, None)
    assert some.total is None
    assert some.next


@pytest.mark.parametrize(
    "cursor",
    [
        "bm9uc2Vuc2U",
        "WyI5OTk5OTk5OTk5OTk5OTk5OTk5OTk5IiwgIjAwMDAwMDAwLTAwMDAtMDAwMC0wMDAwLTAwMDAwMDAwMDAwMCJd",
    ],
)
def test_a_forged_cursor_shows_the_first_page(
    session: Session, aurora: Shop, rows: Rows, cursor: str
) -> None:
    forged = find(session, aurora, Filters(), "points", after=cursor)

    assert forged.ids == find(session, aurora, Filters(), "points").ids


def walk(session: Session, shop: Shop, asked: Filters, sort: str) -> list[UUID]:
    """All ids, page by page."""
    found: list[UUID] = []
    after = None
    while True:
        page = find(session, shop, asked, sort, after=after)
        found += page.ids
        if page.next is None:
            return found
        after = page.next


def find(
    session: Session, shop: Shop, asked: Filters, sort: str, limit: int = 7, **where: str | None
) -> finding.Found:
    """A page of Aurora's list."""
    return find_page(session, shop.shop_id, shop.timezone, asked, sort=sort, limit=limit, **where)


def _member(shop_id: int, name: str, number: int, joined_at: Any) -> Member:
    email = f"{name.lower()}{number}@example.com"
    return Member(
        shop_id=shop_id,
        id=new_id(),
        state="active",
        first_name=name,
        email=email,
        email_norm=email,
        sources={},
        enrolled_by="account",
        joined_at=joined_at,
    )


def _facts(session: Session, shop: Shop, member_id: UUID, random: Random) -> dict[str, Any]:
    values: dict[str, Any] = {
        "points": random.choice([-5, 0, 5, 10, 40, 100]),
        "tier_id": random.choice([None, GOLD, SILVER]),
        "last_order_on": random.choice([NEVER, NOON.date() - timedelta(days=random.randrange(30))]),
        "churn": random.randrange(5),
        "consent": random.randrange(4),
        "bounce": random.randrange(3),
        "card": random.randrange(4),
    }
    values["tier_rank"] = {None: -1, SILVER: 0, GOLD: 1}[values["tier_id"]]
    session.execute(
        update(MemberListing)
        .where(MemberListing.shop_id == shop.shop_id, MemberListing.member_id == member_id)
        .values(values)
    )
    is_friend = random.random() < 0.3
    if is_friend:
        key = {"shop_id": shop.shop_id, "segment_id": FRIENDS, "member_id": member_id}
        session.add(SegmentMember(**key, entered_at=NOON))
    member = session.get_one(Member, (shop.shop_id, member_id))
    return values | {
        "is_friend": is_friend,
        "sort_name": (member.first_name or "").lower(),
        "email": member.email,
    }
