"""R30–R47, R49–R52, R80–R109, R134: one member's page, its tabs and batches."""

import re
from datetime import timedelta
from uuid import UUID

import pytest

from loyalty import timeline
from loyalty.base.db import shop_transaction
from loyalty.members.tables import Customer, Member
from loyalty.orders.recording import record_order
from loyalty.shops.directory import get_shop
from tests.admin.cast import ShopAndClient
from tests.factories.facts import NOON, a_line, an_order


@pytest.fixture
def path(alice: UUID) -> str:
    """Alice's page."""
    return f"/app/members/{alice}"


def stat(page: str, label: str) -> str:
    """The figure under `label` at the top of the page."""
    found = re.search(rf"<dt>{label}</dt>\s*<dd>([^<]*)", page)
    assert found, label
    return found.group(1)


def order(shop: ShopAndClient, member: UUID, order_id: int, gross_minor: int) -> None:
    """A paid order of the member in the shop's currency, a minute later for each id."""
    at = NOON + timedelta(minutes=order_id)
    with shop_transaction(shop.shop_id) as session:
        its = get_shop(session, shop.shop_id)
        customer = session.query(Customer).filter_by(member_id=member).one()
        facts = an_order(
            order_id,
            a_line(gross_minor=gross_minor),
            customer_id=customer.customer_id,
            processed_at=at,
            created_at=at,
            updated_at=at,
            currency=its.currency,
        )
        record_order(session, its, facts, now=at, is_backfill=False)


def test_head_shows_balance_earned_burned_orders_and_spend(
    aurora: ShopAndClient, alice: UUID, path: str
) -> None:
    order(aurora, alice, 1, 123_450)
    order(aurora, alice, 2, 1_000)

    page = aurora.get(path).text

    assert "<h1>Alice Archer</h1>" in page
    assert stat(page, "Actual balance") == "1,244"
    assert stat(page, "Lifetime earned") == "1,244"
    assert stat(page, "Lifetime burned") == "0"
    assert stat(page, "Total orders") == "2"
    assert stat(page, "Total spend") == "€1,244.50"
    assert "Pending" not in page


def test_details_show_only_what_is_known(aurora: ShopAndClient, alice: UUID, path: str) -> None:
    bare = aurora.get(path).text
    with shop_transaction(aurora.shop_id) as session:
        member = session.get_one(Member, (aurora.shop_id, alice))
        member.phone = "+34600000000"
        town = {"zip": "28013", "city": "Madrid", "province_code": "MD", "country_code": "ES"}
        member.address = {"address1": "Calle Mayor 1", **town}
    full = aurora.get(path).text

    assert "<dt>Phone</dt>" not in bare and "<dt>Address</dt>" not in bare
    assert "+34600000000" in full
    assert "Calle Mayor 1" in full and "28013 Madrid" in full
    assert "<bdi>MD</bdi>" in full and "<bdi>ES</bdi>" in full
    assert "alice@example.com" in full and "Nov 22, 2026, 1:00:00\xa0PM" in full


@pytest.mark.parametrize(("verified_at", "words"), [(None, "Unverified"), (NOON, "Verified")])
def test_badge_says_whether_the_email_is_verified(
    aurora: ShopAndClient, alice: UUID, path: str, verified_at: object, words: str
) -> None:
    with shop_transaction(aurora.shop_id) as session:
        session.get_one(Member, (aurora.shop_id, alice)).email_verified_at = verified_at  # type: ignore[assignment]

    badge = re.search(
        r'<span class="badge ([a-z]*)">([A-Z][a-z]*erified)</span>', aurora.get(path).text
    )

    assert badge and badge.groups() == ("success" if verified_at else "", words)


def test_member_without_pass_is_out_of_reach_of_pushes(aurora: ShopAndClient, path: str) -> None:
    page = aurora.get(path).text

    assert "Push cannot reach this member" in page
    assert re.search(r"Apple Wallet</span> <strong>0</strong>", page)


def test_last_transaction_is_told_with_its_order(
    aurora: ShopAndClient, alice: UUID, path: str
) -> None:
    order(aurora, alice, 7, 1_000)

    assert re.search(r"\+10 points, .*order <bdi>#7</bdi>", aurora.get(path).text)


def test_orders_tab_lists_each_order_once_in_batches(
    aurora: ShopAndClient, alice: UUID, path: str
) -> None:
    for number in range(1, 31):
        order(aurora, alice, number, 1_000)

    page = aurora.get(f"{path}?tab=orders").text
    more = re.search(r'hx-get="([^"]*/orders\?[^"]*)"', page)
    assert more
    rest = aurora.get(more.group(1).replace("&amp;", "&")).text

    rows = re.compile(r'<th scope="row"><bdi>#(\d+)</bdi>')
    assert rows.findall(page) + rows.findall(rest) == [str(n) for n in range(30, 0, -1)]
    assert "Load more" not in rest
    assert "€300.00" in page and "€10.00" in page
    assert re.search(r"Average order value</th><td[^>]*>€10\.00<", page)


def test_order_stands_with_its_day_and_the_points_it_earned(
    aurora: ShopAndClient, alice: UUID, path: str
) -> None:
    order(aurora, alice, 7, 1_250)

    page = aurora.get(f"{path}?tab=orders").text

    [row] = re.findall(r'<tr>\s*<th scope="row"><bdi>#7</bdi>.*?</tr>', page, re.DOTALL)
    amount, points = re.findall(r'<td class="numeric">([^<]*)</td>', row)
    assert "Nov 22, 2026, 1:07:00\xa0PM" in row
    assert (amount, points) == ("€12.50", "12")


def test_timeline_is_newest_first_and_loads_more_without_repeats(
    aurora: ShopAndClient, alice: UUID, path: str
) -> None:
    with shop_transaction(aurora.shop_id) as session:
        for number in range(40):
            at = NOON + timedelta(seconds=number)
            text = f"push {number:02}"
            timeline.note_event(
                session, aurora.shop_id, alice, timeline.PUSH_SENT, at, platform="apple", text=text
            )

    page, found = aurora.get(path).text, []
    while True:
        found += re.findall(r"push (\d\d)", page)
        more = re.search(r'hx-get="([^"]*/timeline\?[^"]*)"', page)
        if more is None:
            break
        page = aurora.get(more.group(1).replace("&amp;", "&")).text

    assert found == [f"{number:02}" for number in range(39, -1, -1)]


def test_event_tells_exact_time_in_the_shops_zone_amount_and_source(
    aurora: ShopAndClient, alice: UUID, path: str
) -> None:
    order(aurora, alice, 9, 2_000)

    page = aurora.get(f"{path}?tab=timeline").text

    assert "Points added" in page and "+20" in page and "Order #9" in page
    assert "Earned with an order" in page
    assert "Nov 22, 2026, 1:09:00\xa0PM" in page


@pytest.mark.parametrize("suffix", ["", "/timeline", "/orders"])
def test_member_of_another_shop_is_not_found(aurora: ShopAndClient, bob: UUID, suffix: str) -> None:
    answer = aurora.get(f"/app/members/{bob}{suffix}")

    assert answer.status_code == 404
    assert "Bob" not in answer.text
    assert "Page not found" in answer.text and "Go to members" in answer.text


@pytest.mark.parametrize(
    "path", ["members/nobody", "members/1", f"members/{UUID(int=7)}", "no/page"]
)
def test_unknown_address_is_a_page_with_a_way_back(aurora: ShopAndClient, path: str) -> None:
    answer = aurora.get(f"/app/{path}")

    assert answer.status_code == 404
    assert "Go to members" in answer.text
