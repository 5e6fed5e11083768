"""R119: one click unsubscribes, reading never does, and a link that is not ours does nothing."""

from urllib.parse import urlsplit

import pytest
import requests
from flask.testing import FlaskClient
from sqlalchemy import select

from loyalty.base.clock import utc_now
from loyalty.base.db import shop_transaction
from loyalty.members.consent import MemberConsent
from loyalty.members.tables import Customer
from loyalty.merging.merging import merge
from loyalty.outbox import CONSENT_CHANGED, OutboxEvent
from loyalty.shops.directory import get_shop
from mailing.addresses import address_hash, find_address
from mailing.catalogue import LANGUAGES
from mailing.page_wording import page_words
from mailing.permission import list_wanted
from mailing.tables import EmailAddress
from mailing.topics import TOPICS
from mailing.unsubscribe_links import UnsubscribeLink, make_token, unsubscribe_url
from tests.mailing.cast import DANA, Addressee, enrol
from tests.mailing.stand_in import Amazon


@pytest.fixture
def path(alice: Addressee, amazon: Amazon) -> str:
    """The unsubscribe address out of an email that Alice got."""
    alice.ask("first")
    alice.work()
    headers = {h["Name"]: h["Value"] for h in amazon.emails()[-1]["headers"]}
    return urlsplit(headers["List-Unsubscribe"].strip("<>")).path


def is_unsubscribed(alice: Addressee) -> bool:
    """Whether Aurora remembers it."""
    address = alice.address()
    return address is not None and address.unsubscribed_at is not None


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS"])
def test_reading_shows_a_button_and_changes_nothing(
    client: FlaskClient, alice: Addressee, path: str, method: str
) -> None:
    answer = client.open(path, method=method)

    assert answer.status_code == 200
    if method == "GET":
        assert '<form method="post">' in answer.text
        assert "Aurora" in answer.text
    assert not is_unsubscribed(alice)


@pytest.mark.parametrize("body", [{"List-Unsubscribe": "One-Click"}, {}])
def test_a_post_does_it_once_for_a_person_and_for_a_mail_program(
    client: FlaskClient, alice: Addressee, path: str, body: dict[str, str]
) -> None:
    for _ in range(2):
        answer = client.post(path, data=body)
        assert answer.status_code == 200
        assert "You are unsubscribed" in answer.text

    assert is_unsubscribed(alice)
    assert alice.timeline().count("email_unsubscribed") == 1


def test_who_unsubscribed_gets_no_card_by_itself_but_the_one_asked_for(
    client: FlaskClient, alice: Addressee, path: str
) -> None:
    client.post(path)

    alice.stage()
    alice.ask("second")
    alice.work()

    assert sorted(alice.states()) == ["blocked", "sent", "sent"]
    reasons = [event.details.get("reason") for event in alice.events()]
    assert "The member has unsubscribed" in reasons


def test_the_button_of_the_mailbox_works(alice: Addressee, amazon: Amazon, path: str) -> None:
    email = amazon.emails()[-1]["id"]

    answer = requests.post(f"{amazon.url}/inbox/{email}/unsubscribe", timeout=20)

    assert "<strong>Unsubscribed</strong>" in answer.text
    assert is_unsubscribed(alice)


@pytest.mark.parametrize("at", [0, 5, 40, 79])
def test_a_link_that_was_changed_does_nothing(
    client: FlaskClient, alice: Addressee, path: str, at: int
) -> None:
    head, _, token = path.rpartition("/")
    changed = token[:at] + ("A" if token[at] != "A" else "B") + token[at + 1 :]

    for method in ("GET", "POST"):
        assert client.open(f"{head}/{changed}", method=method).status_code == 404
    assert not is_unsubscribed(alice)


@pytest.mark.parametrize("token", ["x", "é" * 80, "x" * 10_000, "A" * 80, "%00" * 80])
def test_what_is_no_link_is_not_found(client: FlaskClient, token: str) -> None:
    assert client.post(f"/mail/unsubscribe/{token}").status_code == 404


def test_a_link_of_a_shop_that_is_gone_is_not_found(client: FlaskClient, alice: Addressee) -> None:
    link = UnsubscribeLink(alice.shop_id + 1000, alice.member_id, "00" * 16)

    assert client.post(f"/mail/unsubscribe/{make_token(link)}").status_code == 404


def test_unsubscribing_in_one_shop_is_nothing_to_another(
    client: FlaskClient, alice: Addressee, bob: Addressee, path: str
) -> None:
    client.post(path)

    with shop_transaction(bob.shop_id) as session:
        assert session.query(EmailAddress).count() == 0


def test_the_link_stays_good_once_the_member_is_erased(
    client: FlaskClient, alice: Addressee, path: str
) -> None:
    before = alice.messages()[0].address_hash
    alice.change(state="erased", email=None, email_norm="")

    assert client.post(path).status_code == 200

    with shop_transaction(alice.shop_id) as session:
        row = session.query(EmailAddress).one()
    assert (row.address_hash, row.unsubscribed_at is not None) == (before, True)


def test_the_page_can_be_framed_or_indexed_by_nobody(client: FlaskClient, path: str) -> None:
    answer = client.get(path)

    assert "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"]
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert answer.headers["X-Robots-Tag"] == "noindex"
    assert answer.headers["Cache-Control"] == "no-store"
    assert "Set-Cookie" not in answer.headers


def test_the_same_link_is_written_each_time(alice: Addressee) -> None:
    link = UnsubscribeLink(alice.shop_id, alice.member_id, "ab" * 16)

    assert unsubscribe_url(link) == unsubscribe_url(link)
    assert len(make_token(link)) == 80


# --- Only these topics, and what Shopify is told


def test_unsubscribing_is_the_members_no_and_shopify_is_to_hear_it(
    client: FlaskClient, alice: Addressee, path: str
) -> None:
    before = told(alice)

    client.post(path)

    assert consent(alice) == ("unsubscribed", "unsubscribe_page")
    assert told(alice) == before + 1


def test_only_the_ticked_topics_come_from_then_on(
    client: FlaskClient, alice: Addressee, path: str
) -> None:
    page = client.get(path).text
    assert 'value="birthday" checked' in page
    assert 'value="offers" checked' not in page

    answer = client.post(f"{path}/topics", data={"topic": ["birthday", "points"]})

    assert "Your choice is saved" in answer.text
    assert wanted(alice) == {"birthday", "points"}
    assert consent(alice) is None
    assert alice.timeline().count("email_topics_chosen") == 1


def test_who_ticks_offers_says_yes_and_who_unticks_them_no(
    client: FlaskClient, alice: Addressee, path: str
) -> None:
    client.post(f"{path}/topics", data={"topic": ["offers", "birthday"]})
    assert consent(alice) == ("subscribed", "unsubscribe_page")

    client.post(f"{path}/topics", data={"topic": ["birthday"]})

    assert consent(alice) == ("unsubscribed", "unsubscribe_page")
    assert wanted(alice) == {"birthday"}


def test_no_topic_at_all_is_unsubscribing(client: FlaskClient, alice: Addressee, path: str) -> None:
    answer = client.post(f"{path}/topics", data={})

    assert "You are unsubscribed" in answer.text
    assert is_unsubscribed(alice)


def test_whoever_changed_their_mind_chooses_again_and_unsubscribes_again(
    client: FlaskClient, alice: Addressee, path: str
) -> None:
    client.post(path)
    client.post(f"{path}/topics", data={"topic": "rewards"})
    assert wanted(alice) == {"rewards"}

    client.post(path)

    assert wanted(alice) == frozenset()
    assert alice.timeline().count("email_unsubscribed") == 2


def test_saved_twice_is_saved_once(client: FlaskClient, alice: Addressee, path: str) -> None:
    for _ in range(2):
        client.post(f"{path}/topics", data={"topic": ["birthday", "nonsense"]})

    assert wanted(alice) == {"birthday"}
    assert alice.timeline().count("email_topics_chosen") == 1


def test_an_old_address_can_be_unsubscribed_but_chooses_nothing(
    client: FlaskClient, alice: Addressee, path: str
) -> None:
    alice.change(email="new@example.com", email_norm="new@example.com")

    page = client.get(path).text
    refused = client.post(f"{path}/topics", data={"topic": "birthday"})
    client.post(path)

    assert "/topics" not in page
    assert refused.status_code == 410
    assert consent(alice) is None and "birthday" in wanted(alice)
    with shop_transaction(alice.shop_id) as session:
        old = find_address(session, alice.shop_id, address_hash(alice.shop_id, "alice@example.com"))
    assert old is not None and old.unsubscribed_at is not None


def test_the_link_of_a_merged_member_is_the_survivors(
    client: FlaskClient, alice: Addressee, path: str
) -> None:
    carol = enrol(alice.shop_id, "Carol", customer_id=777, email="carol@example.com")
    with shop_transaction(alice.shop_id) as session:
        shop = get_shop(session, alice.shop_id)
        merge(session, shop, carol.member_id, alice.member_id, actor=DANA, now=utc_now())
    carol.change(email="alice@example.com", email_norm="alice@example.com")

    client.post(path)

    assert consent(carol) == ("unsubscribed", "unsubscribe_page")


def test_a_foreign_link_chooses_nothing(client: FlaskClient, alice: Addressee) -> None:
    link = UnsubscribeLink(alice.shop_id + 1000, alice.member_id, "00" * 16)

    for token in (make_token(link), "A" * 80):
        answer = client.post(f"/mail/unsubscribe/{token}/topics", data={"topic": "offers"})
        assert answer.status_code == 404
    assert consent(alice) is None


@pytest.mark.parametrize(
    ("locale", "language", "direction", "word"),
    [
        ("es-MX", "es", "ltr", "Darme de baja"),
        ("fr", "fr", "ltr", "Me désabonner"),
        ("de", "de", "ltr", "Abmelden"),
        ("ar", "ar", "rtl", "إلغاء الاشتراك"),
        ("ja", "en", "ltr", "Unsubscribe"),
    ],
)
def test_the_page_speaks_the_members_language(
    client: FlaskClient,
    alice: Addressee,
    path: str,
    locale: str,
    language: str,
    direction: str,
    word: str,
) -> None:
    with shop_transaction(alice.shop_id) as session:
        session.query(Customer).one().locale = locale

    page = client.get(path).text

    assert f'<html lang="{language}" dir="{direction}">' in page
    assert f">{word}</button>" in page
    assert "<bdi>Aurora</bdi>" in client.post(path).text


def test_no_language_of_the_page_lacks_a_word() -> None:
    english = page_words("en").words

    for language in LANGUAGES:
        words = page_words(language).words
        assert words.keys() == english.keys()
        assert set(words["topics"]) == set(TOPICS)
        assert words["done_text"].count("{shop}") == 1
        assert words["proof_points"].count("{points}") == 1
        assert all(words["topics"].values()) and all(words.values())


def consent(alice: Addressee) -> tuple[str, str] | None:
    """What the member said to emails, and where."""
    with shop_transaction(alice.shop_id) as session:
        row = session.get(MemberConsent, (alice.shop_id, alice.member_id, "email"))
    return (row.state, row.source) if row is not None else None


def wanted(alice: Addressee) -> frozenset[str]:
    """The topics that come by themselves."""
    with shop_transaction(alice.shop_id) as session:
        return list_wanted(session, alice.shop_id, alice.member_id)


def told(alice: Addressee) -> int:
    """How often Shopify was to be told of the member."""
    with shop_transaction(alice.shop_id) as session:
        kinds = session.scalars(select(OutboxEvent.kind)).all()
    return kinds.count(CONSENT_CHANGED)
