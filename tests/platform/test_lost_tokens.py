"""A token that died: the shop is marked, its webhooks kept, and the next visit heals it (R2)."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from sqlalchemy import select, update

from config import Settings
from loyalty.base import db
from loyalty.base.clock import utc_now
from loyalty.base.ids import new_id
from loyalty.shops.directory import get_shop
from loyalty.shops.tables import Shop
from shopify_app.platform import client, inbox, inbox_writer, installations, token_endpoint
from shopify_app.platform import settings as platform_settings
from shopify_app.platform.backfill.steps import take_step
from shopify_app.platform.errors import DeadRefreshToken, NeedsReauth, ShopifyError
from shopify_app.platform.session_tokens import SessionToken, verify
from shopify_app.platform.tables import BackfillRun, Installation
from tests.platform.conftest import AURORA, make_settings
from tests.platform.deliveries import inbox_rows
from tests.platform.shopify import Shopify


def test_a_dead_refresh_token_waits_for_the_merchant_who_heals_it(
    shopify: Shopify, connected: Settings
) -> None:
    # given
    shop_id = installations.ensure_installed(_token(shopify))
    shopify.tell("tokens/expire", refresh=True)
    # when
    with pytest.raises(NeedsReauth):
        client.execute(shop_id, "shop_info")
    # then
    assert _shop(shop_id).status == "needs_reauth"
    assert installations.ensure_installed(_token(shopify)) == shop_id
    assert _shop(shop_id).status == "installed"
    assert client.execute(shop_id, "shop_info")["shop"]["myshopifyDomain"] == AURORA
    with db.shop_transaction(shop_id) as session:
        assert len(session.scalars(select(BackfillRun)).all()) == 6


def test_a_wrong_secret_of_ours_kills_no_installation(
    shopify: Shopify, connected: Settings
) -> None:
    shop_id = installations.ensure_installed(_token(shopify))
    _let_expire_in(shop_id, timedelta(0))
    keys = connected.encryption_keys.get_secret_value()
    wrong = {"shopify_api_secret": "w" * 40, "encryption_keys": keys}
    template = {"shopify_url_template": shopify.url_template}
    platform_settings.configure(make_settings(**wrong, **template))

    with pytest.raises(ShopifyError):
        installations.access_token(shop_id)

    assert _shop(shop_id).status == "installed"


def test_a_shop_whose_token_died_keeps_its_webhooks_and_says_since_when(
    shopify: Shopify, connected: Settings
) -> None:
    # given
    shop_id = installations.ensure_installed(_token(shopify))
    shopify.tell("tokens/expire", refresh=True)
    _fail_for_want_of_a_token(shop_id)
    lost_at = _installation(shop_id).lost_at
    # when
    deliver_to(shop_id, "customers/delete", b'{"id": 7}')
    inbox.drain(shop_id)
    _fail_for_want_of_a_token(shop_id)
    # then
    assert [row.state for row in inbox_rows(shop_id)] == ["done"]
    assert lost_at is not None and _installation(shop_id).lost_at == lost_at
    # and when
    installations.ensure_installed(_token(shopify))
    # then
    healed = _installation(shop_id)
    assert healed.healed_at is not None and healed.healed_at > lost_at
    assert _shop(shop_id).status == "installed"


def test_a_back_fill_that_lost_its_token_goes_on_after_the_visit(
    shopify: Shopify, connected: Settings
) -> None:
    # given
    shop_id = installations.ensure_installed(_token(shopify))
    shopify.tell("tokens/expire", refresh=True)
    take_step(shop_id)
    with db.shop_transaction(shop_id) as session:
        waiting = session.scalars(select(BackfillRun).where(BackfillRun.error.is_not(None))).one()
    assert waiting.state == "waiting" and waiting.next_at > utc_now() + timedelta(minutes=30)
    # when
    installations.ensure_installed(_token(shopify))
    take_step(shop_id)
    # then
    with db.shop_transaction(shop_id) as session:
        assert session.get_one(BackfillRun, (shop_id, waiting.id)).state == "done"


@pytest.mark.parametrize(
    ("status", "is_dead"), [(400, True), (404, True), (402, False), (423, False), (429, False)]
)
def test_which_answers_mean_that_a_token_is_dead(
    settings: Settings, status: int, is_dead: bool
) -> None:
    with answering(status, {"error": "invalid_grant"}) as url:
        platform_settings.configure(make_settings(shopify_url_template=url))
        with pytest.raises(ShopifyError) as caught:
            token_endpoint.refresh(AURORA, "a refresh token")

    assert isinstance(caught.value, DeadRefreshToken) is is_dead
    assert caught.value.retryable is not is_dead


@contextmanager
def answering(status: int, body: dict[str, str]) -> Iterator[str]:
    """A server that answers everything so; its address as a template."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            answer = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/{{shop}}"
    server.shutdown()
    server.server_close()
    thread.join()


def deliver_to(shop_id: int, topic: str, body: bytes) -> None:
    """A webhook of the shop, stored."""
    inbox_writer.of_this_process().store(
        inbox_writer.Arrival(
            shop_id=shop_id,
            webhook_id=str(new_id()),
            event_id=None,
            topic=topic,
            api_version="2026-07",
            triggered_at=utc_now(),
            received_at=utc_now(),
            body=body,
        )
    )


def _fail_for_want_of_a_token(shop_id: int) -> None:
    with pytest.raises(NeedsReauth):
        client.execute(shop_id, "shop_info")


def _token(shopify: Shopify) -> SessionToken:
    return verify(shopify.id_token(), platform_settings.current())


def _let_expire_in(shop_id: int, left: timedelta) -> None:
    with db.shop_transaction(shop_id) as session:
        session.execute(update(Installation).values(access_expires_at=utc_now() + left))


def _installation(shop_id: int) -> Installation:
    with db.shop_transaction(shop_id) as session:
        return session.get_one(Installation, shop_id)


def _shop(shop_id: int) -> Shop:
    with db.shop_transaction(shop_id) as session:
        return get_shop(session, shop_id)
