"""R110-R112, R118: the tab Consent & bounce, and what staff write down of a member's words."""

import re
from collections.abc import Iterator
from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import select

from loyalty.audit import AuditRow
from loyalty.base.clock import utc_now
from loyalty.base.db import shop_transaction
from loyalty.members.consent import SHOPIFY, read_consents, say
from loyalty.members.tables import Member
from loyalty.outbox import CONSENT_CHANGED, OutboxEvent
from mailing import setup
from mailing.addresses import address_hash, lock_address
from mailing.setup import CardLinks, MailSettings
from mailing.topics import choose
from tests.admin.cast import DANA, ShopAndClient


@pytest.fixture(autouse=True)
def _email_on() -> Iterator[None]:
    """An installation that sends emails; nobody sends them here."""
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


@pytest.fixture
def tab(alice: UUID) -> str:
    return f"/app/members/{alice}?tab=consent"


@pytest.fixture
def path(alice: UUID) -> str:
    return f"/app/members/{alice}/consents"


def words(page: str) -> list[str]:
    """The badges of the card Consent, in order."""
    card = page.split('id="consent-card"')[1].split("</section>")[0]
    return re.findall(r'class="badge [^"]*">([^<]+)<', card)


def said(shop: ShopAndClient, member_id: UUID) -> dict[str, str]:
    with shop_transaction(shop.shop_id) as session:
        return read_consents(session, shop.shop_id, member_id)


def test_who_never_said_anything_is_shown_so(aurora: ShopAndClient, tab: str) -> None:
    page = aurora.get(tab).text

    assert words(page) == ["Never said anything"] * 2 + ["No", "Yes", "Yes", "Yes"]
    assert "Emails arrive" in page
    assert 'aria-current="page">Consent &amp; bounce</a>' in page


def test_what_was_said_in_shopify_is_shown_with_where_and_when(
    aurora: ShopAndClient, alice: UUID, tab: str
) -> None:
    at = utc_now() - timedelta(days=3)
    with shop_transaction(aurora.shop_id) as session:
        for channel, state in (("email", "subscribed"), ("sms", "unsubscribed")):
            say(session, aurora.shop_id, alice, channel, state, source=SHOPIFY, said_at=at)  # type: ignore[arg-type]

    page = aurora.get(tab).text

    assert words(page)[:3] == ["Said yes", "Unsubscribed", "Yes"]
    assert f'in Shopify, <time datetime="{at.isoformat()}">' in page


def test_topics_that_the_member_chose_are_shown(
    aurora: ShopAndClient, alice: UUID, tab: str
) -> None:
    with shop_transaction(aurora.shop_id) as session:
        choose(session, aurora.shop_id, alice, ["birthday"], now=utc_now())

    assert words(aurora.get(tab).text)[2:] == ["No", "No", "Yes", "No"]


def test_bounces_are_shown(aurora: ShopAndClient, alice: UUID, tab: str) -> None:
    with shop_transaction(aurora.shop_id) as session:
        hashed = address_hash(aurora.shop_id, "alice@example.com")
        row = lock_address(session, aurora.shop_id, hashed)
        row.hard_bounced_at, row.hard_bounce_reason = utc_now(), "550 5.1.1 nobody"
        row.soft_bounces = 2

    page = aurora.get(tab).text

    assert "Hard bounce" in page and "550 5.1.1 nobody" in page
    assert "Soft bounces: 2" in page and "Emails arrive" not in page


def test_a_word_is_written_down_once_with_a_name_and_told_to_shopify(
    aurora: ShopAndClient, alice: UUID, path: str
) -> None:
    for _ in range(2):
        answer = aurora.post(path, channel="email", state="subscribed")
        assert answer.status_code == 200
        assert words(answer.text)[0] == "Said yes"
        assert "They said no to Email" in answer.text

    assert said(aurora, alice) == {"email": "subscribed"}
    with shop_transaction(aurora.shop_id) as session:
        rows = session.scalars(select(AuditRow).where(AuditRow.action == "consent_changed")).all()
        told = session.scalars(
            select(OutboxEvent.id).where(
                OutboxEvent.kind == CONSENT_CHANGED, OutboxEvent.member_id == alice
            )
        ).all()
    assert [row.actor_id for row in rows] == [str(DANA)]
    assert len(told) == 2, "once for the new member, once for the word"
    assert "Email: yes" in aurora.get(f"/app/members/{alice}").text


def test_who_never_said_anything_can_say_no_to_staff(
    aurora: ShopAndClient, alice: UUID, tab: str, path: str
) -> None:
    silent = aurora.get(tab).text
    assert "They said yes to Email" in silent and "They said no to Email" in silent

    answer = aurora.post(path, channel="email", state="unsubscribed")

    assert words(answer.text)[0] == "Unsubscribed"
    assert "They said yes to Email" in answer.text
    assert "They said no to Email" not in answer.text
    assert said(aurora, alice) == {"email": "unsubscribed"}


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"channel": "sms", "state": "subscribed"}, "The member has no phone number"),
        ({"channel": "fax", "state": "subscribed"}, "Choose what the member said"),
        ({"channel": "email", "state": "asked"}, "Choose what the member said"),
        ({}, "Choose what the member said"),
    ],
)
def test_what_cannot_be_said_is_refused_on_the_card(
    aurora: ShopAndClient, alice: UUID, path: str, fields: dict[str, str], reason: str
) -> None:
    answer = aurora.post(path, **fields)

    assert answer.status_code == 422
    assert reason in answer.text and 'id="consent-error"' in answer.text
    assert said(aurora, alice) == {}


def test_an_archived_member_is_spoken_for_by_nobody(
    aurora: ShopAndClient, alice: UUID, tab: str, path: str
) -> None:
    with shop_transaction(aurora.shop_id) as session:
        session.get_one(Member, (aurora.shop_id, alice)).state = "archived"

    assert "They said" not in aurora.get(tab).text
    assert aurora.post(path, channel="email", state="subscribed").status_code == 409
    assert said(aurora, alice) == {}


def test_another_shops_member_is_not_found(
    aurora: ShopAndClient, bob: UUID, borealis: ShopAndClient
) -> None:
    answer = aurora.post(f"/app/members/{bob}/consents", channel="email", state="subscribed")

    assert answer.status_code == 404
    assert said(borealis, bob) == {}
