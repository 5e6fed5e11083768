"""The authorization-code grant: only a genuine, current, asked-for return installs a shop (R2)."""

import hashlib
import hmac
import time
from datetime import timedelta
from urllib.parse import parse_qs, parse_qsl, urlencode, urlsplit

import pytest
import requests
from flask.testing import FlaskClient
from sqlalchemy import select

from config import Settings
from loyalty.audit import AuditRow
from loyalty.base import db
from loyalty.base.clock import utc_now
from loyalty.shops.directory import find_shop_id, get_shop
from shopify_app.platform import client as admin_api
from shopify_app.platform import grant_states, grants, installations, scopes
from shopify_app.platform import settings as platform_settings
from shopify_app.platform.errors import BadCallback
from shopify_app.platform.tables import BackfillRun, UsedState
from tests.conftest import DatabaseUrls
from tests.platform.conftest import AURORA, BOREALIS, make_settings
from tests.platform.shopify import Shopify
from tests.platform.tokens import OLD_SECRET, SECRET


@pytest.fixture
def connected(client: FlaskClient, shopify: Shopify, database: DatabaseUrls) -> Settings:
    """Settings that lead to the stand-in, whose settings know this address of the app."""
    shopify.fail("token", "off")
    settings = make_settings(
        app_url="http://localhost:9", shopify_url_template=shopify.url_template
    )
    platform_settings.configure(settings)
    return settings


def begin(client: FlaskClient, shop: str = AURORA) -> str:
    """Where the app sends a merchant who wants to install it."""
    answer = client.get("/auth", query_string={"shop": shop})
    assert answer.status_code == 302
    return answer.headers["Location"]


def agree(address: str) -> dict[str, str]:
    """The query with which Shopify sends the merchant back, once they have agreed."""
    answer = requests.get(address, allow_redirects=False, timeout=10)
    assert answer.status_code == 302, answer.text
    return dict(parse_qsl(urlsplit(answer.headers["Location"]).query))


def signed(query: dict[str, str], secret: str = SECRET) -> dict[str, str]:
    """`query` with the hmac that Shopify would give it."""
    rest = {key: value for key, value in query.items() if key != "hmac"}
    text = "&".join(f"{key}={rest[key]}" for key in sorted(rest))
    return rest | {"hmac": hmac.new(secret.encode(), text.encode(), hashlib.sha256).hexdigest()}


def come_back(client: FlaskClient, query: dict[str, str]) -> int:
    return client.get("/auth/callback", query_string=query).status_code


def is_installed(domain: str = AURORA) -> bool:
    with db.shopless_transaction() as session:
        return find_shop_id(session, domain) is not None


def used_states() -> int:
    with db.shopless_transaction() as session:
        return len(session.scalars(select(UsedState)).all())


def test_a_merchant_who_agrees_has_the_app(
    shopify: Shopify, connected: Settings, client: FlaskClient
) -> None:
    # given
    address = begin(client)
    asked = parse_qs(urlsplit(address).query)
    # when
    answer = client.get("/auth/callback", query_string=agree(address))
    # then
    assert asked["scope"] == [",".join(scopes.required())]
    assert asked["redirect_uri"] == ["http://localhost:9/auth/callback"]
    assert answer.status_code == 302
    assert (
        answer.headers["Location"]
        == f"{shopify.url}/shops/{AURORA}/admin/apps/{connected.shopify_api_key}"
    )
    assert requests.get(answer.headers["Location"], timeout=10).status_code == 200
    with db.shopless_transaction() as session:
        shop_id = find_shop_id(session, AURORA)
    assert shop_id is not None
    with db.shop_transaction(shop_id) as session:
        assert get_shop(session, shop_id).status == "installed"
        assert len(session.scalars(select(BackfillRun)).all()) == 6
        assert session.scalars(select(AuditRow.action)).all() == ["shop_installed"]
    assert admin_api.execute(shop_id, "shop_info")["shop"]["myshopifyDomain"] == AURORA


def test_its_token_expires_and_is_renewed(
    shopify: Shopify, connected: Settings, client: FlaskClient
) -> None:
    come_back(client, agree(begin(client)))
    with db.shopless_transaction() as session:
        shop_id = find_shop_id(session, AURORA)
    assert shop_id is not None
    shopify.tell("tokens/expire")

    assert admin_api.execute(shop_id, "shop_info")["shop"]["myshopifyDomain"] == AURORA


def test_a_grant_in_a_shop_that_has_the_app_replaces_its_token_and_reads_nothing_twice(
    shopify: Shopify, connected: Settings, client: FlaskClient
) -> None:
    come_back(client, agree(begin(client)))
    with db.shopless_transaction() as session:
        shop_id = find_shop_id(session, AURORA)
    assert shop_id is not None
    before = installations.access_token(shop_id)

    assert come_back(client, agree(begin(client))) == 302

    assert installations.access_token(shop_id) != before
    with db.shop_transaction(shop_id) as session:
        assert len(session.scalars(select(BackfillRun)).all()) == 6


def test_a_return_is_good_once(shopify: Shopify, connected: Settings, client: FlaskClient) -> None:
    query = agree(begin(client))
    assert come_back(client, query) == 302

    assert come_back(client, query) == 403

    assert used_states() == 1


def test_the_hmac_of_the_old_secret_is_taken_while_secrets_rotate(
    shopify: Shopify, connected: Settings, client: FlaskClient
) -> None:
    query = agree(begin(client))

    assert come_back(client, signed(query, OLD_SECRET)) == 302


@pytest.mark.parametrize(
    "change",
    [
        {"hmac": "0" * 64},
        {"hmac": ""},
        {"hmac": "ü"},
        {"code": "another"},
        {"shop": BOREALIS},
        {"extra": "1"},
    ],
)
def test_a_return_that_shopify_did_not_sign_writes_nothing(
    shopify: Shopify, connected: Settings, client: FlaskClient, change: dict[str, str]
) -> None:
    query = agree(begin(client)) | change

    assert come_back(client, query) == 403

    assert not is_installed() and not is_installed(BOREALIS) and used_states() == 0


@pytest.mark.parametrize(
    "change",
    [
        {"shop": "aurora.example.com"},
        {"shop": "aurora.myshopify.com.example.com"},
        {"timestamp": str(int(time.time()) - 3600)},
        {"timestamp": str(int(time.time()) + 3600)},
        {"timestamp": "now"},
        {"state": "made-up"},
        {"state": ""},
        {"code": "a b"},
    ],
)
def test_a_signed_return_that_is_wrong_in_itself_writes_nothing(
    shopify: Shopify, connected: Settings, client: FlaskClient, change: dict[str, str]
) -> None:
    query = signed(agree(begin(client)) | change)

    assert come_back(client, query) == 403

    assert not is_installed() and used_states() == 0


def test_the_state_of_another_shop_is_refused(
    shopify: Shopify, connected: Settings, client: FlaskClient
) -> None:
    state = parse_qs(urlsplit(begin(client, BOREALIS)).query)["state"][0]
    query = signed(agree(begin(client)) | {"state": state})

    assert come_back(client, query) == 403

    assert not is_installed() and used_states() == 0


def test_a_state_holds_for_ten_minutes(settings: Settings) -> None:
    now = utc_now()
    state = grant_states.issue(AURORA, now=now)

    grant_states.check(state, AURORA, now=now + timedelta(minutes=9))
    with pytest.raises(BadCallback, match="expired"):
        grant_states.check(state, AURORA, now=now + timedelta(minutes=10, seconds=1))


def test_a_parameter_given_twice_is_refused(
    shopify: Shopify, connected: Settings, client: FlaskClient
) -> None:
    query = agree(begin(client))
    doubled = urlencode([*query.items(), ("shop", AURORA)])

    answer = client.get(f"/auth/callback?{doubled}")

    assert answer.status_code == 403 and not is_installed()


def test_a_code_that_shopify_refuses_installs_nothing(
    shopify: Shopify, connected: Settings, client: FlaskClient
) -> None:
    query = agree(begin(client))
    first = come_back(client, query)
    state = parse_qs(urlsplit(begin(client)).query)["state"][0]

    answer = client.get("/auth/callback", query_string=signed(query | {"state": state}))

    assert (first, answer.status_code) == (302, 400)
    assert "/auth?shop=aurora.myshopify.com" in answer.text


def test_a_shopify_that_is_down_is_said_so_and_leaves_nothing(
    shopify: Shopify, connected: Settings, client: FlaskClient
) -> None:
    query = agree(begin(client))
    shopify.fail("token", count=1)

    answer = client.get("/auth/callback", query_string=query)

    assert answer.status_code == 503 and "Try again" in answer.text
    assert not is_installed()


@pytest.mark.parametrize(
    "shop", ["", "aurora", "aurora.example.com", "https://aurora.myshopify.com"]
)
def test_a_grant_begins_for_a_shop_only(settings: Settings, client: FlaskClient, shop: str) -> None:
    answer = client.get("/auth", query_string={"shop": shop})

    assert answer.status_code == 400 and "Location" not in answer.headers


def test_inside_a_frame_there_is_a_link_that_leaves_it(
    settings: Settings, client: FlaskClient
) -> None:
    answer = client.get(
        "/auth", query_string={"shop": AURORA}, headers={"Sec-Fetch-Dest": "iframe"}
    )

    assert answer.status_code == 200 and 'target="_top"' in answer.text
    assert f"https://{AURORA}" in answer.headers["Content-Security-Policy"]


def test_the_signed_text_is_shopifys() -> None:
    # The example of Shopify's own documentation, and the escapes of its libraries.
    pairs = [("shop", "x.myshopify.com"), ("hmac", "no"), ("code", "0907a61c"), ("timestamp", "1")]
    assert grants.signed_text(pairs) == "code=0907a61c&shop=x.myshopify.com&timestamp=1"
    assert grants.signed_text([("a", "1&b=2"), ("c%", "%")]) == "a=1%26b=2&c%25=%25"
    assert grants.signed_text([("ids[]", "1"), ("ids[]", "2")]) == 'ids=["1", "2"]'


def test_who_may_write_may_read() -> None:
    granted = [scope for scope in scopes.required() if scope != "read_customers"]

    assert "write_customers" in granted
    assert scopes.missing(granted) == []
    assert scopes.missing([]) == list(scopes.required())
