"""R154: who would get a campaign is shown before it is started; then it is followed and steered."""

import json
import re
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select

from loyalty.audit import AuditRow
from loyalty.base import sampling
from loyalty.base.clock import utc_now
from loyalty.base.db import shop_transaction, shopless_transaction
from loyalty.campaigns.tables import Campaign
from loyalty.shops.tables import StaffMember
from mailing.tables import MailPace
from tests.admin.campaigns.campaign_cast import (
    agree,
    be_sending,
    campaigns,
    have_campaign,
    have_recipient,
    have_segment,
    send,
)
from tests.admin.cast import DANA, ShopAndClient

pytestmark = pytest.mark.usefixtures("sends_emails")


def plain(html: str) -> str:
    """The words of some markup."""
    return " ".join(re.sub(r"<[^>]*>?", " ", html).split())


def forecast(shop: ShopAndClient, campaign_id: UUID) -> str:
    return shop.get(f"/app/campaigns/{campaign_id}/forecast").text


def seen(card: str) -> str:
    """What the start button sends of the figures beside it."""
    found = re.search(r'name="seen" value="([^"]+)"', card)
    assert found
    return found[1]


def step(shop: ShopAndClient, campaign_id: UUID, name: str, **fields: Any) -> Any:
    return send(shop, f"/app/campaigns/{campaign_id}/steps", step=name, **fields)


def have_address(shop: ShopAndClient, email: str) -> None:
    """Shopify has told Dana's address."""
    with shop_transaction(shop.shop_id) as session:
        key = {"shop_id": shop.shop_id, "user_id": DANA}
        session.add(StaffMember(**key, name="Dana", email=email, seen_at=utc_now()))


@pytest.fixture
def draft(aurora: ShopAndClient, alice: UUID) -> UUID:
    """To Alice, who agreed to marketing, and to Carol, who never did."""
    agree(aurora, alice)
    carol = aurora.enrol("Carol", "Clark", "carol@example.com")
    return have_campaign(aurora, have_segment(aurora, "VIP", alice, carol))


def test_who_would_get_it_stands_beside_the_start_button(
    aurora: ShopAndClient, draft: UUID
) -> None:
    card = forecast(aurora, draft)

    assert "In the audience 2" in plain(card) and "Would get it 1" in plain(card)
    assert "Email: Has not agreed to marketing 1" in plain(card)
    assert 'data-open="start"' in card
    # The page itself asks for the figures, and cannot start anything without them.
    page = aurora.get(f"/app/campaigns/{draft}").text
    assert f'hx-get="/app/campaigns/{draft}/forecast" hx-trigger="load"' in page
    assert 'data-open="start"' not in page


def test_figures_that_take_too_long_are_a_sentence_and_a_way_to_look_again(
    aurora: ShopAndClient, draft: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sampling, "WITHIN_S", 0)

    card = forecast(aurora, draft)

    assert "Counting takes too long just now" in card and "Look again</button>" in card
    assert 'data-open="start"' not in card


def test_a_large_audience_is_shown_by_an_estimate_that_says_so(
    aurora: ShopAndClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    many = [aurora.enrol("No", str(number), f"{number}@example.com") for number in range(12)]
    campaign_id = have_campaign(aurora, have_segment(aurora, "Many", *many))
    monkeypatch.setattr("loyalty.campaigns.forecast.LOOKED_AT_MAX", 1)

    card = forecast(aurora, campaign_id)

    assert "are estimates" in card and "In the audience 12" in plain(card)
    assert "Email: Has not agreed to marketing 12" in plain(card)


def test_an_empty_audience_is_said_and_not_started(aurora: ShopAndClient) -> None:
    campaign_id = have_campaign(aurora, have_segment(aurora, "Nobody"))

    card = forecast(aurora, campaign_id)
    answer = step(aurora, campaign_id, "start")

    assert "Nobody is in these segments" in card and 'data-open="start"' not in card
    assert answer.status_code == 409
    assert campaigns(aurora)[0].state == "draft"


def test_one_that_was_started_shows_how_far_it_is_by_itself(
    aurora: ShopAndClient, draft: UUID
) -> None:
    key = seen(forecast(aurora, draft))

    answer, again = (step(aurora, draft, "start", seen=key) for _ in range(2))

    assert (answer.status_code, again.status_code) == (200, 200)
    assert json.loads(answer.headers["HX-Trigger"])["encore:toast"]["message"] == "Campaign started"
    assert campaigns(aurora)[0].state == "preparing"
    assert "Being prepared" in answer.text and 'hx-trigger="every 2s"' in answer.text
    with shop_transaction(aurora.shop_id) as session:
        started = select(AuditRow.actor_id).where(AuditRow.action == "campaign_started")
        assert session.scalars(started).all() == ["42"]


def test_what_was_changed_after_the_figures_were_shown_is_not_started(
    aurora: ShopAndClient, draft: UUID
) -> None:
    key = seen(forecast(aurora, draft))
    with shop_transaction(aurora.shop_id) as session:
        session.get_one(Campaign, (aurora.shop_id, draft)).text = "Something else"

    answer = step(aurora, draft, "start", seen=key)

    assert answer.status_code == 409
    assert "changed since you looked" in answer.text
    assert campaigns(aurora)[0].state == "draft"


def test_one_for_later_is_scheduled_on_the_shops_clock(aurora: ShopAndClient, alice: UUID) -> None:
    agree(aurora, alice)
    segment = have_segment(aurora, "VIP", alice)
    campaign_id = have_campaign(aurora, segment, starts_at="2030-06-01T09:30")

    card = forecast(aurora, campaign_id)
    answer = step(aurora, campaign_id, "start", seen=seen(card))

    assert "Schedule" in plain(card)
    assert "Scheduled" in answer.text and "Jun 1, 2030, 9:30" in answer.text


@pytest.mark.parametrize(
    ("before", "name", "after", "offered"),
    [
        ("sending", "pause", "paused", "Resume"),
        ("paused", "resume", "sending", "Pause"),
        ("sending", "stop", "stopped", "Copy"),
    ],
)
def test_what_is_under_way_is_paused_resumed_and_stopped(
    aurora: ShopAndClient, draft: UUID, before: str, name: str, after: str, offered: str
) -> None:
    be_sending(aurora, draft, before)

    answer = step(aurora, draft, name)

    assert answer.status_code == 200 and campaigns(aurora)[0].state == after
    assert f">{offered}<" in answer.text


@pytest.mark.parametrize("name", ["pause", "stop", "resume"])
def test_a_step_that_makes_no_sense_now_says_so(
    aurora: ShopAndClient, draft: UUID, name: str
) -> None:
    answer = step(aurora, draft, name)

    assert answer.status_code == 409 and "Nothing was changed" in answer.text
    assert campaigns(aurora)[0].state == "draft"


def test_a_draft_is_deleted_and_what_began_is_not(aurora: ShopAndClient, draft: UUID) -> None:
    begun = have_campaign(aurora)
    be_sending(aurora, begun)

    gone, kept = step(aurora, draft, "remove"), step(aurora, begun, "remove")

    assert json.loads(gone.headers["HX-Location"])["path"] == "/app/campaigns"
    assert kept.status_code == 409
    assert [one.id for one in campaigns(aurora)] == [begun]


def test_a_page_that_shows_another_state_fetches_all_of_itself(
    aurora: ShopAndClient, draft: UUID
) -> None:
    be_sending(aurora, draft)

    same = aurora.get(f"/app/campaigns/{draft}?seen=sending")
    other = aurora.get(f"/app/campaigns/{draft}?seen=preparing")

    assert same.status_code == 200 and 'id="live"' in same.text
    where = json.loads(other.headers["HX-Location"])
    assert (where["path"], where["target"]) == (f"/app/campaigns/{draft}", "#campaign")


def test_progress_counts_each_fate(aurora: ShopAndClient, draft: UUID, alice: UUID) -> None:
    be_sending(aurora, draft)
    have_recipient(aurora, draft, alice, 1)
    others = [aurora.enrol("Dan", str(number), None) for number in range(2)]
    have_recipient(aurora, draft, others[0], 2, email_fate="waiting", turn_at=None)
    why = {"email_fate": "skipped", "email_reason": "no_address"}
    have_recipient(aurora, draft, others[1], 3, **why, turn_at=None)

    page = plain(aurora.get(f"/app/campaigns/{draft}").text)

    assert "2 of 3 members" in page
    assert "Waiting 1 Left out 1 Sent 1" in page
    assert "Email Left out No email address that can be written to 1" in page


def test_what_amazon_answered_stands_below_one_reason(
    aurora: ShopAndClient, draft: UUID, alice: UUID
) -> None:
    be_sending(aurora, draft)
    answers = ["SES refused the email (MessageRejected)", "SES refused the email (<b>)"]
    for number, answer in enumerate([*answers, answers[0]], 1):
        who = alice if number == 1 else aurora.enrol("Dan", str(number), None)
        have_recipient(aurora, draft, who, number, email_fate="failed", email_reason=answer)

    page = plain(aurora.get(f"/app/campaigns/{draft}").text)
    each = plain(aurora.get(f"/app/campaigns/{draft}/recipients").text)

    assert page.count("Email Failed Amazon did not take the email") == 1
    assert (
        "What was answered by email SES refused the email (MessageRejected) 2 "
        "SES refused the email (&lt;b&gt;) 1 3" in page
    )
    assert "Email: Amazon did not take the email (SES refused the email (MessageRejected))" in each


def test_what_we_decided_of_a_push_is_laid_at_nobody_elses_door(
    aurora: ShopAndClient, draft: UUID, alice: UUID
) -> None:
    be_sending(aurora, draft)
    failed = {"email_fate": None, "push_fate": "failed"}
    have_recipient(aurora, draft, alice, 1, **failed, push_reason="outranked")

    page = plain(aurora.get(f"/app/campaigns/{draft}").text)

    assert "Failed Something more important changed on the card at the same time 1" in page
    assert "did not take" not in page


def test_a_push_is_shown_as_somebody_would_read_it(
    aurora: ShopAndClient, draft: UUID, alice: UUID
) -> None:
    text = "{{ first_name | friend }}, {{ tier | dear }}: you have {{ balance }}"
    pushed = have_campaign(
        aurora, have_segment(aurora, "Phones", alice), channels=["push"], push_text=text
    )

    page = aurora.get(f"/app/campaigns/{pushed}").text

    assert "Alex, dear: you have 1,250" in page and "{{" not in page


@pytest.mark.parametrize(("sent", "is_said"), [(899, False), (900, True)])
def test_emails_that_wait_for_amazons_quota_are_said_to(
    aurora: ShopAndClient, draft: UUID, alice: UUID, sent: int, is_said: bool
) -> None:
    be_sending(aurora, draft)
    have_recipient(aurora, draft, alice, 1, email_fate="queued")
    with shopless_transaction() as session:
        session.merge(
            MailPace(
                region="us-east-1",
                rate_per_s=14,
                quota_24h=1000,
                sent_24h=sent,
                read_at=utc_now(),
                next_at=utc_now(),
            )
        )

    page = aurora.get(f"/app/campaigns/{draft}").text

    with shopless_transaction() as session:
        session.get_one(MailPace, "us-east-1").sent_24h = 0
    assert ("emails are used up. It goes on as Amazon allows." in page) is is_said


def test_why_it_waits_by_itself_is_said(aurora: ShopAndClient, draft: UUID) -> None:
    be_sending(aurora, draft, "paused")
    with shop_transaction(aurora.shop_id) as session:
        session.get_one(Campaign, (aurora.shop_id, draft)).error = "The coupon is over"

    page, home = aurora.get(f"/app/campaigns/{draft}").text, aurora.get("/app").text

    assert "It waits for you" in page and "The coupon is over" in page
    assert "A campaign waits for you" in home and "Spring: The coupon is over" in home


def test_an_unknown_step_is_refused(aurora: ShopAndClient, draft: UUID) -> None:
    assert step(aurora, draft, "explode").status_code == 400


def test_the_email_is_shown_as_somebody_would_read_it(aurora: ShopAndClient, draft: UUID) -> None:
    page = aurora.get(f"/app/campaigns/{draft}").text

    assert "Hello Alex" in page and "The spring things are here." in page
    assert "{{" not in page and "Send me a test" in page
    # An example of a code stands there only where a coupon goes with it.
    assert "ABC-123-DEF" not in page


def test_why_a_test_cannot_be_sent_is_said(aurora: ShopAndClient, draft: UUID) -> None:
    path = f"/app/campaigns/{draft}/test-emails"

    nobody = send(aurora, path)
    have_address(aurora, "dana@example.com")
    silent = send(aurora, path)

    assert nobody.status_code == 409 and "There is no email address" in nobody.text
    assert silent.status_code == 409 and "Amazon did not" in silent.text
    with shop_transaction(aurora.shop_id) as session:  # before it was tried, and only what was
        tried = session.scalars(select(AuditRow).where(AuditRow.action == "test_email_sent")).all()
    assert [(row.actor_id, row.subject_id) for row in tried] == [("42", "campaign")]


@pytest.mark.parametrize(
    "path",
    ["", "/edit", "/forecast", "/recipients", "/recipients.csv"],
)
def test_staff_of_another_shop_see_nothing_of_it(
    aurora: ShopAndClient, borealis: ShopAndClient, draft: UUID, path: str
) -> None:
    assert aurora.get(f"/app/campaigns/{draft}{path}").status_code == 200
    assert borealis.get(f"/app/campaigns/{draft}{path}").status_code == 404
    assert borealis.get(f"/app/campaigns/{uuid4()}{path}").status_code == 404


def test_staff_of_another_shop_change_nothing_of_it(
    aurora: ShopAndClient, borealis: ShopAndClient, draft: UUID
) -> None:
    key = seen(forecast(aurora, draft))

    answers = [step(borealis, draft, name, seen=key) for name in ("start", "stop", "remove")]
    answers.append(send(borealis, f"/app/campaigns/{draft}", name="Stolen"))
    answers.append(send(borealis, f"/app/campaigns/{draft}/test-emails"))
    answers.append(borealis.get(f"/app/campaigns/new?like={draft}"))

    assert [answer.status_code for answer in answers] == [404] * 6
    [kept] = campaigns(aurora)
    assert (kept.name, kept.state) == ("Spring", "draft")
    assert "Spring" not in borealis.get("/app/campaigns").text
