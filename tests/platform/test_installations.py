"""Installing by token exchange, and a token that stays alive (R2, R12)."""

import threading
from datetime import datetime, timedelta

import psycopg
import pytest
from sqlalchemy import select, text, update

from config import Settings
from loyalty.audit import AuditRow
from loyalty.base import db
from loyalty.base.clock import utc_now
from loyalty.base.ids import new_id
from loyalty.shops.directory import get_shop
from loyalty.shops.tables import Shop, StaffMember
from shopify_app.platform import (
    client,
    crypto,
    inbox,
    inbox_writer,
    installations,
    staff,
)
from shopify_app.platform import settings as platform_settings
from shopify_app.platform.errors import (
    NeedsReauth,
    RefusedSessionToken,
    ShopifyError,
)
from shopify_app.platform.session_tokens import SessionToken, verify
from shopify_app.platform.tables import BackfillRun, Installation
from tests.conftest import DatabaseUrls
from tests.platform.conftest import AURORA, BOREALIS, make_settings
from tests.platform.deliveries import inbox_rows
from tests.platform.shopify import Shopify


def test_a_first_load_installs_the_shop(shopify: Shopify, connected: Settings) -> None:
    shop_id = installations.ensure_installed(_token(shopify))

    with db.shop_transaction(shop_id) as session:
        shop = get_shop(session, shop_id)
        subjects = [run.subject for run in session.scalars(select(BackfillRun))]
        audited = session.scalars(select(AuditRow.action)).all()
    assert (shop.domain, shop.status) == (AURORA, "installed")
    assert shop.currency and "/" in shop.timezone
    assert sorted(subjects) == [
        "collections", "customers", "locations", "orders", "products", "shop"
    ]  # fmt: skip
    assert audited == ["shop_installed"]


def test_tokens_are_encrypted_at_rest(
    shopify: Shopify, connected: Settings, database: DatabaseUrls
) -> None:
    shop_id = installations.ensure_installed(_token(shopify))

    clear = installations.access_token(shop_id)
    with psycopg.connect(database.owner) as owner:
        owner.execute(f"SET encore.shop = '{shop_id}'")
        query = "SELECT access_token, refresh_token FROM installation"
        (stored,) = owner.execute(query).fetchall()
    assert clear.startswith("shpat_")
    assert all(b"shp" not in value for value in stored)
    assert crypto.decrypt(stored[0]) == clear


def test_a_new_key_encrypts_and_the_old_one_still_opens(
    shopify: Shopify, connected: Settings
) -> None:
    shop_id = installations.ensure_installed(_token(shopify))
    before = installations.access_token(shop_id)
    newer = make_settings(shopify_url_template=shopify.url_template).encryption_keys
    keys = f"{newer.get_secret_value()},{connected.encryption_keys.get_secret_value()}"
    platform_settings.configure(
        make_settings(shopify_url_template=shopify.url_template, encryption_keys=keys)
    )

    assert installations.access_token(shop_id) == before


def test_later_loads_exchange_nothing(shopify: Shopify, connected: Settings) -> None:
    shop_id = installations.ensure_installed(_token(shopify))
    before, token = shopify.calls("access_token"), installations.access_token(shop_id)

    for _ in range(3):
        assert installations.ensure_installed(_token(shopify)) == shop_id

    assert shopify.calls("access_token") == before
    assert installations.access_token(shop_id) == token


def test_first_loads_at_once_share_one_exchange(shopify: Shopify, connected: Settings) -> None:
    tokens = [_token(shopify) for _ in range(4)]
    before = shopify.calls("access_token")
    found: list[int] = []
    threads = [
        threading.Thread(target=lambda t=token: found.append(installations.ensure_installed(t)))
        for token in tokens
    ]

    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(set(found)) == 1 and len(found) == 4
    assert shopify.calls("access_token") == before + 1
    assert client.execute(found[0], "shop_info")["shop"]["myshopifyDomain"] == AURORA


def test_each_shop_has_its_own_token(shopify: Shopify, connected: Settings) -> None:
    aurora = installations.ensure_installed(_token(shopify))
    borealis = installations.ensure_installed(_token(shopify, shop=BOREALIS))

    assert client.execute(aurora, "shop_info")["shop"]["myshopifyDomain"] == AURORA
    assert client.execute(borealis, "shop_info")["shop"]["myshopifyDomain"] == BOREALIS


def test_an_exchange_that_fails_leaves_nothing_behind(
    shopify: Shopify, connected: Settings
) -> None:
    shopify.fail("token", "cut", count=1)
    with pytest.raises(ShopifyError) as caught:
        installations.ensure_installed(_token(shopify))

    assert caught.value.retryable
    shop_id = installations.ensure_installed(_token(shopify))
    assert client.execute(shop_id, "shop_info")["shop"]["myshopifyDomain"] == AURORA


def test_a_token_that_shopify_refuses_asks_for_a_newer_one(
    shopify: Shopify, connected: Settings
) -> None:
    foreign = SessionToken(AURORA, 7, shopify.id_token(secret="foreign"))

    with pytest.raises(RefusedSessionToken):
        installations.ensure_installed(foreign)


def test_a_token_is_renewed_five_minutes_before_its_end(
    shopify: Shopify, connected: Settings
) -> None:
    shop_id = installations.ensure_installed(_token(shopify))
    first = installations.access_token(shop_id)
    _let_expire_in(shop_id, timedelta(minutes=5, seconds=30))
    assert installations.access_token(shop_id) == first

    _let_expire_in(shop_id, timedelta(minutes=4))

    second = installations.access_token(shop_id)
    assert second != first
    assert installations.access_token(shop_id) == second
    assert shopify.state()["live_offline_tokens"] == 1


def test_workers_at_once_refresh_once(shopify: Shopify, connected: Settings) -> None:
    shop_id = installations.ensure_installed(_token(shopify))
    _let_expire_in(shop_id, timedelta(0))
    before, found = shopify.calls("access_token"), []
    threads = [
        threading.Thread(target=lambda: found.append(installations.access_token(shop_id)))
        for _ in range(5)
    ]

    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(found) == 5 and len(set(found)) == 1
    assert shopify.calls("access_token") == before + 1


def test_a_refresh_whose_answer_was_lost_is_repeated(shopify: Shopify, connected: Settings) -> None:
    shop_id = installations.ensure_installed(_token(shopify))
    _let_expire_in(shop_id, timedelta(0))
    shopify.fail("token", "cut", count=1)
    with pytest.raises(ShopifyError):
        installations.access_token(shop_id)

    assert client.execute(shop_id, "shop_info")["shop"]["myshopifyDomain"] == AURORA


def test_a_token_that_shopify_revoked_is_replaced_at_once(
    shopify: Shopify, connected: Settings
) -> None:
    shop_id = installations.ensure_installed(_token(shopify))
    shopify.tell("tokens/expire")

    assert client.execute(shop_id, "shop_info")["shop"]["myshopifyDomain"] == AURORA


def test_a_staff_name_is_learned_once(shopify: Shopify, connected: Settings) -> None:
    token = _token(shopify)
    shop_id = installations.ensure_installed(token)
    staff.learn(shop_id, token)
    before = shopify.calls("access_token")

    staff.learn(shop_id, token)
    staff._seen.clear()
    staff.learn(shop_id, token)

    assert shopify.calls("access_token") == before
    names = {member["id"]: member["name"] for member in shopify.state()["staff"]}
    with db.shop_transaction(shop_id) as session:
        (member,) = session.scalars(select(StaffMember))
    assert member.name == names[member.user_id]


def test_a_staff_name_that_cannot_be_learned_stops_nothing(
    shopify: Shopify, connected: Settings
) -> None:
    token = _token(shopify)
    shop_id = installations.ensure_installed(token)
    shopify.fail("token", count=1)

    staff.learn(shop_id, token)

    with db.shop_transaction(shop_id) as session:
        assert session.scalars(select(StaffMember)).all() == []


def test_a_shop_that_comes_back_begins_again(shopify: Shopify, connected: Settings) -> None:
    # given
    shop_id = installations.ensure_installed(_token(shopify))
    first = _shop(shop_id)
    shopify.tell("uninstall")
    _arrive(shop_id, "app/uninstalled", at=utc_now())
    inbox.drain(shop_id)
    with pytest.raises(NeedsReauth):
        installations.access_token(shop_id)
    # when
    assert installations.ensure_installed(_token(shopify)) == shop_id
    # then
    again = _shop(shop_id)
    assert again.status == "installed" and again.installed_at > first.installed_at
    with db.shop_transaction(shop_id) as session:
        waiting = select(BackfillRun.generation).where(BackfillRun.state == "waiting")
        assert set(session.scalars(waiting)) == {2}
    assert client.execute(shop_id, "shop_info")["shop"]["myshopifyDomain"] == AURORA


def test_late_news_of_an_uninstall_does_not_undo_the_install_after_it(
    shopify: Shopify, connected: Settings
) -> None:
    shop_id = installations.ensure_installed(_token(shopify))

    _arrive(shop_id, "app/uninstalled", at=utc_now() - timedelta(minutes=5))
    inbox.drain(shop_id)

    assert _shop(shop_id).status == "installed"
    assert [row.state for row in inbox_rows(shop_id)] == ["ignored"]
    assert installations.access_token(shop_id)


def test_a_shop_that_was_removed_and_comes_back_has_a_new_id(
    shopify: Shopify, connected: Settings
) -> None:
    # given: this process knows the shop by its first id
    first = installations.ensure_installed(_token(shopify))
    with db.shop_transaction(first) as session:
        session.execute(text("SELECT remove_shop()"))
    # when
    again = installations.ensure_installed(_token(shopify))
    # then
    before = shopify.calls("access_token")
    assert again != first and installations.ensure_installed(_token(shopify)) == again
    assert shopify.calls("access_token") == before


def _arrive(shop_id: int, topic: str, *, at: datetime) -> None:
    inbox_writer.of_this_process().store(
        inbox_writer.Arrival(
            shop_id=shop_id,
            webhook_id=str(new_id()),
            event_id=None,
            topic=topic,
            api_version="2026-07",
            triggered_at=at,
            received_at=utc_now(),
            body=b"{}",
        )
    )


def _token(shopify: Shopify, **query: str) -> SessionToken:
    return verify(shopify.id_token(**query), platform_settings.current())


def _let_expire_in(shop_id: int, left: timedelta) -> None:
    with db.shop_transaction(shop_id) as session:
        session.execute(update(Installation).values(access_expires_at=utc_now() + left))


def _shop(shop_id: int) -> Shop:
    with db.shop_transaction(shop_id) as session:
        return get_shop(session, shop_id)
