"""What Shopify is to show of a member; a card put on a phone or taken off is news of it."""

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select, update

from loyalty.base.clock import utc_now
from loyalty.base.db import shop_transaction
from loyalty.members.tables import Member
from loyalty.outbox import SHOWN_ASKED, OutboxEvent
from shopify_app.platform.projection.shown import INSTALLED, REMOVED, Shown
from tests.wallet.cast import Cardholder
from tests.wallet.device import own, register, registration_path
from wallet.card_links import card_page_url
from wallet.google.tables import GoogleClass, GoogleObject
from wallet.shown import list_shown


def shown_of(who: Cardholder) -> Shown | None:
    with shop_transaction(who.shop_id) as session:
        return list_shown(session, who.shop_id, [who.member_id]).get(who.member_id)


def test_points_and_the_way_to_the_card_are_shown(client: FlaskClient, alice: Cardholder) -> None:
    alice.earn(120)
    alice.earn(50, available_at=utc_now().replace(year=2099))

    link = card_page_url(alice.shop_id, alice.member_id)
    assert shown_of(alice) == Shown(balance=120, tier=None, card=link, tag=None)


def test_the_tag_follows_the_card_on_the_phone(client: FlaskClient, alice: Cardholder) -> None:
    card = alice.open_pass()
    seen = [_tag(alice)]
    register(client, card)
    seen.append(_tag(alice))
    client.delete(registration_path(card), headers=own(card))
    seen.append(_tag(alice))

    assert seen == [None, INSTALLED, REMOVED]
    assert _asked(alice) == 2


@pytest.mark.parametrize(("is_removed", "tag"), [(False, INSTALLED), (True, REMOVED)])
def test_a_card_in_google_wallet_counts_as_one(
    client: FlaskClient, alice: Cardholder, is_removed: bool, tag: str
) -> None:
    with shop_transaction(alice.shop_id) as session:
        now = utc_now()
        session.add(GoogleClass(shop_id=alice.shop_id, class_id="1.c"))
        session.flush()
        card = GoogleObject(
            shop_id=alice.shop_id,
            id=alice.member_id,
            member_id=alice.member_id,
            class_id="1.c",
            object_id="1.o",
            created_at=now,
            saved_at=now,
            removed_at=now if is_removed else None,
        )
        session.add(card)

    assert _tag(alice) == tag


@pytest.mark.parametrize("state", ["archived", "erased", "merged"])
def test_nothing_is_shown_of_one_who_is_not_active(
    client: FlaskClient, alice: Cardholder, state: str
) -> None:
    with shop_transaction(alice.shop_id) as session:
        session.execute(update(Member).values(state=state))

    assert shown_of(alice) is None


def test_nobody_of_another_shop_is_shown(
    client: FlaskClient, alice: Cardholder, bob: Cardholder
) -> None:
    with shop_transaction(alice.shop_id) as session:
        assert list_shown(session, alice.shop_id, [bob.member_id]) == {}


def _tag(who: Cardholder) -> str | None:
    found = shown_of(who)
    return found.tag if found else None


def _asked(who: Cardholder) -> int:
    with shop_transaction(who.shop_id) as session:
        return len(
            session.scalars(select(OutboxEvent.id).where(OutboxEvent.kind == SHOWN_ASKED)).all()
        )
