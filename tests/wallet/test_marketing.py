"""R71: a text of the shop's own on a member's card, heard once, and by nobody who wants none."""

from datetime import datetime, timedelta
from uuid import UUID

import pytest
from flask.testing import FlaskClient

from loyalty.audit import Actor
from loyalty.base.clock import utc_now
from loyalty.base.db import shop_transaction
from loyalty.base.errors import BadMessage
from loyalty.campaigns.saving import add_campaign
from loyalty.member_messages.tables import TEXT_MAX
from loyalty.member_messages.writing import put_on_cards, read_text, take_off_due
from loyalty.members.consent import say
from loyalty.members.tables import Member, TimelineEvent
from loyalty.shops.directory import get_shop
from sandbox.apple.passfields import lock_screen_text
from sandbox.apple.world import World
from tests.wallet.cast import Cardholder
from tests.wallet.test_reward_push import news, refresh
from tests.wallet.test_subscriber import PHONE, _install, _pushes
from wallet.apple.card import apple_pass
from wallet.content import card_content
from wallet.marketing import why_not
from wallet.messages import PushMessage

DANA = Actor("staff", "1")


@pytest.fixture
def push_token(apple: World, client: FlaskClient, alice: Cardholder) -> str:
    """Alice's pass is on her phone; this is its push token."""
    alice.open_pass()
    return _install(apple, alice, PHONE)


def tell(
    holder: Cardholder,
    text: str,
    *,
    key: str = "one",
    expires_at: datetime | None = None,
    campaign_id: UUID | None = None,
) -> dict[UUID, UUID]:
    """Put a text on the member's card; which message it is."""
    with shop_transaction(holder.shop_id) as session:
        return put_on_cards(
            session,
            holder.shop_id,
            {holder.member_id: text},
            key=key,
            actor=DANA,
            now=utc_now(),
            expires_at=expires_at,
            campaign_id=campaign_id,
        )


def campaign(holder: Cardholder, **terms: str) -> UUID:
    """A campaign of the shop's, whose text `tell` then brings."""
    given = {"name": "Spring", "channels": ["push"], **terms}
    with shop_transaction(holder.shop_id) as session:
        shop = get_shop(session, holder.shop_id)
        return add_campaign(session, shop, given, actor=DANA, now=utc_now()).id


def unsubscribe(holder: Cardholder) -> None:
    with shop_transaction(holder.shop_id) as session:
        ids = (holder.shop_id, holder.member_id)
        say(session, *ids, "email", "unsubscribed", source="test", said_at=utc_now())


def reasons(holder: Cardholder) -> dict[UUID, str]:
    with shop_transaction(holder.shop_id) as session:
        return why_not(session, holder.shop_id, [holder.member_id], now=utc_now())


def details(holder: Cardholder, kind: str) -> list[dict[str, object]]:
    with shop_transaction(holder.shop_id) as session:
        events = session.query(TimelineEvent).filter_by(member_id=holder.member_id, kind=kind)
        return [event.details for event in events.order_by(TimelineEvent.id)]


def test_the_text_alone_is_on_the_lock_screen(
    apple: World, alice: Cardholder, push_token: str
) -> None:
    before = apple_pass(alice.the_pass()).json_dict()

    written = tell(alice, "New roasts are in, Alice!")
    assert news(alice) == "marketing"

    shown = lock_screen_text(before, apple_pass(alice.the_pass(), "marketing").json_dict())
    assert shown is not None
    assert (shown.kind, shown.text) == ("field", "New roasts are in, Alice!")
    assert _pushes(apple, push_token)[-1] == 200
    assert alice.timeline()[-2:] == ["push_created", "push_sent"]
    (sent,) = details(alice, "push_sent")
    assert sent["about"] == "marketing"
    assert sent["message_id"] == str(written[alice.member_id])


def test_the_same_text_again_is_heard_again(
    apple: World, alice: Cardholder, push_token: str
) -> None:
    tell(alice, "Closed today", key="one")
    refresh(alice)
    before = apple_pass(alice.the_pass()).json_dict()

    tell(alice, "Closed today", key="two")
    refresh(alice)

    shown = lock_screen_text(before, apple_pass(alice.the_pass(), "marketing").json_dict())
    assert shown is not None and shown.text.startswith("Closed today")


def test_the_same_asking_again_tells_nothing_again(
    apple: World, alice: Cardholder, push_token: str
) -> None:
    first, again = tell(alice, "New roasts"), tell(alice, "New roasts")
    refresh(alice)
    refresh(alice)

    assert list(first) == [alice.member_id] and again == {}
    assert alice.timeline().count("push_sent") == 1


@pytest.mark.parametrize("way", ["paused", "unsubscribed"])
def test_who_wants_no_marketing_hears_nothing_and_the_card_says_it(
    apple: World, alice: Cardholder, push_token: str, way: str
) -> None:
    if way == "paused":
        alice.prefer("marketing", False)
    else:
        unsubscribe(alice)
    tell(alice, "New roasts")

    assert news(alice) is None

    assert alice.the_pass().content["message"] == "New roasts"
    assert "push_created" not in alice.timeline()
    assert reasons(alice) == {
        alice.member_id: "preference_off" if way == "paused" else "unsubscribed"
    }


def test_balance_is_heard_although_they_unsubscribed(
    apple: World, alice: Cardholder, push_token: str
) -> None:
    unsubscribe(alice)
    alice.earn(10)

    assert news(alice) == "balance"


def test_text_that_something_more_important_drowned_is_told_as_failed(
    apple: World, alice: Cardholder, push_token: str
) -> None:
    written = tell(alice, "New roasts")
    alice.earn(10)

    assert news(alice) == "balance"

    (failed,) = details(alice, "push_failed")
    assert failed["about"] == "marketing" and failed["reason"] == "outranked"
    with shop_transaction(alice.shop_id) as session:
        name = f"marketing:{written[alice.member_id]}"
        push = session.get_one(PushMessage, (alice.shop_id, alice.member_id, name))
    assert (push.sent_at, push.reason) == (None, failed["reason"])


def test_text_that_brings_points_is_told_and_not_the_balance(
    apple: World, alice: Cardholder, push_token: str
) -> None:
    tell(alice, "10 points for you", campaign_id=campaign(alice, bonus_points="10"))
    alice.earn(10)

    assert news(alice) == "marketing"

    assert alice.timeline().count("push_sent") == 1
    assert "push_failed" not in alice.timeline()


def test_points_after_the_text_that_brought_some_are_told(
    apple: World, alice: Cardholder, push_token: str
) -> None:
    tell(alice, "10 points for you", campaign_id=campaign(alice, bonus_points="10"))
    refresh(alice)
    alice.earn(7)

    assert news(alice) == "balance"


def test_who_paused_marketing_hears_of_the_points_that_a_text_brought(
    apple: World, alice: Cardholder, push_token: str
) -> None:
    alice.prefer("marketing", False)
    tell(alice, "10 points for you", campaign_id=campaign(alice, bonus_points="10"))
    alice.earn(10)

    assert news(alice) == "balance"


def test_text_that_is_over_leaves_the_card_silently_and_no_older_one_comes_back(
    apple: World, alice: Cardholder, push_token: str
) -> None:
    tell(alice, "All week", key="one")
    refresh(alice)
    tell(alice, "Today only", key="two", expires_at=utc_now() + timedelta(hours=1))
    refresh(alice)

    with shop_transaction(alice.shop_id) as session:
        later = utc_now() + timedelta(hours=2)
        content = card_content(session, alice.shop_id, alice.member_id, voided=False, now=later)
        ended = [
            take_off_due(session, alice.shop_id, now=later, limit=10),
            take_off_due(session, alice.shop_id, now=later, limit=10),
        ]

    assert "message" not in content
    assert ended == [1, 0]


def test_customers_own_page_shows_the_text_escaped(client: FlaskClient, alice: Cardholder) -> None:
    tell(alice, "Tea < coffee & <b>cake</b>")

    page = client.get(alice.url()).text

    shown = page.split("data-message>")[1].split("</p>")[0]
    assert "Tea &lt; coffee &amp; &lt;b&gt;cake&lt;/b&gt;" in shown


def test_card_on_no_phone_and_member_who_left_are_named(
    client: FlaskClient, alice: Cardholder
) -> None:
    assert reasons(alice) == {alice.member_id: "no_card"}

    with shop_transaction(alice.shop_id) as session:
        session.get_one(Member, (alice.shop_id, alice.member_id)).state = "archived"

    assert reasons(alice) == {alice.member_id: "not_active"}
    assert tell(alice, "New roasts") == {}


def test_nobody_writes_on_a_card_of_another_shop(
    client: FlaskClient, alice: Cardholder, bob: Cardholder
) -> None:
    stranger = Cardholder(bob.shop_id, alice.member_id)

    assert tell(stranger, "New roasts") == {}
    with shop_transaction(alice.shop_id) as session:
        content = card_content(session, alice.shop_id, alice.member_id, voided=False, now=utc_now())
    assert "message" not in content


@pytest.mark.parametrize("text", ["", "  \n ", "a" * (TEXT_MAX + 1), "a\0b"])
def test_text_that_no_card_can_show_is_refused(text: str) -> None:
    with pytest.raises(BadMessage):
        read_text(text)


def test_text_is_kept_in_one_line() -> None:
    assert read_text("  New \n roasts ") == "New roasts"
