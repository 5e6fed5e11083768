"""R121–R124, R136, R160: the segments' own pages: all of them, one with its members, by hand."""

import csv
import io
import json
import re
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select
from werkzeug.test import TestResponse

from loyalty.audit import AuditRow
from loyalty.base.clock import utc_now
from loyalty.base.db import shop_transaction
from loyalty.members.tables import Member
from loyalty.segments import saving
from loyalty.shops.directory import get_shop
from tests.admin.cast import ShopAndClient
from tests.admin.segments.segment_cast import (
    RICH,
    STAFF,
    belonging,
    give_points,
    have_segment,
    own_segments,
)


def words_of(page: TestResponse) -> str:
    return " ".join(re.sub(r"<[^>]*>", " ", page.text).split())


def say(shop: ShopAndClient, segment_id: UUID, member_id: object, word: str) -> TestResponse:
    path = f"/app/segments/{segment_id}/members"
    return shop.post(path, member_id=str(member_id), word=word)


def toast(answer: TestResponse) -> str:
    return str(json.loads(answer.headers["HX-Trigger"])["encore:toast"]["message"])


def rows_of(answer: TestResponse) -> list[list[str]]:
    return list(csv.reader(io.StringIO(answer.data.decode("utf-8-sig"))))


@pytest.fixture
def rich(aurora: ShopAndClient, alice: UUID) -> UUID:
    """Alice has 150 points; the segment means who has 100."""
    give_points(aurora, alice, 150)
    return have_segment(aurora, "Rich", RICH, description="For the <sale>")


def test_list_shows_ready_made_and_own_ones_with_their_sizes(
    aurora: ShopAndClient, rich: UUID
) -> None:
    have_segment(aurora, "Friends of the house")

    page = words_of(aurora.get("/app/segments"))

    for name in ("No order for 60 days", "VIP", "Has a card", "Never redeemed", "Big spenders"):
        assert f"{name} Ready-made" in page
    assert "Points expiring soon Ready-made" in page
    assert "Rich For the &lt;sale&gt; 1 Nothing now" in page
    assert "Friends of the house By hand 0 Nothing now" in page


def test_a_segment_that_waits_says_so_and_looks_again(aurora: ShopAndClient) -> None:
    with shop_transaction(aurora.shop_id) as session:
        shop = get_shop(session, aurora.shop_id)
        segment_id = saving.add_segment(
            session, shop, name="New", criteria=RICH, actor=STAFF, now=utc_now()
        ).id

    assert "New Being counted" in words_of(aurora.get("/app/segments"))
    page = aurora.get(f"/app/segments/{segment_id}").text
    assert "Its members are being looked for" in page and 'hx-trigger="every 3s"' in page


def test_the_page_says_the_rule_in_words_and_who_belongs(aurora: ShopAndClient, rich: UUID) -> None:
    rule = {
        "any": [
            {"fact": "total_spend", "is": "at_least", "value": 50_000},
            {"fact": "last_order_on", "is": "within_days", "value": 60},
            {"not": {"fact": "has_birthday", "is": "equals", "value": True}},
        ]
    }
    segment_id = have_segment(aurora, "Many", rule)

    page = words_of(aurora.get(f"/app/segments/{segment_id}"))

    assert (
        "Members to whom at least one of these apply: Total spend is at least €500.00 "
        "Last order is within the last 60 days "
        "to whom none of these apply: Birthday known: yes" in page
    )
    assert "alice@example.com" in page and "Members 1" in page
    assert "Alice Archer" in words_of(aurora.get(f"/app/segments/{rich}"))
    german = words_of(aurora.get(f"/app/segments/{segment_id}?locale=de"))
    assert (
        "Mitglieder, auf die mindestens eines davon zutrifft: "
        "Gesamtausgaben: mindestens €500.00 "
        "Letzte Bestellung: innerhalb der letzten 60 Tage "
        "auf die nichts davon zutrifft: Geburtstag bekannt: ja" in german
    )


def test_a_segment_leads_to_a_campaign_and_to_points_for_all(
    aurora: ShopAndClient, rich: UUID
) -> None:
    page = aurora.get(f"/app/segments/{rich}").text

    links = [f"/app/campaigns/new?segment={rich}", f"/app/group-grants/new?segment={rich}"]
    for link in links:
        assert f'href="{link}"' in page
        assert re.search(rf'value="{rich}"[^>]*(checked|selected)', aurora.get(link).text), link


def test_members_come_in_batches_each_once(aurora: ShopAndClient) -> None:
    everyone = [f"Member {number:03}" for number in range(120)]
    for name in everyone:
        aurora.enrol("Member", name.split()[1], None)
    all_of_them = {"fact": "order_count", "is": "equals", "value": 0}
    path = f"/app/segments/{have_segment(aurora, 'All', all_of_them)}"

    found = []
    while path:
        page = aurora.get(path).text
        found.append(re.findall(r"<bdi>(Member \d+)</bdi>", page))
        more = re.search(r'hx-get="([^"]*after=[^"]*)"', page)
        path = more[1].replace("&amp;", "&") if more else ""

    assert [len(batch) for batch in found] == [50, 50, 20]
    assert sorted(name for batch in found for name in batch) == everyone


def test_by_hand_counts_at_once_and_goes_back_to_the_rule(
    aurora: ShopAndClient, rich: UUID, alice: UUID
) -> None:
    carla = aurora.enrol("Carla", "Costa", None)

    put_in = say(aurora, rich, carla, "in")
    kept_out = say(aurora, rich, alice, "out")

    assert (toast(put_in), toast(kept_out)) == ("Put into Rich", "Kept out of Rich")
    assert belonging(aurora, rich) == {carla}
    assert "Carla Costa By hand" in words_of(kept_out) and "Alice" not in kept_out.text
    assert "Kept out by hand 1" in words_of(kept_out)
    assert "Alice Archer" in aurora.get(f"/app/segments/{rich}?show=out").text
    for member in (alice, carla):
        back = say(aurora, rich, member, "rule")
    assert toast(back) == "Rich goes by its rule again"
    assert belonging(aurora, rich) == {alice}


def test_by_hand_of_a_segment_that_waits_says_when_it_counts(
    aurora: ShopAndClient, alice: UUID
) -> None:
    with shop_transaction(aurora.shop_id) as session:
        shop = get_shop(session, aurora.shop_id)
        segment_id = saving.add_segment(
            session, shop, name="New", criteria=RICH, actor=STAFF, now=utc_now()
        ).id

    put_in = say(aurora, segment_id, alice, "in")

    assert toast(put_in) == "Put into New, once all its members have been counted"
    assert belonging(aurora, segment_id) == set()


def test_saying_it_twice_changes_nothing_more(
    aurora: ShopAndClient, rich: UUID, alice: UUID
) -> None:
    answers = [say(aurora, rich, alice, "out") for _ in range(2)]

    assert [answer.status_code for answer in answers] == [200, 200]
    with shop_transaction(aurora.shop_id) as session:
        audited = select(AuditRow.actor_id).where(AuditRow.action == "segment_put_out")
        assert session.scalars(audited).all() == ["42"]


def test_a_segment_by_hand_is_filled_through_its_finder(aurora: ShopAndClient, alice: UUID) -> None:
    segment_id = have_segment(aurora, "Friends")
    finder = f"/app/segments/{segment_id}/finder?search="

    found = aurora.get(f"{finder}archer").text

    assert "Put in: Alice Archer" in found and f'"member_id": "{alice}"' in found
    assert "Nobody matches" in aurora.get(f"{finder}nobody").text
    assert aurora.get(finder).text.strip() == ""
    say(aurora, segment_id, alice, "in")
    assert belonging(aurora, segment_id) == {alice}
    assert "Take out" in aurora.get(f"/app/segments/{segment_id}").text


def test_who_is_not_active_is_not_put_in(aurora: ShopAndClient, rich: UUID, alice: UUID) -> None:
    carla = aurora.enrol("Carla", "Costa", None)
    with shop_transaction(aurora.shop_id) as session:
        session.get_one(Member, (aurora.shop_id, carla)).state = "archived"

    answer = say(aurora, rich, carla, "in")

    assert answer.status_code == 409
    assert "This member is not active any more. Nothing was changed." in answer.text
    assert belonging(aurora, rich) == {alice}


def test_a_word_that_no_button_says_is_refused(
    aurora: ShopAndClient, rich: UUID, alice: UUID
) -> None:
    assert say(aurora, rich, alice, "nonsense").status_code == 400
    assert say(aurora, rich, "no id", "in").status_code == 404
    assert say(aurora, rich, uuid4(), "in").status_code == 404
    assert belonging(aurora, rich) == {alice}


def test_the_file_holds_all_who_belong_and_no_formula(
    aurora: ShopAndClient, rich: UUID, alice: UUID
) -> None:
    evil = aurora.enrol("=1+1", "Costa", "carla@example.com")
    say(aurora, rich, evil, "in")

    answer = aurora.get(f"/app/segments/{rich}/members.csv")

    header, *rows = rows_of(answer)
    assert header[:3] == ["First name", "Last name", "Email"]
    assert sorted(row[:3] + row[4:5] + row[7:] for row in rows) == [
        ["'=1+1", "Costa", "carla@example.com", "0", "by hand"],
        ["Alice", "Archer", "alice@example.com", "150", "by rule"],
    ]
    with shop_transaction(aurora.shop_id) as session:
        audited = select(AuditRow.subject_id).where(AuditRow.action == "segment_members_downloaded")
        assert session.scalars(audited).all() == [str(rich)]


def test_the_file_is_fetched_never_linked(aurora: ShopAndClient, rich: UUID) -> None:
    token = aurora.bearer()["Authorization"].split()[1]

    linked = aurora.client.get(f"/app/segments/{rich}/members.csv?id_token={token}")

    assert linked.status_code == 404


def test_a_deleted_segment_is_gone_for_good(aurora: ShopAndClient, rich: UUID) -> None:
    answer = aurora.post(f"/app/segments/{rich}/removal")

    assert (answer.status_code, toast(answer)) == (204, "Segment deleted")
    assert json.loads(answer.headers["HX-Location"])["path"] == "/app/segments"
    assert aurora.get(f"/app/segments/{rich}").status_code == 404
    assert "Rich" not in words_of(aurora.get("/app/segments"))
    again = aurora.post(f"/app/segments/{rich}/removal")
    assert again.status_code == 404
    assert toast(again) == "This is no longer there. Reload the page."


def test_another_shops_segment_is_nowhere_to_be_found(
    aurora: ShopAndClient, rich: UUID, alice: UUID, borealis: ShopAndClient, bob: UUID
) -> None:
    foreign = f"/app/segments/{rich}"

    for path in (foreign, f"{foreign}/members.csv", f"{foreign}/finder?search=a"):
        assert borealis.get(path).status_code == 404, path
    assert borealis.post(f"{foreign}/removal").status_code == 404
    assert say(borealis, rich, bob, "in").status_code == 404
    assert say(borealis, rich, alice, "out").status_code == 404
    assert say(aurora, rich, bob, "in").status_code == 404
    assert belonging(aurora, rich) == {alice}
    assert "Rich" not in words_of(borealis.get("/app/segments"))
    assert own_segments(borealis) == []


def test_who_comes_and_goes_is_told_newest_first(
    aurora: ShopAndClient, rich: UUID, alice: UUID
) -> None:
    say(aurora, rich, alice, "out")
    say(aurora, rich, alice, "rule")

    page = words_of(aurora.get(f"/app/segments/{rich}?show=moves"))

    assert re.search(r"Alice Archer Came .* Alice Archer Went ", page)
    empty = aurora.get(f"/app/segments/{have_segment(aurora, 'Quiet')}?show=moves")
    assert "Nobody came or went so far" in empty.text
