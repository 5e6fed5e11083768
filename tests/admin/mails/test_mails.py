"""The pages about emails: switches behind their reach, words with a preview, colours, a test."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from sqlalchemy import select
from werkzeug.test import TestResponse

from loyalty import automatic_emails
from loyalty.audit import AuditRow
from loyalty.base import sampling
from loyalty.base.clock import utc_now
from loyalty.base.db import shop_transaction
from loyalty.programme.rules import get_programme
from loyalty.shops.tables import StaffMember
from mailing import overrides, setup
from mailing.account import Account, Sender
from mailing.errors import PaceExceeded
from mailing.look_store import load_look
from mailing.looks import Look
from mailing.setup import CardLinks, MailSettings
from mailing.wording import own_words
from tests.admin.cast import DANA, ShopAndClient

CARD = "/app/emails/card/en"
WORDS = {
    "subject": "For {{ first_name }}",
    "headline": "",
    "text": "Dear {{ first_name }}",
    "button": "Go",
}


@pytest.fixture(autouse=True)
def sends_emails() -> Iterator[None]:
    """An installation with a sender, whose Amazon does not answer."""
    before = setup._settings
    setup.configure(
        MailSettings(
            sender="cards@encore.example",
            region="us-east-1",
            app_url="https://encore.example",
            key=b"a link secret of the tests, 32 b",
            card_links=lambda shop, member: CardLinks("https://encore.example/card", None, None),
            ses_url="http://127.0.0.1:9",
        )
    )
    yield
    setup._settings = before


def send(who: ShopAndClient, method: str, path: str, **fields: str) -> TestResponse:
    return who.client.open(path, method=method, data=fields, headers=who.bearer())


def is_on(who: ShopAndClient, kind: str) -> bool:
    with shop_transaction(who.shop_id) as session:
        return automatic_emails.is_on(session, who.shop_id, kind)


def own(who: ShopAndClient) -> set[tuple[str, str]]:
    with shop_transaction(who.shop_id) as session:
        return overrides.list_overrides(session, who.shop_id)


def test_the_page_names_every_email(aurora: ShopAndClient) -> None:
    page = aurora.get("/app/emails").text

    for title in ("Loyalty card", "Tier changed", "Points expire in 7 days", "Coupon"):
        assert title in page
    assert "Campaign</a>" not in page.split("<main")[1]
    assert page.count("Switch on…") == 4


def test_a_reach_that_takes_too_long_is_a_sentence_in_its_row(
    aurora: ShopAndClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sampling, "WITHIN_S", 0)

    row = aurora.get("/app/emails/switches/tier").text

    assert "Counting takes too long just now" in row and "Switch on…" in row


def test_a_kind_is_switched_on_behind_its_reach(aurora: ShopAndClient) -> None:
    aurora.enrol("Alice", "Archer", "alice@example.com")
    aurora.enrol("Carol", "Cole", "")
    with shop_transaction(aurora.shop_id) as session:
        get_programme(session, aurora.shop_id).tiers_on = True

    row = aurora.get("/app/emails/switches/tier").text
    assert "1 of 2 members" in row and "1 have no email address that works" in row
    assert not is_on(aurora, "tier")

    answer = send(aurora, "PUT", "/app/emails/switches/tier")

    assert answer.status_code == 200 and "Switch off" in answer.text
    assert is_on(aurora, "tier")


def test_a_kind_is_switched_off_at_once_and_audited_under_its_staff(aurora: ShopAndClient) -> None:
    send(aurora, "DELETE", "/app/emails/switches/birthday")

    assert not is_on(aurora, "birthday")
    with shop_transaction(aurora.shop_id) as session:
        row = session.scalars(select(AuditRow).where(AuditRow.action == "email_switched")).one()
    assert (row.actor_id, row.details) == (str(DANA), {"email": "birthday", "is_on": False})


@pytest.mark.parametrize("kind", ["nothing", "campaign", "proof"])
@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
def test_a_kind_without_a_switch_is_not_found(
    aurora: ShopAndClient, kind: str, method: str
) -> None:
    assert send(aurora, method, f"/app/emails/switches/{kind}").status_code == 404


def test_the_editor_shows_what_is_sent_now_with_its_preview(aurora: ShopAndClient) -> None:
    page = aurora.get(CARD).text

    assert "Here is your loyalty card of {{ shop }}" in page
    assert "data-email=" in page and "Hello Alex," in page
    for name in ("Español", "العربية"):
        assert name in page


def test_saved_words_are_shown_and_reset(aurora: ShopAndClient) -> None:
    answer = aurora.post(CARD, **WORDS)

    assert answer.status_code == 200 and "Your words" in answer.text
    assert own(aurora) == {("card", "en")}
    assert "Your words: English" in aurora.get("/app/emails").text

    answer = send(aurora, "DELETE", CARD)

    assert own_words("card", "en").subject in answer.text
    assert own(aurora) == set()


def test_words_that_cannot_be_sent_come_back_marked_and_nothing_is_saved(
    aurora: ShopAndClient,
) -> None:
    answer = aurora.post(CARD, **(WORDS | {"text": "one\n{{ secret }}"}))

    assert answer.status_code == 422
    assert "Line 2: This email has no field “secret”" in answer.text
    assert 'aria-invalid="true"' in answer.text and "{{ secret }}" in answer.text
    assert own(aurora) == set()


def test_the_preview_takes_what_is_typed_and_saves_nothing(aurora: ShopAndClient) -> None:
    answer = aurora.post(f"{CARD}/previews", **WORDS)

    assert "For Alex" in answer.text and own(aurora) == set()
    wrong = aurora.post(f"{CARD}/previews", **(WORDS | {"text": "{{ first_name"}))
    assert wrong.status_code == 200 and "Close the field" in wrong.text


def test_the_preview_of_what_is_typed_holds_no_tag_of_it(aurora: ShopAndClient) -> None:
    answer = aurora.post(f"{CARD}/previews", **(WORDS | {"text": '"><script>alert(1)</script>'}))

    assert "<script>" not in answer.text


@pytest.mark.parametrize(
    "path", ["/app/emails/nothing/en", "/app/emails/card/xx", "/app/emails/campaign/en"]
)
def test_an_email_that_there_is_not_is_not_found(aurora: ShopAndClient, path: str) -> None:
    assert aurora.get(path).status_code == 404
    assert aurora.post(path, **WORDS).status_code == 404


def test_colours_are_saved_for_the_shop_alone(
    aurora: ShopAndClient, borealis: ShopAndClient
) -> None:
    given = {"brand": "#0a5c36", "button": "#ffd447", "paper": "#ffffff"}

    assert send(aurora, "PUT", "/app/emails/colours", **given).status_code == 200

    for who, look in ((aurora, Look(**given)), (borealis, Look())):
        with shop_transaction(who.shop_id) as session:
            assert load_look(session, who.shop_id) == look
    answer = send(aurora, "PUT", "/app/emails/colours", **(given | {"paper": "red}"}))
    assert answer.status_code == 422 and "Write a colour" in answer.text


def test_colours_are_previewed_and_tried_before_they_are_anybodys(aurora: ShopAndClient) -> None:
    given = {"brand": "#0a5c36", "button": "#ffd447", "paper": "#fffff0"}

    shown = aurora.post("/app/emails/colours/previews", **given).text
    wrong = aurora.post("/app/emails/colours/previews", **(given | {"paper": "red}"})).text
    tried = aurora.post("/app/emails/colours/tests", **given).headers["HX-Trigger"]
    refused = aurora.post("/app/emails/colours/tests", **(given | {"paper": "red}"}))

    assert all(colour in shown for colour in given.values())
    assert "Write a colour" in wrong and "red}" not in wrong
    assert "no email address" in tried
    assert "Write a colour" in refused.headers["HX-Trigger"]
    with shop_transaction(aurora.shop_id) as session:
        assert load_look(session, aurora.shop_id) == Look()


def test_a_test_without_an_address_of_the_staff_says_so(aurora: ShopAndClient) -> None:
    answer = aurora.post(f"{CARD}/tests", **WORDS)

    assert "no email address" in answer.headers["HX-Trigger"]


def test_a_test_that_amazon_does_not_take_says_so(aurora: ShopAndClient) -> None:
    with shop_transaction(aurora.shop_id) as session:
        session.merge(
            StaffMember(
                shop_id=aurora.shop_id,
                user_id=DANA,
                name="Dana",
                email="dana@example.com",
                seen_at=utc_now(),
            )
        )

    answer = aurora.post(f"{CARD}/tests", **WORDS)

    assert "SES cannot be reached" in answer.headers["HX-Trigger"]
    with shop_transaction(aurora.shop_id) as session:  # audited before it was tried
        tried = session.scalars(select(AuditRow).where(AuditRow.action == "test_email_sent")).all()
    assert [(row.actor_id, row.subject_id) for row in tried] == [(str(DANA), "card")]


def test_a_test_beyond_the_days_quota_says_so_and_was_never_tried(
    aurora: ShopAndClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def used_up(kind: str, *, is_asked_for: bool) -> None:
        raise PaceExceeded("The day's quota of emails is used up", timedelta(minutes=10))

    monkeypatch.setattr("mailing.trying.pacing.take", used_up)
    with shop_transaction(aurora.shop_id) as session:
        dana = {"user_id": DANA, "name": "Dana", "email": "dana@example.com"}
        session.merge(StaffMember(shop_id=aurora.shop_id, seen_at=utc_now(), **dana))

    answer = aurora.post(f"{CARD}/tests", **WORDS)

    assert "quota of emails is used up: try again later" in answer.headers["HX-Trigger"]
    with shop_transaction(aurora.shop_id) as session:
        tried = select(AuditRow).where(AuditRow.action == "test_email_sent")
        assert session.scalars(tried).all() == []


def test_whose_figures_the_senders_are_is_said(
    aurora: ShopAndClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    account = Account(14, 50_000, 1_234, is_test=False, is_enabled=True)
    sender = Sender("cards@encore.example", "encore.example", "SUCCESS", "SUCCESS", True)
    monkeypatch.setattr("shopify_app.admin.mails.page.read_account", lambda: account)
    monkeypatch.setattr("shopify_app.admin.mails.page.read_sender", lambda: sender)

    page = aurora.get("/app/emails/sender").text

    assert "1,234 of 50,000 sent in 24 hours" in page
    assert "all shops of this installation of Encore send, not of yours alone" in page


def test_a_sender_that_cannot_be_asked_for_is_said(aurora: ShopAndClient) -> None:
    assert "Amazon did not answer" in aurora.get("/app/emails/sender").text


def test_each_shop_sees_its_own_words(aurora: ShopAndClient, borealis: ShopAndClient) -> None:
    aurora.post(CARD, **WORDS)

    assert WORDS["subject"] not in borealis.get(CARD).text
    assert own(borealis) == set()


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", CARD),
        ("DELETE", CARD),
        ("POST", f"{CARD}/tests"),
        ("PUT", "/app/emails/colours"),
        ("POST", "/app/emails/colours/tests"),
        ("PUT", "/app/emails/switches/tier"),
    ],
)
def test_nothing_changes_without_a_bearer_token(
    aurora: ShopAndClient, method: str, path: str
) -> None:
    answer = aurora.client.open(path, method=method, data=WORDS)

    assert answer.status_code in (401, 403)
    assert own(aurora) == set() and not is_on(aurora, "tier")


def test_names_reach_and_faults_are_said_in_the_pages_language(aurora: ShopAndClient) -> None:
    aurora.enrol("Carol", "Cole", "")

    page = aurora.get("/app/emails?locale=fr").text
    row = aurora.get("/app/emails/switches/data_request?locale=fr").text
    answer = aurora.post(f"{CARD}?locale=fr", **(WORDS | {"text": "{{ tier_name }}"}))

    assert "Points qui expirent dans 7 jours" in page and "Points expire" not in page
    assert "Aujourd’hui, il atteindrait <strong>0 sur 1 membre</strong>." in row
    assert "Ligne 1 : Cet e-mail n’a pas de champ “tier_name”" in answer.text
