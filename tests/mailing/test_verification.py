"""R54: the link in the verification email proves the address it was sent to, by a button."""

import re
from datetime import timedelta
from urllib.parse import urlsplit

import pytest
from flask.testing import FlaskClient

from loyalty.actions.verifying import ask_for_proof
from loyalty.base.clock import utc_now
from loyalty.base.db import shop_transaction
from loyalty.earning.saving import add_rule
from loyalty.ledger.posting import lock_balance
from loyalty.members.tables import Customer, Member
from mailing.addresses import address_hash
from mailing.verify_links import GOOD_FOR, VerifyLink, make_token
from tests.mailing.cast import DANA, Addressee, taken
from tests.mailing.stand_in import Amazon


def ask(alice: Addressee) -> None:
    """Alice presses the button on her page."""
    with shop_transaction(alice.shop_id) as session:
        ask_for_proof(session, alice.shop_id, alice.member_id, actor=DANA, now=utc_now())


def member_of(alice: Addressee) -> Member:
    with shop_transaction(alice.shop_id) as session:
        return session.get_one(Member, (alice.shop_id, alice.member_id))


def points_of(alice: Addressee) -> int:
    with shop_transaction(alice.shop_id) as session:
        return lock_balance(session, alice.shop_id, alice.member_id).available


@pytest.fixture
def path(alice: Addressee, amazon: Amazon) -> str:
    """The way to the button, out of the email that Alice got."""
    ask(alice)
    alice.work()
    found = re.search(r"https?://\S+/mail/verify/\S+", str(amazon.emails()[-1]["text"]))
    assert found is not None
    return urlsplit(found[0]).path


@pytest.fixture
def reward(alice: Addressee) -> None:
    """Twenty points for a proved address."""
    kind = "verified_email"
    given = {"name": kind, "kind": kind, "gives": "fixed", "fixed_points": 20}
    made_at = utc_now() - timedelta(days=1)
    with shop_transaction(alice.shop_id) as session:
        add_rule(session, alice.shop_id, given, actor=DANA, now=made_at)


def token_for(alice: Addressee, address: str, expires_in: timedelta = GOOD_FOR) -> str:
    hashed = address_hash(alice.shop_id, address)
    link = VerifyLink(alice.shop_id, alice.member_id, hashed)
    return make_token(link, expires_at=utc_now() + expires_in)


def test_email_goes_to_the_address_with_its_button_and_unsubscribe(
    alice: Addressee, amazon: Amazon, before: int
) -> None:
    ask(alice)
    alice.work()

    (email,) = taken(amazon, before)
    assert email["to"] == ["alice@example.com"]
    assert email["subject"] == "Confirm your email address for Aurora Rewards"
    for part in (str(email["html"]), str(email["text"])):
        assert "/mail/verify/" in part and "/mail/unsubscribe/" in part
        assert "Hello Alice," in part
    assert [(m.kind, m.state, m.is_asked_for) for m in alice.messages()] == [
        ("verification", "sent", True)
    ]
    assert alice.timeline() == ["email_asked", "email_sent"]


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_reading_the_link_proves_nothing(
    client: FlaskClient, alice: Addressee, path: str, method: str
) -> None:
    answer = client.open(path, method=method)

    assert answer.status_code == 200
    assert member_of(alice).email_verified_at is None


def test_button_proves_the_address_once_and_brings_the_points(
    client: FlaskClient, alice: Addressee, path: str, reward: None
) -> None:
    assert '<form method="post">' in client.get(path).text

    first, again = client.post(path), client.post(path)

    assert (
        "<strong><bdi>20 points</bdi></strong>" in first.text
        and "Your address is confirmed" in first.text
    )
    assert "Your address is confirmed" in again.text and "<strong>" not in again.text
    assert member_of(alice).email_verified_at is not None
    assert points_of(alice) == 20
    assert alice.timeline().count("email_verified") == 1


@pytest.mark.parametrize(
    ("language", "direction", "button", "thanks"),
    [
        ("de", "ltr", "Adresse bestätigen", "<strong><bdi>20 Punkte</bdi></strong> erhalten."),
        ("ar", "rtl", "تأكيد عنواني", "حصلت على <strong><bdi>20 نقطة</bdi></strong>."),
    ],
)
def test_page_speaks_the_members_language(
    client: FlaskClient,
    alice: Addressee,
    path: str,
    reward: None,
    language: str,
    direction: str,
    button: str,
    thanks: str,
) -> None:
    with shop_transaction(alice.shop_id) as session:
        session.query(Customer).one().locale = language

    asked, done = client.get(path).text, client.post(path).text

    for page in (asked, done):
        assert f'<html lang="{language}" dir="{direction}">' in page
    assert f">{button}</button>" in asked
    assert thanks in done


def test_page_of_a_link_that_leads_nowhere_speaks_the_browsers_language(
    client: FlaskClient,
) -> None:
    for told, word in [("ar-EG,ar;q=0.9", 'dir="rtl"'), ("pt", "nowhere"), ("fr", "nulle part")]:
        answer = client.get("/mail/verify/short", headers={"Accept-Language": told})
        assert (answer.status_code, word in answer.text) == (404, True)


def test_link_to_an_earlier_address_is_no_longer_good(
    client: FlaskClient, alice: Addressee, path: str
) -> None:
    alice.change(email="alice@new.example", email_norm="alice@new.example")

    assert client.post(path).status_code == 410
    assert client.get(path).status_code == 410
    assert member_of(alice).email_verified_at is None


def test_link_is_good_for_a_week(client: FlaskClient, alice: Addressee) -> None:
    good = token_for(alice, "alice@example.com", timedelta(seconds=60))
    old = token_for(alice, "alice@example.com", timedelta(seconds=-1))

    assert client.post(f"/mail/verify/{old}").status_code == 410
    assert member_of(alice).email_verified_at is None
    assert client.post(f"/mail/verify/{good}").status_code == 200


def test_link_that_we_did_not_sign_leads_nowhere(
    client: FlaskClient, alice: Addressee, bob: Addressee
) -> None:
    token = token_for(alice, "alice@example.com")
    changed = token[:20] + ("A" if token[20] != "A" else "B") + token[21:]
    foreign = make_token(
        VerifyLink(bob.shop_id, alice.member_id, address_hash(bob.shop_id, "alice@example.com")),
        expires_at=utc_now() + GOOD_FOR,
    )

    assert client.post(f"/mail/verify/{changed}").status_code == 404
    assert client.post("/mail/verify/short").status_code == 404
    assert client.post(f"/mail/verify/{foreign}").status_code == 410
    assert member_of(alice).email_verified_at is None


def test_who_unsubscribed_still_gets_the_link_they_asked_for(
    client: FlaskClient, alice: Addressee, amazon: Amazon, before: int, path: str
) -> None:
    headers = {h["Name"]: h["Value"] for h in amazon.emails()[-1]["headers"]}
    client.post(urlsplit(headers["List-Unsubscribe"].strip("<>")).path)
    with shop_transaction(alice.shop_id) as session:
        later = utc_now() + timedelta(minutes=2)
        ask_for_proof(session, alice.shop_id, alice.member_id, actor=DANA, now=later)

    alice.work()

    assert [message.state for message in alice.messages()] == ["sent", "sent"]


def test_address_that_was_proved_meanwhile_is_not_written_to(
    alice: Addressee, amazon: Amazon, before: int
) -> None:
    ask(alice)
    alice.change(email_verified_at=utc_now())

    alice.work()

    assert taken(amazon, before) == []
    assert [(m.state, m.reason) for m in alice.messages()] == [
        ("blocked", "The address is confirmed already")
    ]
