"""Aurora with Alice, Borealis with Bob, committed; and the staff who look at them."""

import time
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

import jwt
from flask.testing import FlaskClient
from pydantic import SecretStr
from sqlalchemy import select
from werkzeug.test import TestResponse

from jobs import segments as segments_job
from loyalty.base.clock import utc_now
from loyalty.base.db import enter_shop, shop_transaction, shopless_transaction
from loyalty.members.enrolment import record_customer
from loyalty.members.tables import Member
from loyalty.shops.directory import get_shop, install, register_shop_id
from shopify_app.platform import stored_tokens
from shopify_app.platform.token_pairs import TokenPair
from tests.factories.facts import NOON, a_customer

API_KEY = "the client id of the tests"
API_SECRET = "the client secret of the tests, 32 bytes"
DANA = 42
"""The user id of the staff member who does things."""
_SECRET = SecretStr(API_SECRET)
_ENCRYPTION_KEY = SecretStr("MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=")


@dataclass(frozen=True)
class Settings:
    """What the platform and the pages read of the settings."""

    sandbox: bool = True
    app_url: str = "http://localhost"
    shopify_api_key: str = API_KEY
    shopify_api_secret: SecretStr = _SECRET
    shopify_api_secret_old: SecretStr | None = None
    shopify_url_template: str = "http://127.0.0.1:9/{shop}"
    shopify_api_version: str = "2026-10"
    app_bridge_url: str = "https://cdn.shopify.com/shopifycloud/app-bridge.js"
    admin_origins: str = ""
    encryption_keys: SecretStr = _ENCRYPTION_KEY


@dataclass(frozen=True)
class ShopAndClient:
    """A shop, and its staff member Dana's way to fetch pages as App Bridge does."""

    shop_id: int
    domain: str
    client: FlaskClient

    def get(self, path: str) -> TestResponse:
        """Fetch a page with a fresh session token."""
        return self.client.get(path, headers=self.bearer())

    def post(self, path: str, **fields: str) -> TestResponse:
        """Send a form with a fresh session token."""
        return self.client.post(path, data=fields, headers=self.bearer())

    def bearer(self) -> dict[str, str]:
        """The header that App Bridge adds to a fetch."""
        return {"Authorization": f"Bearer {session_token(self.domain)}"}

    def look_at_members(self) -> None:
        """What the queue does after each change: the members list learns of it."""
        segments_job.look_at_members(self.shop_id, self.member_ids())

    def member_ids(self) -> list[UUID]:
        """All members of the shop."""
        with shop_transaction(self.shop_id) as session:
            return list(session.scalars(select(Member.id).where(Member.shop_id == self.shop_id)))

    def enrol(
        self, first_name: str, last_name: str, email: str | None, *, joined_at: datetime = NOON
    ) -> UUID:
        """A member of the shop with no points."""
        with shop_transaction(self.shop_id) as session:
            facts = a_customer(
                _customer_id(), first_name=first_name, last_name=last_name, email=email
            )
            shop = get_shop(session, self.shop_id)
            customer = record_customer(session, shop, facts, now=joined_at, is_backfill=False)
            assert customer.member_id is not None
            return customer.member_id


def session_token(domain: str) -> str:
    """What App Bridge gets from Shopify for Dana, good for a minute."""
    now = int(time.time())
    claims = {
        "iss": f"https://{domain}/admin",
        "dest": f"https://{domain}",
        "aud": API_KEY,
        "sub": str(DANA),
        "exp": now + 60,
        "nbf": now - 1,
        "iat": now,
    }
    return jwt.encode(claims, API_SECRET, "HS256")


def install_shop(
    handle: str, client: FlaskClient, *, currency: str, timezone: str, locale: str = "en"
) -> ShopAndClient:
    """`handle`.myshopify.com with a token that needs no renewal."""
    domain = f"{handle}.myshopify.com"
    with shopless_transaction() as session:
        shop_id = register_shop_id(session, domain)
        enter_shop(session, shop_id)
        install(
            session,
            shop_id,
            domain=domain,
            name=handle.capitalize(),
            currency=currency,
            timezone=timezone,
            email=None,
            locale=locale,
            now=NOON - timedelta(days=30),
        )
        pair = TokenPair("a token", None, None, None, "read_orders,read_customers")
        stored_tokens.store(session, shop_id, pair, now=utc_now())
    return ShopAndClient(shop_id, domain, client)


_next_customer = iter(range(501, 100_000))


def _customer_id() -> int:
    return next(_next_customer)
