"""R69, R70, R114, R117: staff send the card again, see why it cannot go, and clear a bounce."""

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from uuid import UUID

import pytest
from flask.testing import FlaskClient
from sqlalchemy import func, select

from loyalty.audit import AuditRow
from loyalty.base.clock import utc_now
from loyalty.base.db import shop_transaction
from loyalty.members.tables import Member
from loyalty.outbox import CARD_EMAIL_ASKED, OutboxEvent
from loyalty.shops.tables import StaffMember
from mailing import setup
from mailing.addresses import address_hash, lock_address
from mailing.setup import CardLinks, MailSettings
from mailing.tables import EmailMessage
from tests.admin.cast import DANA, ShopAndClient


@pytest.fixture(autouse=True)
def _email_on() -> Iterator[None]:
    """An installation that sends emails; nobody sends them here, and Amazon is not there."""
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
def path(alice: UUID) -> str:
    """Where Alice's card is sent from."""
    return f"/app/members/{alice}/card-emails"


def emails(shop: ShopAndClient) -> list[EmailMessage]:
    """The shop's emails."""
    with shop_transaction(shop.shop_id) as session:
        return list(session.scalars(select(EmailMessage)))


def asked(shop: ShopAndClient) -> int:
    """How often staff have asked for a card, by the outbox and by the audit trail, which agree."""
    with shop_transaction(shop.shop_id) as session:
        of_staff = OutboxEvent.body["is_asked_for"].as_boolean()
        events = session.scalar(
            select(func.count()).where(OutboxEvent.kind == CARD_EMAIL_ASKED, of_staff)
        )
        rows = session.scalar(select(func.count()).where(AuditRow.action == "card_email_asked"))
    assert events == rows
    return rows or 0


def block(shop: ShopAndClient, member_id: UUID, **values: object) -> None:
    """Let the shop remember something of the member's address."""
    with shop_transaction(shop.shop_id) as session:
        member = session.get_one(Member, (shop.shop_id, member_id))
        hashed = address_hash(shop.shop_id, member.email_norm)
        address = lock_address(session, shop.shop_id, hashed)
        for name, value in values.items():
            setattr(address, name, value)


def test_the_action_stands_under_the_details(aurora: ShopAndClient, alice: UUID) -> None:
    page = aurora.get(f"/app/members/{alice}").text

    more = page.split('id="more"')[1]
    assert re.search(r"<summary[^>]*>More</summary>", more)
    assert "Send Loyalty Card" in more.split("</details>")[0]
    assert re.search(r'name="client_key" value="[0-9a-f-]{36}"', more)


def test_one_click_queues_one_email_and_shows_who_asked(
    aurora: ShopAndClient, alice: UUID, path: str
) -> None:
    with shop_transaction(aurora.shop_id) as session:
        session.add(
            StaffMember(shop_id=aurora.shop_id, user_id=DANA, name="Dana Diaz", seen_at=utc_now())
        )

    answer = aurora.post(path, client_key="key-1")

    assert answer.status_code == 200
    (email,) = emails(aurora)
    assert (email.member_id, email.state, email.is_asked_for) == (alice, "queued", True)
    timeline = answer.text.split('id="timeline-card"')[1]
    for words in ("Email asked for", "Loyalty card", "By Dana Diaz"):
        assert words in timeline
    events = json.loads(answer.headers["HX-Trigger"])
    assert events["encore:toast"] == {"message": "Loyalty card is on its way"}
    assert re.search(r'id="send-card"[^>]*hx-swap-oob="true"', answer.text)
    assert 'value="key-1"' not in answer.text


def test_a_double_click_counts_once(aurora: ShopAndClient, path: str) -> None:
    for _ in range(2):
        assert aurora.post(path, client_key="key-1").status_code == 200

    assert (len(emails(aurora)), asked(aurora)) == (1, 1)


def test_another_key_is_another_email(aurora: ShopAndClient, path: str) -> None:
    aurora.post(path, client_key="key-1")
    aurora.post(path, client_key="key-2")

    assert (len(emails(aurora)), asked(aurora)) == (2, 2)


BLOCKS = [
    ({"hard_bounced_at": utc_now(), "hard_bounce_reason": "550 no such user"}, "550 no such user"),
    ({"complained_at": utc_now()}, "reported an earlier email as spam"),
]


@pytest.mark.parametrize(("values", "reason"), BLOCKS)
def test_a_blocked_address_is_told_beside_the_button(
    aurora: ShopAndClient, alice: UUID, path: str, values: dict[str, object], reason: str
) -> None:
    block(aurora, alice, **values)

    answer = aurora.post(path, client_key="key-1")

    assert answer.status_code == 409
    assert 'aria-describedby="send-card-error"' in answer.text
    assert reason in answer.text.split('id="send-card-error"')[1]
    assert (emails(aurora), asked(aurora)) == ([], 0)


@pytest.mark.parametrize(
    ("email", "reason"), [(None, "has no email address"), ("alice at home", "is not valid")]
)
def test_a_missing_or_broken_address_is_told_beside_the_button(
    aurora: ShopAndClient, email: str | None, reason: str
) -> None:
    member = aurora.enrol("Alice", "Archer", email)

    answer = aurora.post(f"/app/members/{member}/card-emails", client_key="key-1")

    assert answer.status_code == 409
    assert reason in answer.text.split('id="send-card-error"')[1]
    assert emails(aurora) == []


def test_who_unsubscribed_still_gets_the_card_that_staff_send(
    aurora: ShopAndClient, alice: UUID, path: str
) -> None:
    block(aurora, alice, unsubscribed_at=utc_now())

    assert aurora.post(path, client_key="key-1").status_code == 200
    assert "Unsubscribed" in aurora.get(f"/app/members/{alice}").text


@pytest.mark.parametrize("client_key", ["", "x" * 101, "a\0b"])
def test_a_form_without_a_sound_key_is_refused(
    aurora: ShopAndClient, path: str, client_key: str
) -> None:
    assert aurora.post(path, client_key=client_key).status_code == 422
    assert emails(aurora) == []


def test_a_member_of_another_shop_is_not_found(
    aurora: ShopAndClient, borealis: ShopAndClient, bob: UUID
) -> None:
    for action in ("card-emails", "bounce-clearances"):
        answer = aurora.post(f"/app/members/{bob}/{action}", client_key="key-1")
        assert answer.status_code == 404
    assert emails(borealis) == []


def test_a_write_needs_a_bearer_token(
    aurora: ShopAndClient, alice: UUID, path: str, client: FlaskClient
) -> None:
    for address in (path, f"/app/members/{alice}/bounce-clearances"):
        assert client.post(address, data={"client_key": "key-1"}).status_code == 401
    assert emails(aurora) == []


def test_without_a_sender_there_is_no_button(aurora: ShopAndClient, alice: UUID, path: str) -> None:
    setup.configure(replace(setup.current(), sender=""))

    assert "Send Loyalty Card" not in aurora.get(f"/app/members/{alice}").text
    assert aurora.post(path, client_key="key-1").status_code == 409


def test_the_profile_says_why_emails_do_not_arrive(aurora: ShopAndClient, alice: UUID) -> None:
    block(
        aurora,
        alice,
        hard_bounced_at=utc_now(),
        hard_bounce_reason="<b>550</b>",
        soft_bounces=3,
    )

    page = aurora.get(f"/app/members/{alice}").text

    state = page.split('id="email-state"')[1].split("</dd>")[0]
    assert "Hard bounce" in state
    assert "&lt;b&gt;550&lt;/b&gt;" in state
    assert "Soft bounces: 3" in state
    assert "Clear bounce" in state


def test_while_amazon_is_not_there_the_bounce_stays_and_says_so(
    aurora: ShopAndClient, alice: UUID
) -> None:
    block(aurora, alice, hard_bounced_at=utc_now(), hard_bounce_reason="550")

    answer = aurora.post(f"/app/members/{alice}/bounce-clearances")

    assert answer.status_code == 409
    assert "Amazon did not answer" in answer.text.split('id="email-state-error"')[1]
    assert "Hard bounce" in aurora.get(f"/app/members/{alice}").text
