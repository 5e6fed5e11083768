"""R51, R54, R157 on the customer's page: a birthday, the proof of an address, pages to follow."""

from datetime import date, timedelta
from urllib.parse import urlsplit

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from loyalty.actions.following import set_follow_link
from loyalty.actions.tables import MemberAction
from loyalty.audit import Actor
from loyalty.base.clock import utc_now
from loyalty.base.db import shop_transaction
from loyalty.earning.saving import add_rule
from loyalty.ledger.posting import lock_balance
from loyalty.members.tables import Member
from loyalty.outbox import VERIFICATION_EMAIL_ASKED, OutboxEvent
from tests.wallet.cast import Cardholder
from wallet import setup
from wallet.card_links import follow_url
from wallet.links import CardLink, FollowLink, make_follow_token, make_link_token

OURS = {"Sec-Fetch-Site": "same-origin"}
SAFARI = "Mozilla/5.0 (iPhone; CPU iPhone OS 19_1 like Mac OS X) AppleWebKit/605.1.15 Mobile Safari"
DANA = Actor("staff", "42")


@pytest.fixture
def with_email(app: Flask) -> None:
    """This installation can send emails."""
    settings = setup.current()
    setup.configure(
        setup.WalletSettings(
            app_url=settings.app_url,
            link_secret=settings.link_secret,
            apple=settings.apple,
            sends_email=True,
        )
    )


def path(member: Cardholder) -> str:
    return urlsplit(member.url()).path


def member_of(holder: Cardholder) -> Member:
    with shop_transaction(holder.shop_id) as session:
        return session.get_one(Member, (holder.shop_id, holder.member_id))


def points_of(holder: Cardholder) -> int:
    with shop_transaction(holder.shop_id) as session:
        return lock_balance(session, holder.shop_id, holder.member_id).available


def reward(holder: Cardholder, kind: str, points: int) -> None:
    given = {"name": kind, "kind": kind, "gives": "fixed", "fixed_points": points}
    made_at = utc_now() - timedelta(days=1)
    with shop_transaction(holder.shop_id) as session:
        add_rule(session, holder.shop_id, given, actor=DANA, now=made_at)


def set_page(holder: Cardholder) -> None:
    address = "https://www.instagram.com/aurora"
    with shop_transaction(holder.shop_id) as session:
        set_follow_link(session, holder.shop_id, "instagram", address, actor=DANA, now=utc_now())


def test_birthday_is_saved_and_chosen_when_the_page_comes_back(
    client: FlaskClient, alice: Cardholder
) -> None:
    answer = client.post(f"{path(alice)}/birthday", data={"month": "5", "day": "20"}, headers=OURS)

    assert (answer.status_code, answer.headers["Location"]) == (303, f"{path(alice)}#details")
    assert member_of(alice).birthday_on == date(2000, 5, 20)
    page = client.get(path(alice)).text
    assert "<option selected>20</option>" in page
    assert '<option value="5" selected>May</option>' in page


def test_name_is_changed_and_is_the_members_own_from_then_on(
    client: FlaskClient, alice: Cardholder
) -> None:
    data = {"first_name": " Alicia ", "last_name": "de  la Cruz"}

    answer = client.post(f"{path(alice)}/name", data=data, headers=OURS)

    assert answer.status_code == 303
    member = member_of(alice)
    assert (member.first_name, member.last_name) == ("Alicia", "de la Cruz")
    assert member.sources["first_name"] == member.sources["last_name"] == "local"
    assert "Alicia de la Cruz" in client.get(path(alice)).text


@pytest.mark.parametrize("first_name", ["", " ", "<script>", "https://evil.example", "a" * 121])
def test_name_that_is_none_comes_back_with_the_reason(
    client: FlaskClient, alice: Cardholder, first_name: str
) -> None:
    data = {"first_name": first_name, "last_name": "Archer"}

    answer = client.post(f"{path(alice)}/name", data=data, headers=OURS)

    assert answer.status_code == 422
    assert 'role="alert"' in answer.text and "<script>" not in answer.text
    assert member_of(alice).first_name == "Alice"


def test_birthday_is_forgotten_by_choosing_nothing(client: FlaskClient, alice: Cardholder) -> None:
    for data in ({"month": "5", "day": "20"}, {"month": "", "day": ""}):
        client.post(f"{path(alice)}/birthday", data=data, headers=OURS)

    assert member_of(alice).birthday_on is None


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ({"month": "2", "day": "30"}, "This month has no such day"),
        ({"month": "5", "day": ""}, "Choose a day"),
        ({"month": "", "day": "3"}, "Choose a month"),
        ({"month": "5", "day": "-3"}, "Choose one of the list"),
        ({"month": "٥", "day": "3"}, "Choose one of the list"),
    ],
)
def test_day_that_is_none_comes_back_with_the_reason_and_what_was_chosen(
    client: FlaskClient, alice: Cardholder, data: dict[str, str], words: str
) -> None:
    answer = client.post(f"{path(alice)}/birthday", data=data, headers=OURS)

    assert answer.status_code == 422
    assert words in answer.text
    assert 'aria-invalid="true"' in answer.text
    assert "data-balance" in answer.text
    assert member_of(alice).birthday_on is None


def test_page_says_which_birthday_brings_points(client: FlaskClient, alice: Cardholder) -> None:
    reward(alice, "birthday", 100)
    soon = utc_now() + timedelta(days=10)
    data = {"month": str(soon.month), "day": str(soon.day)}

    client.post(f"{path(alice)}/birthday", data=data, headers=OURS)

    assert (
        f"100 points</bdi> from us on {soon:%B} {soon.day}, {soon.year + 1}"
        in client.get(path(alice)).text
    )


@pytest.mark.parametrize("action", ["name", "birthday", "verification"])
def test_form_of_another_site_is_refused(
    client: FlaskClient, alice: Cardholder, with_email: None, action: str
) -> None:
    for headers in ({"Sec-Fetch-Site": "cross-site"}, {"Origin": "https://evil.example"}, {}):
        data = {"month": "5", "day": "20", "first_name": "Mallory"}
        answer = client.post(f"{path(alice)}/{action}", data=data, headers=headers)
        assert answer.status_code == 403
    assert (member_of(alice).birthday_on, member_of(alice).first_name) == (None, "Alice")
    assert asked(alice) == 0


@pytest.mark.parametrize("action", ["name", "birthday", "verification"])
def test_link_of_nobody_opens_no_form(client: FlaskClient, alice: Cardholder, action: str) -> None:
    link = CardLink(alice.shop_id + 999, alice.member_id)
    stranger = make_link_token(link, setup.current().link_secret)
    for token in (stranger, "x" * 64):
        assert client.post(f"/card/{token}/{action}", headers=OURS).status_code == 404


def asked(holder: Cardholder) -> int:
    """How many links to prove the address were asked for."""
    with shop_transaction(holder.shop_id) as session:
        kind = OutboxEvent.kind == VERIFICATION_EMAIL_ASKED
        return len(session.scalars(select(OutboxEvent).where(kind)).all())


def test_button_has_the_link_sent_and_the_page_says_so(
    client: FlaskClient, alice: Cardholder, with_email: None
) -> None:
    before = client.get(path(alice)).text
    answer = client.post(f"{path(alice)}/verification", headers=OURS)
    after = client.get(path(alice)).text

    assert "Send me the email" in before and "5•••@example.com" in before
    assert (answer.status_code, asked(alice)) == (303, 1)
    assert "We sent you an email at" in after and "Send me the email" not in after


def test_confirmed_address_has_no_button(
    client: FlaskClient, alice: Cardholder, with_email: None
) -> None:
    with shop_transaction(alice.shop_id) as session:
        member = session.get_one(Member, (alice.shop_id, alice.member_id))
        member.email_verified_at = utc_now()

    page = client.get(path(alice)).text
    answer = client.post(f"{path(alice)}/verification", headers=OURS)

    assert "Confirmed" in page and "Send me the email" not in page
    assert (answer.status_code, asked(alice)) == (409, 0)


def test_installation_without_email_offers_no_button(
    client: FlaskClient, alice: Cardholder
) -> None:
    assert "Send me the email" not in client.get(path(alice)).text
    assert client.post(f"{path(alice)}/verification", headers=OURS).status_code == 404
    assert asked(alice) == 0


def test_put_away_members_page_has_no_forms_of_details(
    client: FlaskClient, alice: Cardholder
) -> None:
    with shop_transaction(alice.shop_id) as session:
        session.get_one(Member, (alice.shop_id, alice.member_id)).state = "archived"

    assert "Your details" not in client.get(path(alice)).text
    data = {"month": "5", "day": "20"}
    answer = client.post(f"{path(alice)}/birthday", data=data, headers=OURS)
    assert answer.status_code == 409


def test_follow_link_counts_once_and_leads_to_the_shops_page(
    client: FlaskClient, alice: Cardholder
) -> None:
    reward(alice, "social_follow", 10)
    set_page(alice)
    offered = client.get(path(alice)).text
    link = urlsplit(follow_url(alice.shop_id, alice.member_id, "instagram")).path

    answers = [client.get(link, headers={"User-Agent": SAFARI}) for _ in range(2)]

    assert link in offered and "10 points" in offered
    assert [answer.status_code for answer in answers] == [303, 303]
    assert answers[0].headers["Location"] == "https://www.instagram.com/aurora"
    assert points_of(alice) == 10
    assert "Thank you for following" in client.get(path(alice)).text


@pytest.mark.parametrize(
    ("method", "headers"),
    [
        ("HEAD", {"User-Agent": SAFARI}),
        ("GET", {"User-Agent": "facebookexternalhit/1.1"}),
        ("GET", {"User-Agent": SAFARI, "Sec-Purpose": "prefetch"}),
    ],
)
def test_program_that_looks_ahead_follows_nobody(
    client: FlaskClient, alice: Cardholder, method: str, headers: dict[str, str]
) -> None:
    reward(alice, "social_follow", 10)
    set_page(alice)
    link = urlsplit(follow_url(alice.shop_id, alice.member_id, "instagram")).path

    assert client.open(link, method=method, headers=headers).status_code == 303
    assert points_of(alice) == 0
    with shop_transaction(alice.shop_id) as session:
        assert session.scalars(select(MemberAction)).all() == []


def test_follow_link_that_is_not_ours_or_leads_nowhere_is_not_found(
    client: FlaskClient, alice: Cardholder, bob: Cardholder
) -> None:
    reward(alice, "social_follow", 10)
    secret = setup.current().link_secret
    no_page = make_follow_token(FollowLink(alice.shop_id, alice.member_id, "tiktok"), secret)
    card = make_link_token(CardLink(alice.shop_id, alice.member_id), secret)
    foreign = make_follow_token(FollowLink(bob.shop_id, alice.member_id, "tiktok"), secret)
    forged = no_page[:-1] + ("A" if no_page[-1] != "A" else "B")

    statuses = [
        client.get(f"/go/follow/{token}", headers={"User-Agent": SAFARI}).status_code
        for token in (no_page, card, forged, foreign)
    ]

    assert statuses == [404, 404, 404, 410]
    assert points_of(alice) == 0
