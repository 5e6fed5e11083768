"""R43, R78, R121–R124: a member's segments on their page, put in, kept out, back to the rule."""

import json
import re
from uuid import UUID, uuid4

import pytest
from werkzeug.test import TestResponse

from loyalty.base.clock import utc_now
from loyalty.base.db import shop_transaction
from loyalty.members.tables import Member
from loyalty.segments import refreshing
from loyalty.shops.directory import get_shop
from tests.admin.cast import ShopAndClient
from tests.admin.segments.segment_cast import RICH, belonging, give_points, have_segment


def card_of(page: TestResponse) -> str:
    """The words of the card, without its markup."""
    found = re.search(r'id="segments-card".*?</section>', page.text, re.DOTALL)
    assert found
    return " ".join(re.sub(r"<[^>]*>?", " ", found[0]).split())


def tab(shop: ShopAndClient, member_id: UUID) -> TestResponse:
    answer = shop.get(f"/app/members/{member_id}?tab=segments")
    assert answer.status_code == 200
    return answer


def say(shop: ShopAndClient, member_id: UUID, segment_id: object, word: str) -> TestResponse:
    path = f"/app/members/{member_id}/segments"
    return shop.post(path, segment_id=str(segment_id), word=word)


def choices_of(page: TestResponse) -> str:
    """What the dialog offers."""
    return page.text.split('id="add-to-segment-form"')[1].split("</form>")[0]


@pytest.fixture
def rich(aurora: ShopAndClient, alice: UUID) -> UUID:
    """Alice has 150 points; the segment means who has 100."""
    give_points(aurora, alice, 150)
    return have_segment(aurora, "Rich", RICH)


def test_the_tab_shows_where_the_member_belongs_and_why(
    aurora: ShopAndClient, rich: UUID, alice: UUID
) -> None:
    friends = have_segment(aurora, "Friends")
    say(aurora, alice, friends, "in")

    page = tab(aurora, alice)

    assert re.search(r"Friends By hand Since .* Take out .*Rich By rule Since ", card_of(page))
    badges = page.text.split('id="segment-badges"')[1].split("</header>")[0]
    assert "Friends" in badges and "Rich" in badges


def test_add_to_segment_is_among_the_actions_and_offers_the_others(
    aurora: ShopAndClient, rich: UUID, alice: UUID
) -> None:
    have_segment(aurora, "Friends")

    page = aurora.get(f"/app/members/{alice}")

    more = page.text.split('id="more"')[1].split("</details>")[0]
    assert 'data-open="add-to-segment"' in more
    assert "Friends" in choices_of(page) and ">Rich<" not in choices_of(page)


def test_added_by_hand_stays_whatever_the_rule_says(
    aurora: ShopAndClient, rich: UUID, alice: UUID
) -> None:
    carla = aurora.enrol("Carla", "Costa", None)

    answer = say(aurora, carla, rich, "in")

    events = json.loads(answer.headers["HX-Trigger"])
    assert events["encore:toast"]["message"] == "Put into Rich"
    assert events["encore:close"] == {"id": "add-to-segment"}
    assert "Rich By hand" in card_of(answer) and "Back to the rule" in card_of(answer)
    look_at_all(aurora, rich)
    assert belonging(aurora, rich) == {alice, carla}


def test_kept_out_survives_every_look_until_the_rule_decides_again(
    aurora: ShopAndClient, rich: UUID, alice: UUID
) -> None:
    kept_out = say(aurora, alice, rich, "out")
    look_at_all(aurora, rich)

    assert re.search(r"Kept out by hand Rich Kept out Since .* Back to the rule", card_of(kept_out))
    assert belonging(aurora, rich) == set()
    back = say(aurora, alice, rich, "rule")
    assert "Rich By rule" in card_of(back) and "Kept out" not in card_of(back)
    assert belonging(aurora, rich) == {alice}


def test_what_is_not_there_is_refused_with_its_reason(
    aurora: ShopAndClient, rich: UUID, alice: UUID
) -> None:
    answers = [say(aurora, alice, unknown, "in") for unknown in (uuid4(), "", "no id")]

    assert [answer.status_code for answer in answers] == [404] * 3
    for answer in answers:
        assert "This segment is no longer there. Choose another." in choices_of(answer)
    assert say(aurora, alice, rich, "nonsense").status_code == 400


def test_a_button_of_the_card_says_its_refusal_in_a_toast(
    aurora: ShopAndClient, rich: UUID, alice: UUID
) -> None:
    archive(aurora, alice)

    answer = say(aurora, alice, rich, "out")

    assert answer.status_code == 409
    told = json.loads(answer.headers["HX-Trigger"])["encore:toast"]["message"]
    assert told == "This member is not active any more. Nothing was changed."


def test_nothing_can_be_done_for_who_is_archived(
    aurora: ShopAndClient, rich: UUID, alice: UUID
) -> None:
    archive(aurora, alice)

    page = tab(aurora, alice)

    assert "Keep out" not in card_of(page) and 'id="add-to-segment-form"' not in page.text


def test_another_shops_member_or_segment_is_not_found(
    aurora: ShopAndClient, rich: UUID, alice: UUID, borealis: ShopAndClient, bob: UUID
) -> None:
    assert say(borealis, alice, rich, "out").status_code == 404
    assert say(borealis, bob, rich, "in").status_code == 404
    assert belonging(aurora, rich) == {alice}
    assert "Rich" not in tab(borealis, bob).text


def archive(shop: ShopAndClient, member_id: UUID) -> None:
    with shop_transaction(shop.shop_id) as session:
        session.get_one(Member, (shop.shop_id, member_id)).state = "archived"


def look_at_all(shop: ShopAndClient, segment_id: UUID) -> None:
    """What the nightly job does."""
    with shop_transaction(shop.shop_id) as session:
        row = get_shop(session, shop.shop_id)
        refreshing.refresh(session, row, segment_id, now=utc_now())
