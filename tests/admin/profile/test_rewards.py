"""R88, R89, R133: what a member can redeem now stands on the page, and staff redeem it for them."""

import json
import re
from datetime import timedelta
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

import pytest
from werkzeug.test import TestResponse

from loyalty.audit import Actor
from loyalty.base.clock import utc_now
from loyalty.base.db import shop_transaction
from loyalty.ledger.posting import Cause, credit, lock_balance
from loyalty.members.tables import MemberBalance
from loyalty.redemption.returning import finish
from loyalty.redemption.tables import Redemption
from loyalty.redemption.views import list_redemptions
from loyalty.rewards.saving import add_reward
from loyalty.rewards.stock import import_codes
from loyalty.shops.directory import get_shop
from tests.admin.cast import ShopAndClient
from wallet.tokens import find_scanned, get_token

STAFF = Actor("staff", "1")


def have_reward(shop: ShopAndClient, name: str, cost: int, codes: str | None = None) -> UUID:
    """5.00 off; of imported codes where some are given."""
    given = {"name": name, "kind": "fixed_amount", "amount": "5.00", "cost_points": cost}
    with shop_transaction(shop.shop_id) as session:
        row, now = get_shop(session, shop.shop_id), utc_now()
        source = {"code_source": "stock"} if codes is not None else {}
        reward = add_reward(session, row, given | source, actor=STAFF, now=now)
        if codes:
            import_codes(session, shop.shop_id, reward.id, codes, actor=STAFF, now=now)
        return reward.id


def have_points(shop: ShopAndClient, member: UUID, points: int) -> None:
    with shop_transaction(shop.shop_id) as session:
        balance = lock_balance(session, shop.shop_id, member)
        cause = Cause("grant", f"grant:{uuid4()}", "test", "1", "staff:1", utc_now())
        credit(session, balance, cause, points=points, now=utc_now())


def card_of(page: TestResponse) -> str:
    """The words of the card, without its markup."""
    found = re.search(r'id="rewards-card".*?</section>', page.text, re.DOTALL)
    assert found
    return " ".join(re.sub(r"<[^>]*>?", " ", found[0]).split())


def redeem(
    shop: ShopAndClient, member: UUID, reward_id: object, key: object = None, **more: str
) -> TestResponse:
    fields = {"reward_id": str(reward_id), "client_key": str(key or uuid4())} | more
    return shop.post(f"/app/members/{member}/redemptions", **fields)


def redemptions(shop: ShopAndClient, member: UUID) -> list[Redemption]:
    with shop_transaction(shop.shop_id) as session:
        return list(list_redemptions(session, shop.shop_id, member).rows)


def balance(shop: ShopAndClient, member: UUID) -> int:
    with shop_transaction(shop.shop_id) as session:
        return session.get_one(MemberBalance, (shop.shop_id, member)).available


def toast(answer: TestResponse) -> str:
    return str(json.loads(answer.headers["HX-Trigger"])["encore:toast"]["message"])


def test_the_page_says_what_can_be_redeemed_now_and_what_is_missing(
    aurora: ShopAndClient, alice: UUID
) -> None:
    have_reward(aurora, "Five", 100)
    have_reward(aurora, "Ten", 200)
    have_points(aurora, alice, 150)

    card = card_of(aurora.get(f"/app/members/{alice}"))

    assert "Can be redeemed now Five: €5.00 off, 100 points" in card
    assert "Not now Ten , 200 points 50 points are missing" in card


def test_a_shop_without_rewards_has_no_such_card(aurora: ShopAndClient, alice: UUID) -> None:
    assert 'id="rewards-card"' not in aurora.get(f"/app/members/{alice}").text


def test_staff_redeem_for_a_member_once_whoever_clicks_twice(
    aurora: ShopAndClient, alice: UUID
) -> None:
    reward_id, key = have_reward(aurora, "Mug", 100, "MUG-1\nMUG-2"), uuid4()
    have_points(aurora, alice, 250)

    answer, again = (redeem(aurora, alice, reward_id, key) for _ in range(2))

    assert (answer.status_code, again.status_code) == (200, 200)
    assert toast(answer) == "Redeemed. The code is MUG-1"
    assert balance(aurora, alice) == 150
    [made] = redemptions(aurora, alice)
    assert (made.state, made.channel, made.actor) == ("issued", "admin", "staff:42")
    assert "Redeemed Mug Can be used 100 points, " in card_of(answer) and "MUG-1" in card_of(answer)
    timeline = answer.text.split('id="timeline-card"')[1]
    for words in ("Reward redeemed", "Mug (100 points)", "Reward redeemable"):
        assert words in timeline


def test_what_staff_redeem_makes_the_code_of_the_card_an_old_one(
    aurora: ShopAndClient, alice: UUID
) -> None:
    reward_id = have_reward(aurora, "Mug", 100, "MUG-1")
    have_points(aurora, alice, 250)
    with shop_transaction(aurora.shop_id) as session:
        photographed = get_token(session, aurora.shop_id, alice, now=utc_now()).token

    redeem(aurora, alice, reward_id)

    with shop_transaction(aurora.shop_id) as session:
        found = find_scanned(session, aurora.shop_id, photographed)
    assert found is not None and not found.is_newest


def test_while_shopify_is_silent_the_page_says_that_the_code_follows(
    aurora: ShopAndClient, alice: UUID
) -> None:
    reward_id = have_reward(aurora, "Five", 100)
    have_points(aurora, alice, 100)

    answer = redeem(aurora, alice, reward_id)

    assert toast(answer).startswith("Redeemed. The code is being made")
    assert "Code is being made" in card_of(answer)
    assert redemptions(aurora, alice)[0].state == "reserved"


@pytest.mark.parametrize(
    ("cost", "codes", "status", "words"),
    [
        (101, "A-1", 409, "1 point is missing"),
        (100, "", 409, "This reward is out of stock"),
    ],
)
def test_a_refusal_says_why_and_takes_nothing(
    aurora: ShopAndClient, alice: UUID, cost: int, codes: str, status: int, words: str
) -> None:
    reward_id = have_reward(aurora, "Mug", cost, codes)
    have_points(aurora, alice, 100)

    answer = redeem(aurora, alice, reward_id)

    assert answer.status_code == status
    assert words in card_of(answer)
    assert balance(aurora, alice) == 100
    assert redemptions(aurora, alice) == []


def test_a_refusal_keeps_what_was_chosen_and_stands_beside_its_field(
    aurora: ShopAndClient, alice: UUID
) -> None:
    mug, key = have_reward(aurora, "Mug", 1, "A-1"), uuid4()
    with shop_transaction(aurora.shop_id) as session:
        terms = {"name": "Each", "kind": "fixed_amount", "pricing": "per_point"}
        terms |= {"amount": "1.00", "cost_points": "10"}
        row, now = get_shop(session, aurora.shop_id), utc_now()
        each = add_reward(session, row, terms, actor=STAFF, now=now).id
    have_points(aurora, alice, 50)

    typed = redeem(aurora, alice, each, redeem_points="<9>", sends_email="1")
    gone = redeem(aurora, alice, UUID(int=7), redeem_points="20")
    redeem(aurora, alice, mug, key)
    reused = redeem(aurora, alice, each, key)

    assert 'id="redeem_points-error"' in typed.text and 'value="&lt;9&gt;"' in typed.text
    assert f'<option value="{each}" selected>' in typed.text
    assert 'id="reward_id-error"' in gone.text and 'value="20"' in gone.text
    assert 'id="rewards-error"' in reused.text


def test_a_code_that_cannot_be_taken_back_says_so_beside_it(
    aurora: ShopAndClient, alice: UUID
) -> None:
    reward_id = have_reward(aurora, "Mug", 1, "A-1")
    have_points(aurora, alice, 50)
    redeem(aurora, alice, reward_id)
    [made] = redemptions(aurora, alice)
    with shop_transaction(aurora.shop_id) as session:
        session.get_one(Redemption, (aurora.shop_id, made.id)).state = "used"

    answer = aurora.post(f"/app/members/{alice}/redemptions/{made.id}/returns")

    row = answer.text.split('class="plain-list held"')[1]
    assert answer.status_code == 409 and 'id="redemption-error"' in row


def test_what_was_redeemed_long_ago_is_loaded_batch_by_batch(
    aurora: ShopAndClient, alice: UUID
) -> None:
    codes = [f"OLD-{number:02}" for number in range(13)]
    reward_id = have_reward(aurora, "Mug", 1, "\n".join(codes))
    have_points(aurora, alice, 50)
    for _ in codes:
        redeem(aurora, alice, reward_id)

    page = aurora.get(f"/app/members/{alice}").text
    more = page.split("/redemptions?after=")[1].split('"')[0]
    rest = aurora.get(f"/app/members/{alice}/redemptions?after={more}").text

    assert [page.count(f">{code}<") + rest.count(f">{code}<") for code in codes] == [1] * 13
    assert rest.count("OLD-") == 6 and "Load more" not in rest and "<html" not in rest


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"reward_id": "none"}, "Reward is not chosen"),
        ({"reward_id": str(uuid4())}, "There is no such reward"),
        ({"client_key": "none"}, "Reward is not chosen"),
        ({"redeem_points": "1e3"}, "Points are no whole number"),
    ],
)
def test_what_no_form_of_ours_sends_is_refused(
    aurora: ShopAndClient, alice: UUID, fields: dict[str, str], words: str
) -> None:
    reward_id = have_reward(aurora, "Mug", 1, "A-1")
    have_points(aurora, alice, 100)
    sent = {"reward_id": str(reward_id), "client_key": str(uuid4())} | fields

    answer = aurora.post(f"/app/members/{alice}/redemptions", **sent)

    assert answer.status_code in (404, 422)
    assert words in card_of(answer)
    assert balance(aurora, alice) == 100


def test_an_unused_code_is_taken_back_and_another_members_is_not_found(
    aurora: ShopAndClient, alice: UUID
) -> None:
    reward_id = have_reward(aurora, "Mug", 100, "MUG-1")
    have_points(aurora, alice, 100)
    redeem(aurora, alice, reward_id)
    [made] = redemptions(aurora, alice)
    carol = aurora.enrol("Carol", "Carter", "carol@example.com")

    strange = aurora.post(f"/app/members/{carol}/redemptions/{made.id}/returns")
    answer = aurora.post(f"/app/members/{alice}/redemptions/{made.id}/returns")

    assert strange.status_code == 404
    # Shopify is silent here: the points stay away until the code is dead.
    assert toast(answer) == "The points will be back in a minute"
    assert "Being taken back" in card_of(answer)
    assert (redemptions(aurora, alice)[0].state, balance(aurora, alice)) == ("returning", 0)


def test_a_form_that_comes_again_after_its_code_was_taken_back_shows_no_dead_code(
    aurora: ShopAndClient, alice: UUID
) -> None:
    """The page is reloaded, and the browser sends the form once more."""
    reward_id, key = have_reward(aurora, "Mug", 100, "MUG-1\nMUG-2"), uuid4()
    have_points(aurora, alice, 100)
    redeem(aurora, alice, reward_id, key)
    [made] = redemptions(aurora, alice)
    aurora.post(f"/app/members/{alice}/redemptions/{made.id}/returns")

    coming_back = redeem(aurora, alice, reward_id, key)
    with shop_transaction(aurora.shop_id) as session:
        finish(session, aurora.shop_id, made.id, now=utc_now())
    back = redeem(aurora, alice, reward_id, key)

    assert toast(coming_back).startswith("This was redeemed before and is being taken back")
    assert toast(back).startswith("This was redeemed before and taken back")
    assert "MUG-1" not in toast(coming_back) + card_of(coming_back) + toast(back) + card_of(back)
    assert (balance(aurora, alice), len(redemptions(aurora, alice))) == (100, 1)


def test_a_form_that_comes_again_after_its_code_was_used_says_so(
    aurora: ShopAndClient, alice: UUID
) -> None:
    reward_id, key = have_reward(aurora, "Mug", 100, "MUG-1"), uuid4()
    have_points(aurora, alice, 100)
    redeem(aurora, alice, reward_id, key)
    with shop_transaction(aurora.shop_id) as session:
        session.query(Redemption).one().state = "used"

    assert toast(redeem(aurora, alice, reward_id, key)).endswith("its code is used")


def test_an_unused_code_says_its_last_day_and_no_midnight(
    aurora: ShopAndClient, alice: UUID
) -> None:
    """Good until the midnight after it, as the member reads it on the card."""
    reward_id = have_reward(aurora, "Mug", 100, "MUG-1")
    have_points(aurora, alice, 100)

    card = card_of(redeem(aurora, alice, reward_id))

    [made] = redemptions(aurora, alice)
    assert made.expires_at is not None
    with shop_transaction(aurora.shop_id) as session:
        zone = get_shop(session, aurora.shop_id).timezone
    last_on = made.expires_at.astimezone(ZoneInfo(zone)) - timedelta(days=1)
    assert f"MUG-1 until {last_on:%b} {last_on.day}, {last_on.year} Take back" in card


def test_many_points_that_are_missing_are_written_as_the_shop_writes_numbers(
    aurora: ShopAndClient, alice: UUID
) -> None:
    have_reward(aurora, "Weekend", 90_000)

    assert "90,000 points 90,000 points are missing" in card_of(aurora.get(f"/app/members/{alice}"))


def test_one_point_is_no_points(aurora: ShopAndClient, alice: UUID) -> None:
    reward_id = have_reward(aurora, "Sticker", 1, "STICKER-1\nSTICKER-2")
    have_points(aurora, alice, 100)

    answer = redeem(aurora, alice, reward_id)

    assert "1 point Redeem" in card_of(answer).replace(" Send the code by email", "")
    assert "Redeemed Sticker Can be used 1 point," in card_of(answer)
    assert "Sticker (1 point)" in answer.text


def test_staff_of_another_shop_redeem_nothing(
    aurora: ShopAndClient, borealis: ShopAndClient, alice: UUID
) -> None:
    reward_id = have_reward(aurora, "Mug", 100, "MUG-1")
    have_points(aurora, alice, 100)

    assert redeem(borealis, alice, reward_id).status_code == 404
    assert balance(aurora, alice) == 100
