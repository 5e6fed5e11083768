"""R71, R77: staff write to one member, by push and by email, each form once."""

import json
import re
from uuid import UUID

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.test import TestResponse

from loyalty.audit import AuditRow
from loyalty.base.db import shop_transaction
from loyalty.member_messages.tables import MemberMessage
from loyalty.outbox import ONE_OFF_EMAIL_ASKED, OutboxEvent
from mailing import setup as mail_setup
from mailing.tables import EmailMessage
from tests.admin.campaigns.campaign_cast import agree
from tests.admin.cast import ShopAndClient
from tests.admin.profile.test_reach import install, prefer


def push(shop: ShopAndClient, member: UUID, text: str, key: str = "key-1") -> TestResponse:
    return shop.post(f"/app/members/{member}/pushes", push_text=text, client_key=key)


def email(shop: ShopAndClient, member: UUID, *, key: str = "key-1", **changes: str) -> TestResponse:
    words = {"email_subject": "Your scarf", "email_text": "Dear {{ first_name }},\nIt is here."}
    return shop.post(f"/app/members/{member}/emails", client_key=key, **(words | changes))


def messages(shop: ShopAndClient) -> list[MemberMessage]:
    with shop_transaction(shop.shop_id) as session:
        return list(session.scalars(select(MemberMessage)))


def emails(shop: ShopAndClient) -> list[EmailMessage]:
    with shop_transaction(shop.shop_id) as session:
        return list(session.scalars(select(EmailMessage)))


def bodies(shop: ShopAndClient) -> list[dict[str, object]]:
    with shop_transaction(shop.shop_id) as session:
        asked = select(OutboxEvent.body).where(OutboxEvent.kind == ONE_OFF_EMAIL_ASKED)
        return list(session.scalars(asked))


def audited(shop: ShopAndClient, action: str) -> list[str]:
    with shop_transaction(shop.shop_id) as session:
        return list(session.scalars(select(AuditRow.actor_id).where(AuditRow.action == action)))


def toast(answer: TestResponse) -> str:
    return str(json.loads(answer.headers["HX-Trigger"])["encore:toast"]["message"])


def test_both_actions_stand_under_the_details(
    aurora: ShopAndClient, alice: UUID, sends_emails: None
) -> None:
    page = aurora.get(f"/app/members/{alice}").text

    menu = page.split('id="more"')[1].split("</details>")[0]
    assert "Send Push" in menu and "Send Email" in menu
    for dialog in ("send-push", "send-email"):
        assert re.search(rf'<dialog[^>]*id="{dialog}"', page)


def test_push_is_put_on_the_card_once_whoever_clicks_twice(
    aurora: ShopAndClient, alice: UUID
) -> None:
    install(aurora.shop_id, alice)

    answers = [push(aurora, alice, "Your  scarf\nis here") for _ in range(2)]

    assert [answer.status_code for answer in answers] == [200, 200]
    assert toast(answers[0]) == "Push is on its way"
    (message,) = messages(aurora)
    assert (message.member_id, message.text, message.actor) == (
        alice,
        "Your scarf is here",
        "staff:42",
    )
    assert audited(aurora, "push_asked") == ["42"]
    assert "A new text takes its place" in aurora.get(f"/app/members/{alice}").text
    assert 'value="key-1"' not in answers[0].text


def test_push_that_nobody_would_hear_is_refused_with_the_reason(
    aurora: ShopAndClient, alice: UUID
) -> None:
    without = push(aurora, alice, "Your scarf is here")
    install(aurora.shop_id, alice)
    prefer(aurora.shop_id, alice, "marketing", False)
    paused = push(aurora, alice, "Your scarf is here")

    assert (without.status_code, paused.status_code) == (409, 409)
    assert "The card is on no phone" in without.text
    assert "has paused marketing" in paused.text and "Your scarf is here" in paused.text
    assert messages(aurora) == []


@pytest.mark.parametrize(
    ("text", "said"), [("", "Write what the card is to say"), ("x" * 201, "at most 200")]
)
def test_text_that_no_card_shows_is_refused_beside_the_field(
    aurora: ShopAndClient, alice: UUID, text: str, said: str
) -> None:
    install(aurora.shop_id, alice)

    answer = push(aurora, alice, text)

    assert answer.status_code == 422
    assert said in answer.text.split('id="push_text-error"')[1]
    assert messages(aurora) == []


def test_sent_form_with_another_text_is_not_sent_again(aurora: ShopAndClient, alice: UUID) -> None:
    install(aurora.shop_id, alice)
    push(aurora, alice, "Your scarf is here")

    answer = push(aurora, alice, "Your hat is here")

    assert answer.status_code == 409 and "already sent with another text" in answer.text
    assert [message.text for message in messages(aurora)] == ["Your scarf is here"]


def test_preview_of_a_push_escapes_what_was_typed(aurora: ShopAndClient, alice: UUID) -> None:
    answer = aurora.post(f"/app/members/{alice}/push-previews", push_text="<b>5 < 6</b>")

    assert "&lt;b&gt;5 &lt; 6&lt;/b&gt;" in answer.text and "Aurora" in answer.text


def test_email_is_queued_once_whoever_clicks_twice(
    aurora: ShopAndClient, alice: UUID, sends_emails: None
) -> None:
    agree(aurora, alice)

    answers = [email(aurora, alice) for _ in range(2)]

    assert [answer.status_code for answer in answers] == [200, 200]
    assert toast(answers[0]) == "Email is on its way"
    (message,) = emails(aurora)
    assert (message.kind, message.state, message.is_asked_for) == ("one_off", "queued", False)
    assert bodies(aurora) == [
        {
            "subject": "Your scarf",
            "text": "Dear {{ first_name }},\nIt is here.",
            "is_asked_for": False,
        }
    ]
    assert audited(aurora, "one_off_email_asked") == ["42"]
    assert "Written to this member" in answers[0].text.split('id="timeline-card"')[1]


def test_without_a_yes_only_an_answer_is_sent(
    aurora: ShopAndClient, alice: UUID, sends_emails: None
) -> None:
    refused = email(aurora, alice)
    assert refused.status_code == 409
    assert "has not said yes to marketing" in refused.text
    assert "Your scarf" in refused.text and emails(aurora) == []

    answer = email(aurora, alice, is_answer="1")

    assert answer.status_code == 200
    assert [message.is_asked_for for message in emails(aurora)] == [True]


@pytest.mark.parametrize(
    ("changes", "field", "said"),
    [
        ({"email_subject": ""}, "email_subject", "Write something here"),
        ({"email_text": "Hi {{ nme }}"}, "email_text", "no field “nme”"),
        ({"email_text": "Hi\n{{ first_name"}, "email_text", "Line 2"),
        ({"email_text": "{% for x in y %}"}, "email_text", "Only fields such as"),
    ],
)
def test_words_that_cannot_be_an_email_are_refused_at_their_place(
    aurora: ShopAndClient,
    alice: UUID,
    sends_emails: None,
    changes: dict[str, str],
    field: str,
    said: str,
) -> None:
    agree(aurora, alice)

    answer = email(aurora, alice, **changes)

    assert answer.status_code == 422
    assert said in answer.text.split(f'id="{field}-error"')[1]
    assert emails(aurora) == []


def test_preview_of_an_email_is_this_members_own(
    aurora: ShopAndClient, alice: UUID, sends_emails: None
) -> None:
    path = f"/app/members/{alice}/email-previews"

    shown = aurora.post(path, email_subject="Hi", email_text="Dear {{ first_name }}, <b>5 < 6</b>")
    wrong = aurora.post(path, email_subject="Hi", email_text="{{ nme }}")

    assert "Dear Alice" in shown.text and "<b>5" not in shown.text
    assert wrong.status_code == 200 and "no field “nme”" in wrong.text


def test_installation_without_emails_has_no_such_button(
    aurora: ShopAndClient, alice: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mail_setup, "_settings", None)

    page = aurora.get(f"/app/members/{alice}").text

    assert "Send Email" not in page and "Send Push" in page
    refused = email(aurora, alice, is_answer="1")
    assert refused.status_code == 409 and "sends no emails" in refused.text


def test_member_of_another_shop_is_not_found(
    aurora: ShopAndClient, borealis: ShopAndClient, bob: UUID, sends_emails: None
) -> None:
    install(borealis.shop_id, bob)

    answers = [
        push(aurora, bob, "Your scarf is here"),
        email(aurora, bob, is_answer="1"),
        aurora.post(f"/app/members/{bob}/email-previews", email_subject="A", email_text="B"),
    ]

    assert [answer.status_code for answer in answers] == [404, 404, 404]
    assert messages(borealis) == [] and emails(borealis) == []


def test_write_needs_a_bearer_token(
    aurora: ShopAndClient, alice: UUID, client: FlaskClient
) -> None:
    for action in ("pushes", "emails", "push-previews", "email-previews"):
        answer = client.post(f"/app/members/{alice}/{action}", data={"client_key": "key-1"})
        assert answer.status_code == 401
