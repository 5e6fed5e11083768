"""R110, R111, R116: consent goes both ways with Shopify, by its times, and never in circles."""

import itertools
import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import jsonschema
import pytest
import requests
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

import jobs.deliveries
from config import Settings
from jobs.relay import relay
from jobs.subscribers import SUBSCRIBERS
from loyalty.actions.verifying import prove_email
from loyalty.audit import Actor
from loyalty.base import db
from loyalty.base.clock import utc_now
from loyalty.ledger.posting import lock_balance
from loyalty.members.consent import MemberConsent, say
from loyalty.members.recording_consent import record_word
from loyalty.members.tables import Customer, TimelineEvent
from loyalty.shops.directory import get_shop
from mailing import setup as mail_setup
from mailing import web as mail_web
from mailing.addresses import address_hash
from mailing.setup import CardLinks, MailSettings
from mailing.unsubscribe_links import UnsubscribeLink, make_token
from shopify_app.platform import client as admin_api
from shopify_app.platform import inbox, installations
from shopify_app.platform import settings as platform_settings
from shopify_app.platform.backfill.batches import store_customers
from shopify_app.platform.consents import NobodyThere, agree_on_member, agree_on_members
from shopify_app.platform.errors import ShopifyError, UserErrors
from shopify_app.platform.session_tokens import verify
from tests.factories.samples import sample, schema
from tests.platform.deliveries import deliver, inbox_rows
from tests.platform.shopify import Shopify

EMAIL = "customers_email_marketing_consent/update"
SMS = "customers_marketing_consent/update"
DANA = Actor("staff", "42")
TOLD = "CustomerEmailConsent"
NOON = datetime.fromisoformat("2026-11-01T12:00:00+00:00")


class Alice:
    """A customer of Shopify's who is our member."""

    def __init__(self, shopify: Shopify, client: FlaskClient, shop_id: int, **fields: Any) -> None:
        self.shopify, self.client, self.shop_id = shopify, client, shop_id
        given = {"email": f"alice-{uuid4()}@example.com", "state": "ENABLED"} | fields
        self.payload = shopify.tell("customers", first_name="Alice", **given)
        self.customer_id: int = self.payload["id"]

    def enrol(self) -> "Alice":
        """Let the webhook of the new customer come, which says nothing of consent."""
        deliver(self.client, self.payload, "customers/create")
        inbox.drain(self.shop_id)
        return self

    @property
    def member_id(self) -> UUID:
        with db.shop_transaction(self.shop_id) as session:
            found = session.get_one(Customer, (self.shop_id, self.customer_id)).member_id
        assert found is not None
        return found

    def word(self, channel: str = "email") -> MemberConsent | None:
        """What we know the member said."""
        with db.shop_transaction(self.shop_id) as session:
            return session.get(MemberConsent, (self.shop_id, self.member_id, channel))

    def state(self, channel: str = "email") -> str | None:
        found = self.word(channel)
        return found.state if found is not None else None

    def shopifys(self) -> str:
        """What Shopify knows that the customer said to emails."""
        email = self.payload["email"]
        return str(self.shopify.ask("customers", email=email)[0]["email_marketing"])

    def say(self, state: str, **fields: Any) -> None:
        """Staff write a word down."""
        with db.shop_transaction(self.shop_id) as session:
            record_word(
                session,
                self.shop_id,
                self.member_id,
                fields.get("channel", "email"),
                state,
                actor=DANA,
                now=utc_now(),
            )

    def agree(self) -> None:
        """What the subscriber does after the commit."""
        agree_on_member(self.shop_id, self.member_id)

    def hear(self, state: str, at: datetime | None, channel: str = "email") -> None:
        """Let Shopify's webhook come."""
        topic = EMAIL if channel == "email" else SMS
        deliver(self.client, a_consent(topic, self.customer_id, state, at), topic)
        inbox.drain(self.shop_id)


def a_consent(topic: str, customer_id: int, state: str, at: datetime | None) -> dict[str, Any]:
    """A payload of Shopify's published shape."""
    consent: dict[str, Any] = {"state": state, "opt_in_level": "single_opt_in"}
    consent["consent_updated_at"] = at.isoformat(timespec="seconds") if at else None
    payload = sample(topic)
    if topic == EMAIL:
        payload |= {"customer_id": customer_id, "email_marketing_consent": consent}
    else:
        consent["consent_collected_from"] = "other"
        payload |= {"id": customer_id, "sms_marketing_consent": consent}
    jsonschema.validate(payload, schema(topic))
    return payload


@pytest.fixture
def shop_id(client: FlaskClient, connected: Settings, shopify: Shopify) -> int:
    """Aurora, installed at the stand-in; the client's own settings would lead nowhere."""
    platform_settings.configure(connected)
    return installations.ensure_installed(verify(shopify.id_token(), connected))


@pytest.fixture
def alice(shopify: Shopify, client: FlaskClient, shop_id: int) -> Alice:
    return Alice(shopify, client, shop_id).enrol()


def outcomes(shop_id: int) -> list[str]:
    return [row.state for row in inbox_rows(shop_id)][1:]


# --- What Shopify tells


@pytest.mark.parametrize("channel", ["email", "sms"])
def test_a_word_said_in_shopify_is_the_members(alice: Alice, channel: str) -> None:
    alice.hear("subscribed", NOON, channel)

    word = alice.word(channel)
    assert word is not None
    assert (word.state, word.source, word.changed_at) == ("subscribed", "shopify", NOON)
    with db.shop_transaction(alice.shop_id) as session:
        kinds = session.scalars(select(TimelineEvent.kind)).all()
    assert kinds.count("consent_changed") == 1


@pytest.mark.parametrize(
    "order",
    list(itertools.permutations([("subscribed", 0), ("unsubscribed", 60), ("subscribed", 30)])),
)
def test_late_and_twice_the_later_word_wins(
    alice: Alice, order: tuple[tuple[str, int], ...]
) -> None:
    for state, after_s in (*order, *order):
        alice.hear(state, NOON + timedelta(seconds=after_s))

    assert alice.state() == "unsubscribed"


@pytest.mark.parametrize(
    ("state", "at"),
    [
        ("invalid", NOON + timedelta(days=1)),
        ("not_subscribed", None),
        ("not_subscribed", NOON - timedelta(seconds=1)),
    ],
)
def test_what_is_no_later_word_of_the_customers_changes_nothing(
    alice: Alice, state: str, at: datetime | None
) -> None:
    alice.hear("subscribed", NOON)

    alice.hear(state, at)

    assert alice.state() == "subscribed"
    assert outcomes(alice.shop_id) == ["done", "ignored"]


@pytest.mark.parametrize("state", ["not_subscribed", "redacted"])
def test_a_yes_that_shopify_shows_no_more_is_taken_back_at_its_time(
    alice: Alice, state: str
) -> None:
    alice.hear("subscribed", NOON)

    alice.hear(state, NOON + timedelta(seconds=1))
    alice.hear("subscribed", NOON)

    word = alice.word()
    assert word is not None
    assert (word.state, word.source) == ("unsubscribed", "shopify")
    assert word.refused_at == NOON + timedelta(seconds=1)


def test_a_yes_that_comes_after_what_took_it_back_stands_only_until_shopify_is_looked_at(
    alice: Alice,
) -> None:
    _at_shopify(alice, "not_subscribed", NOON + timedelta(minutes=1))
    alice.hear("not_subscribed", NOON + timedelta(minutes=1))
    assert alice.state() is None
    alice.hear("subscribed", NOON)

    _deliver(alice.shop_id)

    assert alice.state() == "unsubscribed"


def test_a_tick_that_shopify_waits_to_have_confirmed_is_no_yes(alice: Alice) -> None:
    alice.hear("pending", NOON)

    assert alice.state() == "asked"


def test_a_word_without_a_time_was_said_when_it_came(alice: Alice) -> None:
    before = utc_now()

    alice.hear("subscribed", None)

    word = alice.word()
    assert word is not None and before - timedelta(seconds=1) <= word.changed_at <= utc_now()


def test_of_somebody_who_is_no_member_nothing_is_kept(
    client: FlaskClient, shop_id: int, alice: Alice
) -> None:
    deliver(client, a_consent(EMAIL, 4711, "subscribed", NOON), EMAIL)

    inbox.drain(shop_id)

    assert outcomes(shop_id) == ["ignored"]
    with db.shop_transaction(shop_id) as session:
        assert session.scalars(select(MemberConsent)).all() == []


@pytest.mark.parametrize(
    "broken",
    [
        {},
        {"customer_id": 1},
        {"customer_id": "x", "email_marketing_consent": {}},
        {"customer_id": 1, "email_marketing_consent": {"state": 7}},
        {
            "customer_id": 1,
            "email_marketing_consent": {"state": "subscribed", "consent_updated_at": "yesterday"},
        },
    ],
)
def test_what_is_no_such_message_is_parked(
    client: FlaskClient, shop_id: int, alice: Alice, broken: dict[str, Any]
) -> None:
    deliver(client, broken, EMAIL)

    inbox.drain(shop_id)

    assert outcomes(shop_id) == ["parked"]


def test_the_history_brings_what_was_said(alice: Alice) -> None:
    gid = f"gid://shopify/Customer/{alice.customer_id}"
    node = {
        "id": gid,
        "state": "ENABLED",
        "createdAt": "2025-01-01T00:00:00Z",
        "updatedAt": "2026-11-22T00:00:00Z",
        "defaultEmailAddress": {
            "emailAddress": alice.payload["email"],
            "marketingState": "SUBSCRIBED",
            "marketingUpdatedAt": None,
        },
        "defaultPhoneNumber": {
            "phoneNumber": "+34910000000",
            "smsMarketingConsent": {"state": "UNSUBSCRIBED", "updatedAt": "2026-03-01T00:00:00Z"},
        },
    }

    with db.shop_transaction(alice.shop_id) as session:
        left_out = store_customers(session, get_shop(session, alice.shop_id), [(node, [])])

    word = alice.word()
    assert left_out == 0 and word is not None
    assert (word.state, word.changed_at.isoformat()) == ("subscribed", "2025-01-01T00:00:00+00:00")
    assert alice.state("sms") == "unsubscribed"


# --- What both agree on


def test_unsubscribing_behind_the_link_of_an_email_reaches_shopify(
    alice: Alice, mail_page: FlaskClient
) -> None:
    _at_shopify(alice, "subscribed", NOON)
    alice.agree()
    _deliver(alice.shop_id)
    hashed = address_hash(alice.shop_id, alice.payload["email"])
    link = UnsubscribeLink(alice.shop_id, alice.member_id, hashed)

    mail_page.post(f"/mail/unsubscribe/{make_token(link)}")
    _deliver(alice.shop_id)

    assert (alice.state(), alice.shopifys()) == ("unsubscribed", "unsubscribed")


def test_whoever_becomes_a_member_brings_what_they_said_before(
    shopify: Shopify, client: FlaskClient, shop_id: int
) -> None:
    carol = Alice(shopify, client, shop_id, email_marketing="subscribed").enrol()
    assert carol.state() is None

    carol.agree()

    assert carol.state() == "subscribed"
    assert carol.shopifys() == "subscribed"


@pytest.mark.parametrize("said", [("subscribed",), ("subscribed", "unsubscribed")])
def test_a_word_said_here_is_told_once_and_its_echo_is_no_news(
    alice: Alice, shopify: Shopify, said: tuple[str, ...]
) -> None:
    before = shopify.calls(TOLD)
    for state in said:
        alice.say(state)
    word = alice.word()
    assert word is not None

    for _ in range(3):
        alice.agree()

    assert alice.shopifys() == said[-1]
    assert shopify.calls(TOLD) == before + 1
    alice.hear(said[-1], word.changed_at)
    alice.agree()
    again = alice.word()
    assert again is not None and (again.source, again.changed_at) == ("staff", word.changed_at)
    assert shopify.calls(TOLD) == before + 1


def test_a_later_word_of_shopifys_is_taken_and_not_overwritten(alice: Alice) -> None:
    alice.say("unsubscribed")
    later = utc_now() + timedelta(seconds=2)
    _at_shopify(alice, "subscribed", later)
    _wait_until(later)

    alice.agree()

    assert (alice.state(), alice.shopifys()) == ("subscribed", "subscribed")


def test_an_older_word_of_shopifys_is_corrected(alice: Alice) -> None:
    _at_shopify(alice, "subscribed", NOON)
    alice.say("unsubscribed")

    alice.agree()

    assert (alice.state(), alice.shopifys()) == ("unsubscribed", "unsubscribed")


def test_a_tick_that_was_proved_is_told_as_confirmed(alice: Alice) -> None:
    with db.shop_transaction(alice.shop_id) as session:
        lock_balance(session, alice.shop_id, alice.member_id)
        say(
            *(session, alice.shop_id, alice.member_id, "email", "asked"),
            source="join_page",
            said_at=NOON,
        )
    alice.agree()
    assert alice.shopifys() == "not_subscribed"
    with db.shop_transaction(alice.shop_id) as session:
        prove_email(session, get_shop(session, alice.shop_id), alice.member_id, now=utc_now())

    alice.agree()

    ids = [f"gid://shopify/Customer/{alice.customer_id}"]
    [node] = admin_api.execute(alice.shop_id, "customer_consents", {"ids": ids})["nodes"]
    told = node["defaultEmailAddress"]
    assert (told["marketingState"], told["marketingOptInLevel"]) == (
        "SUBSCRIBED",
        "CONFIRMED_OPT_IN",
    )


def test_a_yes_is_not_told_of_another_address_but_a_no_is(alice: Alice, shopify: Shopify) -> None:
    path = f"customers/{alice.customer_id}/update"
    alice.payload |= shopify.tell(path, email=f"other-{uuid4()}@example.com")

    alice.say("subscribed")
    alice.agree()
    assert alice.shopifys() == "not_subscribed"
    alice.say("unsubscribed")
    alice.agree()

    assert alice.shopifys() == "unsubscribed"


def test_who_has_no_phone_in_shopify_is_left_alone(alice: Alice) -> None:
    alice.say("unsubscribed", channel="sms")

    alice.agree()

    assert alice.state("sms") == "unsubscribed"


def test_a_customer_who_is_gone_is_nobody_to_tell(
    alice: Alice, shopify: Shopify, shop_id: int
) -> None:
    url = f"{shopify.url}/_control/customers/{alice.customer_id}"
    requests.delete(url, timeout=30).raise_for_status()
    alice.say("unsubscribed")

    assert agree_on_members(shop_id, [alice.member_id]) == {alice.member_id: None}


def test_while_the_shop_is_away_the_word_waits(alice: Alice) -> None:
    alice.say("unsubscribed")
    with db.shop_transaction(alice.shop_id) as session:
        get_shop(session, alice.shop_id).status = "uninstalled"

    with pytest.raises(NobodyThere) as waiting:
        alice.agree()

    assert waiting.value.retryable and waiting.value.retry_after > timedelta(0)


def test_an_outage_is_tried_again_and_loses_nothing(alice: Alice, shopify: Shopify) -> None:
    alice.say("unsubscribed")
    shopify.fail("graphql", "fail", status=503)
    with pytest.raises(ShopifyError) as outage:
        alice.agree()
    assert outage.value.retryable
    shopify.fail("graphql", "off")

    alice.agree()

    assert alice.shopifys() == "unsubscribed"


@pytest.mark.parametrize("state", ["NOT_SUBSCRIBED", "REDACTED"])
@pytest.mark.parametrize(
    ("name", "field"),
    [
        ("customer_email_consent", "emailMarketingConsent"),
        ("customer_sms_consent", "smsMarketingConsent"),
    ],
)
def test_the_stand_in_refuses_what_shopify_refuses(
    alice: Alice, name: str, field: str, state: str
) -> None:
    given = {
        "customerId": f"gid://shopify/Customer/{alice.customer_id}",
        field: {"marketingState": state},
    }

    with pytest.raises(UserErrors):
        admin_api.execute(alice.shop_id, name, {"input": given})


@pytest.fixture
def mail_page() -> Iterator[FlaskClient]:
    """The page behind "Unsubscribe", on an installation that sends emails."""
    before = mail_setup._settings
    links = CardLinks("https://encore.example/card", None, None)
    mail_setup.configure(
        MailSettings(
            sender="cards@encore.example",
            region="us-east-1",
            app_url="https://encore.example",
            key=b"a link secret of the tests, 32 b",
            card_links=lambda shop, member: links,
        )
    )
    app = Flask("mail", static_folder=None)
    app.register_blueprint(mail_web.blueprint)
    yield app.test_client()
    mail_setup._settings = before


def _deliver(shop_id: int) -> None:
    """What relay and worker do for the subscriber."""
    relay(shop_id)
    [subscriber] = [one for one in SUBSCRIBERS if one.name == "consents"]
    jobs.deliveries.deliver(subscriber, shop_id)


def _at_shopify(alice: Alice, state: str, at: datetime) -> None:
    path = f"customers/{alice.customer_id}/consent"
    alice.shopify.tell(path, email=state, at=at.isoformat())


def _wait_until(moment: datetime) -> None:
    """Shopify's word lies ahead of us until then."""
    time.sleep(max(0.0, (moment - utc_now()).total_seconds()))
