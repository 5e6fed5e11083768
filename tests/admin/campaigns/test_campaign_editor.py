"""R154: a campaign is written and changed on a page; what is wrong stands beside its field."""

import json
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import pytest
from werkzeug.test import TestResponse

from loyalty.audit import AuditRow
from loyalty.base.clock import utc_now
from loyalty.base.db import shop_transaction
from loyalty.coupons.saving import add_coupon
from loyalty.shops.directory import get_shop
from tests.admin.campaigns.campaign_cast import (
    STAFF,
    be_sending,
    campaigns,
    have_campaign,
    have_segment,
    send,
)
from tests.admin.cast import ShopAndClient

FORM: dict[str, Any] = {
    "name": "Spring",
    "topic": "offers",
    "channels": ["email", "push"],
    "subject": "Hello {{ first_name | friend }}",
    "text": "The spring things are here.\n\nCome and see.",
    "button": "See them",
    "link_path": "/collections/spring",
    "push_text": "Spring is here",
    "coupon_id": "",
    "bonus_points": "50",
    "holdout_percent": "20",
    "order_days": "30",
    "when": "later",
    "starts_at": "2030-06-01T09:30",
}


def leads_to(answer: TestResponse) -> str:
    """The page that the answer sends its reader to."""
    assert answer.status_code == 204
    return str(json.loads(answer.headers["HX-Location"])["path"])


def test_navigation_leads_to_campaigns_and_the_first_is_invited(aurora: ShopAndClient) -> None:
    page = aurora.get("/app/campaigns").text

    assert 'href="/app/campaigns">Campaigns</a>' in aurora.get("/app").text
    assert "No campaigns yet" in page and 'href="/app/campaigns/new"' in page


def test_a_new_campaign_is_a_draft_of_all_that_was_typed(
    aurora: ShopAndClient, alice: UUID
) -> None:
    segments = [str(have_segment(aurora, name, alice)) for name in ("VIP", "Asleep")]

    answer = send(aurora, "/app/campaigns", **FORM, segment_ids=segments)

    [saved] = campaigns(aurora)
    assert leads_to(answer) == f"/app/campaigns/{saved.id}"
    assert (saved.state, saved.channels, saved.segment_ids) == (
        "draft",
        ["email", "push"],
        segments,
    )
    assert (saved.subject, saved.bonus_points) == ("Hello {{ first_name | friend }}", 50)
    assert (saved.holdout_percent, saved.order_days) == (20, 30)
    # Half past nine in Madrid, in summer.
    assert saved.starts_at == datetime(2030, 6, 1, 7, 30, tzinfo=UTC)
    assert "Spring" in aurora.get("/app/campaigns").text
    with shop_transaction(aurora.shop_id) as session:
        [audited] = session.query(AuditRow).filter(AuditRow.action == "campaign_added")
        assert audited.actor_id == "42"


def test_the_time_counts_only_where_later_is_chosen(aurora: ShopAndClient) -> None:
    send(aurora, "/app/campaigns", **FORM | {"when": "now"})

    assert campaigns(aurora)[0].starts_at is None


@pytest.mark.parametrize(
    ("changed", "field", "words"),
    [
        ({"name": " "}, "name", "Give it a name"),
        ({"holdout_percent": "51"}, "holdout_percent", "from 0 to 50"),
        ({"order_days": "0"}, "order_days", "from 1 to 90"),
        ({"bonus_points": "-5"}, "bonus_points", "Use a whole number"),
        ({"link_path": "https://evil.example"}, "link_path", "on your own site"),
        ({"starts_at": "2020-01-01T09:00"}, "starts_at", "That time is over"),
        ({"starts_at": ""}, "starts_at", "Choose a day and a time"),
        ({"subject": "Hello {{ surname }}"}, "subject", "no field “surname”"),
        ({"text": "One\nTwo {{ first_name"}, "text", "Line 2: Close the field"),
        ({"segment_ids": [str(uuid4())]}, "segment_ids", "is no more"),
        ({"coupon_id": str(uuid4())}, "coupon_id", "There is no such coupon"),
    ],
)
def test_what_is_wrong_stands_beside_its_field_and_nothing_is_saved(
    aurora: ShopAndClient, changed: dict[str, Any], field: str, words: str
) -> None:
    answer = send(aurora, "/app/campaigns", **FORM | changed)

    assert answer.status_code == 422
    assert words in answer.text.split(f'id="{field}-error"')[1].split("</p>")[0]
    assert "Spring is here" in answer.text and campaigns(aurora) == []


def test_what_was_typed_is_never_markup(aurora: ShopAndClient) -> None:
    typed = "<script>alert(1)</script>"

    refused = send(aurora, "/app/campaigns", **FORM | {"push_text": typed, "name": ""}).text
    saved = leads_to(send(aurora, "/app/campaigns", **FORM | {"push_text": typed, "name": typed}))

    for page in (refused, aurora.get(saved).text, aurora.get("/app/campaigns").text):
        assert typed not in page and "&lt;script&gt;" in page


def test_the_editor_shows_what_was_saved_and_changes_it(aurora: ShopAndClient, alice: UUID) -> None:
    vip = have_segment(aurora, "VIP", alice)
    campaign_id = have_campaign(aurora, vip, starts_at="2030-01-15T18:45")

    editor = aurora.get(f"/app/campaigns/{campaign_id}/edit").text
    answer = send(aurora, f"/app/campaigns/{campaign_id}", **FORM | {"name": "Summer"})

    assert f'value="{vip}" checked' in editor
    assert 'value="2030-01-15T18:45"' in editor and "Europe/Madrid" in editor
    assert leads_to(answer) == f"/app/campaigns/{campaign_id}"
    [saved] = campaigns(aurora)
    assert (saved.name, saved.segment_ids) == ("Summer", [])


def test_one_that_has_begun_is_copied_instead_of_changed(
    aurora: ShopAndClient, alice: UUID
) -> None:
    campaign_id = have_campaign(aurora, have_segment(aurora, "VIP", alice))
    be_sending(aurora, campaign_id)

    refused = send(aurora, f"/app/campaigns/{campaign_id}", **FORM)
    copy = aurora.get(f"/app/campaigns/new?like={campaign_id}").text

    assert refused.status_code == 409 and "It has begun" in refused.text
    assert campaigns(aurora)[0].name == "Spring"
    assert 'value="Spring 2"' in copy and 'hx-post="/app/campaigns"' in copy


def test_a_link_from_a_segment_ticks_it(aurora: ShopAndClient, alice: UUID) -> None:
    vip, other = (have_segment(aurora, name, alice) for name in ("VIP", "Other"))

    page = aurora.get(f"/app/campaigns/new?segment={vip}").text

    assert f'value="{vip}" checked' in page and f'value="{other}" checked' not in page


def test_a_coupon_that_is_handed_out_can_go_with_it(aurora: ShopAndClient) -> None:
    with shop_transaction(aurora.shop_id) as session:
        given = {"name": "Five off", "kind": "fixed_amount", "amount": "5.00"}
        shop = get_shop(session, aurora.shop_id)
        coupon = add_coupon(session, shop, given, actor=STAFF, now=utc_now())

    page = aurora.get("/app/campaigns/new").text
    send(aurora, "/app/campaigns", **FORM | {"coupon_id": str(coupon.id)})

    assert "Five off: €5.00 off" in page
    assert campaigns(aurora)[0].coupon_id == coupon.id
