"""R155, R135: staff give a member a coupon on their page, and see those that they have."""

import json
import re
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select
from werkzeug.test import TestResponse

from loyalty.audit import Actor, AuditRow
from loyalty.base.clock import day_in, utc_now
from loyalty.base.db import shop_transaction
from loyalty.coupons.giving import note_refused
from loyalty.coupons.importing import import_codes
from loyalty.coupons.saving import add_coupon, end_coupon, lock_coupon
from loyalty.coupons.tables import CouponCode
from loyalty.coupons.using import OrderWithCodes, note_uses
from loyalty.outbox import COUPON_EMAIL_ASKED, OutboxEvent
from loyalty.shops.directory import get_shop
from tests.admin.cast import ShopAndClient

STAFF = Actor("staff", "1")


def have_coupon(shop: ShopAndClient, name: str, *codes: str, **more: Any) -> UUID:
    """5.00 off; of imported codes where some are given."""
    given = {"name": name, "kind": "fixed_amount", "amount": "5.00"} | more
    now = utc_now()
    with shop_transaction(shop.shop_id) as session:
        row = get_shop(session, shop.shop_id)
        source = {"code_source": "imported"} if codes else {}
        coupon = add_coupon(session, row, given | source, actor=STAFF, now=now)
        if codes:
            content = "\n".join(("code", *codes)).encode()
            import_codes(session, shop.shop_id, coupon.id, content, actor=STAFF, now=now)
        return coupon.id


def give(
    shop: ShopAndClient, member: UUID, coupon_id: object, key: object = None, **more: str
) -> TestResponse:
    fields = {"coupon_id": str(coupon_id), "client_key": str(key or uuid4())} | more
    return shop.post(f"/app/members/{member}/coupons", **fields)


def card_of(page: TestResponse) -> str:
    """The words of the card, without its markup."""
    found = re.search(r'id="coupons-card".*?</section>', page.text, re.DOTALL)
    assert found
    return " ".join(re.sub(r"<[^>]*>?", " ", found[0]).split())


def toast(answer: TestResponse) -> str:
    return str(json.loads(answer.headers["HX-Trigger"])["encore:toast"]["message"])


def codes(shop: ShopAndClient) -> list[CouponCode]:
    """Those that somebody was given."""
    with shop_transaction(shop.shop_id) as session:
        given = select(CouponCode).where(CouponCode.member_id.is_not(None))
        return list(session.scalars(given))


def test_staff_give_a_coupon_once_whoever_clicks_twice(aurora: ShopAndClient, alice: UUID) -> None:
    coupon_id, key = have_coupon(aurora, "Five <off>", "SPA-1", "SPA-2"), uuid4()

    answer, again = (give(aurora, alice, coupon_id, key, sends_email="1") for _ in range(2))

    assert (answer.status_code, again.status_code) == (200, 200)
    assert toast(answer) == toast(again) == "Coupon given. The code is SPA-1"
    [given] = codes(aurora)
    assert (given.member_id, given.code) == (alice, "SPA-1")
    assert "Five &lt;off&gt; Can be used €5.00 off, " in card_of(answer) and "SPA-1" in card_of(
        answer
    )
    assert "Coupon assigned" in answer.text.split('id="timeline-card"')[1]
    with shop_transaction(aurora.shop_id) as session:
        asked = session.scalars(select(OutboxEvent).where(OutboxEvent.kind == COUPON_EMAIL_ASKED))
        assert [event.body for event in asked] == [{"coupon_code_id": str(given.id)}]
        audited = select(AuditRow.actor_id).where(AuditRow.action == "coupon_assigned")
        assert session.scalars(audited).all() == ["42"]


def test_a_code_that_is_to_be_made_is_said_to_follow(aurora: ShopAndClient, alice: UUID) -> None:
    answer = give(aurora, alice, have_coupon(aurora, "Five off"))

    assert toast(answer) == "Coupon given. The code is being made"
    [given] = codes(aurora)
    assert "Code is being made" in card_of(answer) and given.code not in card_of(answer)


def test_a_code_that_shopify_refused_is_shown_as_refused(
    aurora: ShopAndClient, alice: UUID
) -> None:
    # given a code that was asked for, and that Shopify will not have
    coupon_id, key = have_coupon(aurora, "Five off"), uuid4()
    give(aurora, alice, coupon_id, key)
    [given] = codes(aurora)
    with shop_transaction(aurora.shop_id) as session:
        coupon = lock_coupon(session, aurora.shop_id, coupon_id)
        refused = {given.code: "It is too long"}
        note_refused(session, coupon, present=(), foreign=(), refused=refused, now=utc_now())
    # when staff look, and when the form that gave it comes again
    page, again = aurora.get(f"/app/members/{alice}"), give(aurora, alice, coupon_id, key)
    # then
    assert "Five off Refused by Shopify" in card_of(page) and given.code not in card_of(page)
    assert "Reason: It is too long" in page.text
    assert toast(again) == "This code is gone. Give the coupon anew"
    assert toast(give(aurora, alice, coupon_id)) == "Coupon given. The code is being made"


def test_the_page_shows_what_the_member_has(aurora: ShopAndClient, alice: UUID) -> None:
    tomorrow = day_in("Europe/Madrid", utc_now()) + timedelta(days=1)
    used, early = (
        have_coupon(aurora, "Used", "A1"),
        have_coupon(aurora, "Early", "B1", starts_on=tomorrow, ends_on=tomorrow),
    )
    for coupon_id in (used, early):
        give(aurora, alice, coupon_id)
    with shop_transaction(aurora.shop_id) as session:
        note_uses(session, aurora.shop_id, [OrderWithCodes(1, "#1", utc_now(), ("A1",))])

    card = card_of(aurora.get(f"/app/members/{alice}"))

    assert re.search(
        r"Early Not yet €5.00 off, .* B1 from .* until .* Used Used €5.00 off, .* A1", card
    )


def test_a_shop_without_coupons_has_no_such_card(aurora: ShopAndClient, alice: UUID) -> None:
    assert 'id="coupons-card"' not in aurora.get(f"/app/members/{alice}").text


def test_what_is_not_handed_out_cannot_be_chosen(aurora: ShopAndClient, alice: UUID) -> None:
    ended = have_coupon(aurora, "Ended", "A1")
    have_coupon(aurora, "Running", "B1")
    with shop_transaction(aurora.shop_id) as session:
        end_coupon(session, aurora.shop_id, ended, actor=STAFF, now=utc_now())

    card = card_of(aurora.get(f"/app/members/{alice}"))

    assert "Running: €5.00 off" in card and "Ended" not in card


def test_a_refusal_says_why_and_gives_nothing(aurora: ShopAndClient, alice: UUID) -> None:
    coupon_id, ended = have_coupon(aurora, "Five off", "A1"), have_coupon(aurora, "Ended", "B1")
    give(aurora, alice, coupon_id, UUID(int=1))
    with shop_transaction(aurora.shop_id) as session:
        end_coupon(session, aurora.shop_id, ended, actor=STAFF, now=utc_now())

    twice = give(aurora, alice, coupon_id)
    over = give(aurora, alice, ended)
    reused = give(aurora, alice, have_coupon(aurora, "Other", "C1"), UUID(int=1))

    assert (twice.status_code, over.status_code, reused.status_code) == (422, 409, 409)
    assert "The member has had it as many times as allowed" in card_of(twice)
    assert "Ended is not handed out any more" in card_of(over)
    assert "already sent for another coupon" in card_of(reused)
    assert [code.code for code in codes(aurora)] == ["A1"]
    # and: the coupon stays chosen, with the reason beside it; what is in no list stands above
    assert 'id="coupon_id-error"' in twice.text
    assert f'<option value="{coupon_id}" selected>' in twice.text
    assert 'id="coupons-error"' in reused.text


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"coupon_id": "none"}, "A coupon is not chosen"),
        ({"client_key": ""}, "A coupon is not chosen"),
        ({"coupon_id": str(UUID(int=7))}, "There is no such coupon any more"),
    ],
)
def test_what_no_form_of_ours_sends_is_refused(
    aurora: ShopAndClient, alice: UUID, fields: dict[str, str], words: str
) -> None:
    coupon_id = have_coupon(aurora, "Five off", "A1")

    answer = aurora.post(
        f"/app/members/{alice}/coupons",
        **{"coupon_id": str(coupon_id), "client_key": str(uuid4())} | fields,
    )

    assert answer.status_code in (404, 422)
    assert words in card_of(answer)
    assert codes(aurora) == []


def test_staff_of_another_shop_give_nothing(
    aurora: ShopAndClient, borealis: ShopAndClient, alice: UUID
) -> None:
    coupon_id = have_coupon(aurora, "Five off", "A1")
    bob = borealis.enrol("Bob", "Brown", "bob@example.com")

    assert give(borealis, alice, coupon_id).status_code == 404
    assert give(borealis, bob, coupon_id).status_code == 404
    assert codes(aurora) == []
