"""R154: a campaign's email goes out once, says the merchant's words, and its fate is followed."""

from collections.abc import Iterator
from uuid import UUID

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from jobs import queues
from loyalty.base.clock import utc_now
from loyalty.base.db import shop_transaction, shopless_transaction
from loyalty.base.errors import BadCampaign
from loyalty.campaigns import running
from loyalty.campaigns.saving import get_campaign
from loyalty.coupons.importing import import_codes
from loyalty.coupons.saving import add_coupon
from loyalty.members.consent import say
from loyalty.members.tables import TimelineEvent
from loyalty.outbox import Delivery
from loyalty.shops.directory import get_shop
from mailing import campaign_web, pacing, web
from mailing.campaign_links import CampaignLink, make_token
from mailing.tables import MailPace
from shopify_app.platform import settings as platform_settings
from tests.mailing.campaign_cast import start
from tests.mailing.cast import DANA, Addressee, enrol, event_of, taken
from tests.mailing.stand_in import Amazon
from tests.platform.conftest import make_settings

AGENT = {"User-Agent": "Mozilla/5.0 (iPhone)"}


@pytest.fixture(autouse=True)
def _bell(valkey_url: str) -> None:
    queues.configure(valkey_url)


@pytest.fixture
def browser_client(amazon: Amazon, database: None) -> Iterator[FlaskClient]:
    """Somebody's browser, and Shopify's addresses."""
    platform_settings.configure(make_settings(shopify_url_template="https://{shop}"))
    app = Flask("campaigns", static_folder=None)
    app.register_blueprint(web.blueprint)
    app.register_blueprint(campaign_web.blueprint)
    yield app.test_client()


def sent_today() -> int:
    """How many emails of the account count against its rate and quota."""
    with shopless_transaction() as session:
        return session.scalars(select(MailPace.sent_24h)).one()


def coupon_of(who: Addressee) -> UUID:
    """A coupon with one code, SPRING-1."""
    now = utc_now()
    with shop_transaction(who.shop_id) as session:
        given = {"name": "Five off", "kind": "fixed_amount", "amount": "5.00",
                 "code_source": "imported"}  # fmt: skip
        coupon = add_coupon(session, get_shop(session, who.shop_id), given, actor=DANA, now=now)
        import_codes(session, who.shop_id, coupon.id, b"code\nSPRING-1\n", actor=DANA, now=now)
    return coupon.id


def test_it_says_the_merchants_words_and_ends_as_sent(
    alice: Addressee, amazon: Amazon, before: int
) -> None:
    sent = start(alice)

    sent.advance()
    alice.work()
    sent.advance()

    (email,) = taken(amazon, before)
    assert email["subject"] == "Spring for Alice"
    assert "Hello Alice" in str(email["text"]) and "Come & see <us>" in str(email["text"])
    assert "Come &amp; see &lt;us&gt;" in str(email["html"])
    assert f"/mail/go/{sent.token}" in str(email["html"])
    assert (sent.fate(), sent.campaign().state) == (("sent", None), "done")
    assert [(m.kind, m.state) for m in alice.messages()] == [("campaign", "sent")]


def test_however_often_it_is_brought_on_it_is_sent_once(
    alice: Addressee, amazon: Amazon, before: int
) -> None:
    sent = start(alice)

    for _ in range(3):
        sent.advance()
        alice.work()

    assert len(taken(amazon, before)) == 1


def test_a_lost_answer_is_marked_unknown_and_not_sent_again(
    alice: Addressee, amazon: Amazon, before: int
) -> None:
    amazon.post("faults", kind="cut")
    sent = start(alice)

    sent.advance()
    alice.work()
    alice.work_later()
    sent.advance()

    assert len(taken(amazon, before)) == 1
    assert (sent.fate(), sent.campaign().state) == (("unknown", "no_answer"), "done")


def test_what_amazon_refuses_has_failed_with_its_reason(alice: Addressee, amazon: Amazon) -> None:
    amazon.post("faults", kind="status", status=400, code="MessageRejected", times=1)
    sent = start(alice)

    sent.advance()
    alice.work()
    sent.advance()

    assert sent.fate() == ("failed", "SES refused the email (MessageRejected)")


def test_what_is_stopped_before_it_left_is_not_sent(
    alice: Addressee, amazon: Amazon, before: int
) -> None:
    sent = start(alice)
    sent.advance()
    sent.move(running.stop)

    alice.work()
    sent.advance()

    assert taken(amazon, before) == []
    assert sent.fate() == ("skipped", "stopped")
    assert sent.campaign().done_at is not None
    assert times_left(alice) == 1


def test_what_is_paused_before_it_left_waits_and_costs_no_attempt_and_nobodys_turn(
    alice: Addressee, amazon: Amazon, before: int
) -> None:
    sent = start(alice)
    sent.advance()
    sent.move(running.pause)
    pacing.take("redemption")
    counted = sent_today()

    alice.work()
    alice.work_later()

    assert sent_today() == counted
    assert (taken(amazon, before), alice.states()) == ([], ["queued"])
    with shop_transaction(alice.shop_id) as session:
        mine = select(Delivery).where(Delivery.subscriber == "mail")
        delivery = session.scalars(mine).one()
        assert (delivery.state, delivery.attempts) == ("pending", 0)
        assert delivery.next_at > utc_now()
    sent.move(running.resume)
    alice.work_later()
    assert len(taken(amazon, before)) == 1


def test_nothing_is_staged_while_it_is_paused(
    alice: Addressee, amazon: Amazon, before: int
) -> None:
    sent = start(alice)
    sent.move(running.pause)
    for _ in range(2):
        sent.advance()
        alice.work()
    assert taken(amazon, before) == []

    sent.move(running.resume)
    sent.advance()
    alice.work()

    assert len(taken(amazon, before)) == 1


@pytest.mark.parametrize(
    ("words", "field", "what"),
    [
        ({"text": "Hello\nUse {{ code }} until {{ valid_until }}"}, "text", "coupon"),
        ({"subject": "{{ bonus_points }} for you"}, "subject", "bonus points"),
        ({"text": "{{ promotion }} is on"}, "text", "promotion"),
    ],
)
def test_a_field_of_what_it_does_not_bring_is_refused_before_it_starts(
    alice: Addressee, words: dict[str, str], field: str, what: str
) -> None:
    with pytest.raises(BadCampaign) as refused:
        start(alice, **words)

    assert refused.value.field == field
    assert f"the campaign has no {what}" in str(refused.value)


def test_the_code_stands_in_the_email_and_its_link_puts_it_into_the_cart(
    alice: Addressee, amazon: Amazon, before: int, browser_client: FlaskClient
) -> None:
    sent = start(alice, coupon_id=str(coupon_of(alice)), text="Your code: {{ code }}")

    sent.advance()
    alice.work()

    (email,) = taken(amazon, before)
    assert "SPRING-1" in str(email["text"])
    response = browser_client.get(f"/mail/go/{sent.token}", headers=AGENT)
    assert response.headers["Location"] == (
        "https://aurora.myshopify.com/discount/SPRING-1?redirect=/collections/spring%3Fa%3D1"
    )


def test_who_follows_the_link_is_counted_once_and_led_to_the_shop(
    alice: Addressee, browser_client: FlaskClient
) -> None:
    sent = start(alice)
    sent.advance()

    for _ in range(2):
        response = browser_client.get(f"/mail/go/{sent.token}", headers=AGENT)
        assert response.status_code == 303
        where = "https://aurora.myshopify.com/collections/spring?a=1"
        assert response.headers["Location"] == where

    found = sent.recipient()
    assert found.clicked_at is not None and found.opened_at == found.clicked_at


@pytest.mark.parametrize(
    ("method", "headers"),
    [
        ("HEAD", AGENT),
        ("GET", AGENT | {"Sec-Purpose": "prefetch"}),
        ("GET", {"User-Agent": "Mozilla/5.0 (compatible; Googlebot/2.1)"}),
    ],
)
def test_a_program_that_looks_ahead_is_no_click(
    alice: Addressee, browser_client: FlaskClient, method: str, headers: dict[str, str]
) -> None:
    sent = start(alice)
    sent.advance()

    response = browser_client.open(f"/mail/go/{sent.token}", method=method, headers=headers)

    assert response.status_code == 303
    assert sent.recipient().clicked_at is None


def test_a_link_that_we_did_not_sign_leads_nowhere(
    alice: Addressee, browser_client: FlaskClient
) -> None:
    token = start(alice).token
    forged = [token[:-1] + ("A" if token[-1] != "A" else "B"), token[:-4], "x" * 80, "ü" * 80]

    for one in forged:
        answer = browser_client.get(f"/mail/go/{one}", headers=AGENT | {"Accept-Language": "de"})
        assert answer.status_code == 404 and 'lang="de"' in answer.text


def test_a_member_without_it_is_no_recipient(alice: Addressee, browser_client: FlaskClient) -> None:
    sent = start(alice)
    sent.advance()
    carol = enrol(alice.shop_id, "Carol", customer_id=502, email="carol@example.com")
    other = make_token(CampaignLink(alice.shop_id, sent.campaign_id, carol.member_id))

    assert browser_client.get(f"/mail/go/{other}", headers=AGENT).status_code == 303
    assert sent.recipient().clicked_at is None


def test_another_shops_member_is_no_recipient(
    alice: Addressee, bob: Addressee, browser_client: FlaskClient
) -> None:
    sent = start(alice)
    sent.advance()
    other = make_token(CampaignLink(alice.shop_id, sent.campaign_id, bob.member_id))

    response = browser_client.get(f"/mail/go/{other}", headers=AGENT)

    assert response.headers["Location"] == "https://aurora.myshopify.com/collections/spring?a=1"
    assert sent.recipient().clicked_at is None


@pytest.mark.parametrize("who", ["alice", "bob"])
def test_a_link_of_another_shop_with_this_campaign_leads_nowhere(
    alice: Addressee, bob: Addressee, browser_client: FlaskClient, who: str
) -> None:
    sent = start(alice, coupon_id=str(coupon_of(alice)), text="Your code: {{ code }}")
    sent.advance()
    member_id = {"alice": alice, "bob": bob}[who].member_id
    other = make_token(CampaignLink(bob.shop_id, sent.campaign_id, member_id))

    answer = browser_client.get(f"/mail/go/{other}", headers=AGENT)

    assert answer.status_code == 404
    assert "aurora" not in answer.text.lower() and "SPRING-1" not in answer.text
    assert sent.recipient().clicked_at is None


@pytest.mark.parametrize("kind", ["Open", "Click"])
def test_what_amazon_reports_of_it_is_counted(alice: Addressee, amazon: Amazon, kind: str) -> None:
    sent = start(alice)
    sent.advance()
    alice.work()

    event = event_of(alice, kind)
    assert amazon.post("notify", event=event)["statuses"] == [200]

    found = sent.recipient()
    assert found.opened_at is not None
    assert (found.clicked_at is not None) == (kind == "Click")


def test_an_email_that_bounces_has_failed(alice: Addressee, amazon: Amazon) -> None:
    sent = start(alice)
    sent.advance()
    alice.work()
    sent.advance()
    assert sent.fate() == ("sent", None)

    amazon.post("bounce", message_id=alice.messages()[0].ses_message_id, type="Permanent")

    assert sent.fate() == ("failed", "bounced")


def test_who_unsubscribes_after_their_turn_has_left_for_that_reason(
    alice: Addressee, amazon: Amazon, before: int
) -> None:
    sent = start(alice)
    sent.advance()
    with shop_transaction(alice.shop_id) as session:
        who = (session, alice.shop_id, alice.member_id)
        say(*who, "email", "unsubscribed", source="test", said_at=utc_now())

    alice.work()
    sent.advance()

    assert taken(amazon, before) == []
    assert (sent.fate(), sent.campaign().state) == (("skipped", "unsubscribed"), "done")
    assert times_left(alice) == 1


def test_a_delivery_that_is_told_late_settles_a_doubt_of_a_campaign_that_is_done(
    alice: Addressee, amazon: Amazon
) -> None:
    amazon.post("faults", kind="cut")
    sent = start(alice)
    sent.advance()
    alice.work()
    alice.work_later()
    sent.advance()
    assert (sent.fate(), sent.campaign().state) == (("unknown", "no_answer"), "done")

    amazon.post("notify", event=event_of(alice, "Delivery"))

    assert sent.fate() == ("sent", None)


def test_what_amazon_rejects_late_has_failed_and_a_late_word_that_it_took_it_changes_nothing(
    alice: Addressee, amazon: Amazon
) -> None:
    sent = start(alice)
    sent.advance()
    alice.work()
    sent.advance()
    assert (sent.fate(), sent.campaign().state) == (("sent", None), "done")

    for kind in ("Reject", "Send"):
        amazon.post("notify", event=event_of(alice, kind))

    fate, reason = sent.fate()
    assert fate == "failed" and str(reason).startswith("Amazon rejected it")
    assert alice.states() == ["failed"]


def test_a_full_mailbox_is_told_apart_and_no_late_delivery_takes_it_back(
    alice: Addressee, amazon: Amazon
) -> None:
    sent = start(alice)
    sent.advance()
    alice.work()
    sent.advance()

    amazon.post("bounce", message_id=alice.messages()[0].ses_message_id, type="Transient")
    amazon.post("notify", event=event_of(alice, "Delivery"))

    assert sent.fate() == ("failed", "bounced_soft")


def test_one_whose_time_has_come_goes_out(alice: Addressee, amazon: Amazon, before: int) -> None:
    now = utc_now()
    sent = start(alice, starts_at="2099-01-01T09:00")
    sent.advance()
    assert sent.campaign().state == "scheduled"

    with shop_transaction(alice.shop_id) as session:
        get_campaign(session, alice.shop_id, sent.campaign_id).starts_at = now
    sent.advance()
    alice.work()

    assert len(taken(amazon, before)) == 1


def test_one_that_cannot_be_sent_by_then_waits_for_the_merchant_with_the_reason(
    alice: Addressee, amazon: Amazon, before: int
) -> None:
    sent = start(alice, starts_at="2099-01-01T09:00")
    with shop_transaction(alice.shop_id) as session:
        campaign = get_campaign(session, alice.shop_id, sent.campaign_id)
        campaign.starts_at, campaign.subject = utc_now(), ""

    sent.advance()

    assert (sent.campaign().state, sent.campaign().error) == (
        "paused",
        "Write the email's subject",
    )
    assert taken(amazon, before) == []


def times_left(whose: Addressee) -> int:
    """How often the member's timeline says that they left a campaign."""
    with shop_transaction(whose.shop_id) as session:
        kinds = session.scalars(
            select(TimelineEvent.kind).where(TimelineEvent.member_id == whose.member_id)
        )
        return list(kinds).count("campaign_disjoined")
