"""R14–R19, R23, R25, R28: the members list, searched, sorted and paged."""

import re
from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import text

from loyalty.base.db import shop_transaction
from loyalty.listing import finding
from loyalty.listing.filters import conditions
from loyalty.listing.tables import MemberListing
from tests.admin.cast import ShopAndClient
from tests.factories.facts import NOON

NAMES = re.compile(r'class="row-link"[^>]*><bdi>([^<]*)</bdi>')


def names(aurora: ShopAndClient, query: str = "") -> list[str]:
    """The names in the list's order."""
    return NAMES.findall(aurora.get(f"/app/members{query}").text)


@pytest.fixture
def cast(aurora: ShopAndClient) -> dict[str, UUID]:
    """Three members of Aurora who joined on three days with 5, 50 and 10 points."""
    people = [("Alice", "Archer", 5), ("Carla", "Costa", 50), ("Zoë", "Ödegaard", 10)]
    found = {}
    for day, (first, last, points) in enumerate(people):
        email = f"{first.lower()}@example.com"
        member = aurora.enrol(first, last, email, joined_at=NOON - timedelta(days=20 - day))
        path = f"/app/members/{member}/adjustments"
        aurora.post(path, points=str(points), reason="contest", client_key=f"start {day}")
        found[first] = member
    aurora.look_at_members()
    return found


def test_list_shows_name_email_points_and_join_date(
    aurora: ShopAndClient, cast: dict[str, UUID]
) -> None:
    page = aurora.get("/app/members").text

    assert "Carla Costa" in page
    assert "carla@example.com" in page
    assert re.search(r'<td class="numeric">50</td>', page)
    assert "Nov 3, 2026" in page
    assert f'href="/app/members/{cast["Carla"]}"' in page
    assert "3 members" in page


@pytest.mark.parametrize(
    ("sort", "expected"),
    [
        ("name", ["Alice Archer", "Carla Costa", "Zoë Ödegaard"]),
        ("-name", ["Zoë Ödegaard", "Carla Costa", "Alice Archer"]),
        ("-email", ["Zoë Ödegaard", "Carla Costa", "Alice Archer"]),
        ("points", ["Alice Archer", "Zoë Ödegaard", "Carla Costa"]),
        ("-points", ["Carla Costa", "Zoë Ödegaard", "Alice Archer"]),
        ("joined", ["Alice Archer", "Carla Costa", "Zoë Ödegaard"]),
        ("-joined", ["Zoë Ödegaard", "Carla Costa", "Alice Archer"]),
        ("'; DROP TABLE member", ["Zoë Ödegaard", "Carla Costa", "Alice Archer"]),
    ],
)
def test_list_sorts_by_any_column(
    aurora: ShopAndClient, cast: dict[str, UUID], sort: str, expected: list[str]
) -> None:
    assert names(aurora, f"?sort={sort}") == expected


def test_sorted_header_says_how_and_offers_the_other_way(
    aurora: ShopAndClient, cast: dict[str, UUID]
) -> None:
    page = aurora.get("/app/members?sort=-points").text

    assert re.search(r'aria-sort="descending">\s*<a href="/app/members\?sort=points&', page)
    assert page.count("aria-sort") == 1


@pytest.mark.parametrize("search", ["cost", "ARLA", "carla@exa", "Carla Costa", "  carla ", "ca"])
def test_search_finds_part_of_a_name_or_email(
    aurora: ShopAndClient, cast: dict[str, UUID], search: str
) -> None:
    assert names(aurora, f"?search={search}") == ["Carla Costa"]


@pytest.mark.parametrize("search", ["arl", "%", "_lice", "\\", "'", "x" * 5000])
def test_search_takes_every_sign_literally(
    aurora: ShopAndClient, cast: dict[str, UUID], search: str
) -> None:
    found = names(aurora, f"?search={search}")

    assert found == (["Carla Costa"] if search == "arl" else [])


def test_short_search_explains_itself(aurora: ShopAndClient, cast: dict[str, UUID]) -> None:
    assert "Names and emails that begin with" in aurora.get("/app/members?search=ca").text
    assert "Names and emails that begin with" not in aurora.get("/app/members?search=car").text


def test_search_without_result_offers_the_way_back(
    aurora: ShopAndClient, cast: dict[str, UUID]
) -> None:
    page = aurora.get("/app/members?search=nobody").text

    assert "No members found" in page
    assert "Clear search" in page


def test_empty_shop_says_how_members_join(aurora: ShopAndClient) -> None:
    assert "Your members will appear here" in aurora.get("/app/members").text


def test_search_is_shown_as_text_never_as_markup(aurora: ShopAndClient) -> None:
    page = aurora.get("/app/members?search=<script>alert(1)</script>").text

    assert "<script>alert" not in page
    assert "&lt;script&gt;alert" in page


@pytest.mark.parametrize("sort", ["name", "-points", "-joined"])
def test_pages_show_each_member_once_forward_and_back(aurora: ShopAndClient, sort: str) -> None:
    everyone = [f"Member {number:02}" for number in range(60)]
    for name in everyone:
        aurora.enrol(*name.split(), None)

    pages, path = [], f"/app/members?sort={sort}"
    while path:
        page = aurora.get(path).text
        pages.append(NAMES.findall(page))
        path = turn(page, "Next page")

    assert [len(page) for page in pages] == [25, 25, 10]
    assert sorted(name for page in pages for name in page) == everyone
    assert NAMES.findall(aurora.get(turn(page, "Previous page")).text) == pages[1]


def test_page_size_is_one_of_three(aurora: ShopAndClient) -> None:
    for number in range(60):
        aurora.enrol("Member", f"{number:02}", None)

    assert len(names(aurora, "?size=50")) == 50
    assert len(names(aurora, "?size=100")) == 60
    assert len(names(aurora, "?size=1000000")) == 25


def test_foreign_cursor_shows_the_first_page(aurora: ShopAndClient, alice: UUID) -> None:
    assert names(aurora, "?after=rubbish") == ["Alice Archer"]


def test_members_of_another_shop_are_never_listed(
    aurora: ShopAndClient, alice: UUID, borealis: ShopAndClient, bob: UUID
) -> None:
    assert names(aurora) == ["Alice Archer"]
    assert names(borealis) == ["Bob Baker"]
    assert names(aurora, "?search=bob@example.com") == []


def turn(page: str, label: str) -> str:
    """The address behind the button `label`, or nothing when it is disabled."""
    found = re.search(rf'href="([^"]*)" aria-label="{label}"', page)
    return found.group(1).replace("&amp;", "&") if found else ""


def test_list_shows_last_order_churn_consent_bounces_and_card(
    aurora: ShopAndClient, cast: dict[str, UUID]
) -> None:
    know(aurora, cast["Alice"], churn=4, consent=3, bounce=2, card=3, last_order_on=NOON.date())

    page = aurora.get("/app/members?search=alice").text

    assert '<span class="badge critical">High</span>' in page
    assert '<span class="badge success">Subscribed</span>' in page
    assert '<span class="badge critical">Hard bounce</span>' in page
    assert '<span class="badge success">Apple and Google</span>' in page
    assert '<time datetime="2026-11-22">' in page


def test_filters_combine_and_each_stands_as_a_chip_that_takes_it_off(
    aurora: ShopAndClient, cast: dict[str, UUID]
) -> None:
    know(aurora, cast["Alice"], consent=3, bounce=2)
    know(aurora, cast["Carla"], consent=3)
    query = "?consent=subscribed&bounce=hard&bounce=soft&points_to=1000"

    page = aurora.get(f"/app/members{query}").text

    assert NAMES.findall(page) == ["Alice Archer"]
    assert "Bounce status: Hard bounce or Soft bounce" in page
    assert "Points: up to 1,000" in page
    chip = re.search(r'class="chip" href="([^"]*)" aria-label="Remove filter Bounce', page)
    assert chip
    without = aurora.get(chip.group(1).replace("&amp;", "&")).text
    assert sorted(NAMES.findall(without)) == ["Alice Archer", "Carla Costa"]


@pytest.mark.parametrize(
    ("query", "field", "words"),
    [
        ("joined_from=soon", "joined_from", "Enter a day"),
        ("points_from=1e9", "points_from", "Enter a whole number"),
        ("points_from=50&points_to=5", "points_to", "before the beginning"),
    ],
)
def test_what_cannot_be_read_stands_beside_its_field_and_filters_nothing(
    aurora: ShopAndClient, cast: dict[str, UUID], query: str, field: str, words: str
) -> None:
    page = aurora.get(f"/app/members?{query}").text

    assert len(NAMES.findall(page)) == 3
    assert re.search(rf'id="{field}-error" role="alert">.*{words}', page)
    typed = query.rpartition("=")[2]
    assert re.search(rf'name="{field}" form="filters" value="{typed}"', page)


def test_filters_that_nobody_fulfils_offer_the_way_back(
    aurora: ShopAndClient, cast: dict[str, UUID]
) -> None:
    page = aurora.get("/app/members?card=apple").text

    assert "Nobody matches all of these filters" in page
    assert "Show all members" in page


def test_a_segment_of_another_shop_is_not_found(
    aurora: ShopAndClient, borealis: ShopAndClient
) -> None:
    theirs = borealis.get("/app/members").text
    segment = re.findall(r'<option value="([0-9a-f-]{36})"', theirs)[0]

    assert aurora.get(f"/app/members?segment={segment}").status_code == 404
    assert borealis.get(f"/app/members?segment={segment}").status_code == 200


def test_the_number_of_many_is_asked_for_alone(aurora: ShopAndClient) -> None:
    for number in range(30):
        aurora.enrol("Member", f"{number:02}", None)

    page = aurora.get("/app/members?consent=none").text

    asked = re.search(r'hx-get="(/app/members/total[^"]*)"', page)
    assert asked
    assert aurora.get(asked.group(1).replace("&amp;", "&")).text == "30 members"


def test_a_list_that_takes_too_long_says_so(
    aurora: ShopAndClient, cast: dict[str, UUID], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(finding, "TIMEOUT_MS", 50)
    hold_up(monkeypatch)

    answer = aurora.get("/app/members?card=none")

    assert answer.status_code == 422
    assert "This would take too long" in answer.text
    assert "Card on a phone: Not installed" in answer.text


def hold_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every search waits for longer than it may take."""
    wait = text("pg_sleep(20) IS NOT NULL")
    slow = "loyalty.listing.finding.conditions"
    monkeypatch.setattr(slow, lambda *given, **more: [*conditions(*given, **more), wait])


def know(aurora: ShopAndClient, member: UUID, **facts: object) -> None:
    """Let the list know this of a member."""
    with shop_transaction(aurora.shop_id) as session:
        row = session.get_one(MemberListing, (aurora.shop_id, member))
        for name, value in facts.items():
            setattr(row, name, value)
