"""Who may call the till's API, and which pages may read its answers."""

import base64
import json
import time
from typing import Any
from uuid import UUID, uuid4

import pytest
from flask import Flask
from sqlalchemy import text

from loyalty.base.db import shop_transaction
from loyalty.members.tables import TimelineEvent
from loyalty.shops.directory import needs_reauth, uninstall
from pos_extension.tables import TillWrite
from tests.factories.facts import NOON
from tests.platform.tokens import OLD_SECRET, claims, token
from tests.pos_extension.cast import MAIN_STREET, Till, public_id
from tests.pos_extension.conftest import TILL_PAGE

CDN, EXTENSIONS = "https://cdn.shopify.com", "https://extensions.shopifycdn.com"


def test_the_tokens_user_is_let_in(aurora: Till) -> None:
    answer = aurora.get("settings")

    assert answer.status_code == 200
    assert answer.get_json()["shop"] == {"name": "Aurora", "currency": "EUR"}


def test_a_token_of_the_old_secret_is_let_in_while_it_is_rotated(aurora: Till) -> None:
    answer = aurora.get("settings", Authorization=f"Bearer {token(OLD_SECRET)}")

    assert answer.status_code == 200


def _unsigned() -> str:
    parts = ({"alg": "none", "typ": "JWT"}, claims())
    return ".".join(base64.urlsafe_b64encode(json.dumps(p).encode()).decode() for p in parts) + "."


_PAST = int(time.time()) - 3600
BAD_TOKENS = {
    "expired": lambda: token(exp=_PAST, nbf=_PAST - 60),
    "not yet valid": lambda: token(nbf=int(time.time()) + 600),
    "without an end": lambda: token(exp=None),
    "of another app": lambda: token(aud="another-app"),
    "of no shop": lambda: token(dest="https://evil.example", iss="https://evil.example/admin"),
    "of two shops": lambda: token(dest="https://borealis.myshopify.com"),
    "signed by another": lambda: token("a-secret-of-somebody-else-0123456789"),
    "not signed": _unsigned,
    "of another algorithm": lambda: token(algorithm="HS512"),
    "of nobody": lambda: token(sub="gid://shopify/StaffMember/7"),
    "no token": lambda: "hello",
}


@pytest.mark.filterwarnings("ignore:The HMAC key is")  # our key is long enough for HS256
@pytest.mark.parametrize("kind", BAD_TOKENS)
def test_a_bad_token_is_refused_and_the_till_may_read_why(
    aurora: Till, alice: UUID, kind: str
) -> None:
    code = aurora.code_of(alice).token
    body = {"code": code, "location_id": MAIN_STREET, "client_key": str(uuid4())}
    headers = {"Authorization": f"Bearer {BAD_TOKENS[kind]()}", "Origin": CDN}

    answer = aurora.app.test_client().post("/pos/v1/scans", json=body, headers=headers)

    assert answer.status_code == 401
    assert answer.get_json()["error"]["code"] == "unauthorized"
    assert answer.headers["Access-Control-Allow-Origin"] == CDN
    assert aurora.count(TillWrite) == 0
    assert aurora.events_of(alice, "customer_scanned") == []


@pytest.mark.parametrize(
    "header", [{}, {"Authorization": "Basic abc"}, {"Authorization": "Bearer"}]
)
def test_no_token_is_refused(aurora: Till, header: dict[str, str]) -> None:
    assert aurora.app.test_client().get("/pos/v1/settings", headers=header).status_code == 401


def test_a_token_in_the_address_is_no_token(aurora: Till) -> None:
    address = f"/pos/v1/settings?id_token={token()}"

    assert aurora.app.test_client().get(address).status_code == 401


def test_a_shop_without_encore_is_told_so(aurora: Till) -> None:
    stranger = Till(aurora.app, 0, "stranger.myshopify.com")

    answer = stranger.get("settings", Origin=CDN)

    assert answer.status_code == 403
    assert answer.get_json()["error"]["code"] == "not_installed"
    assert "install" in answer.get_json()["error"]["message"]
    assert answer.headers["Access-Control-Allow-Origin"] == CDN


def test_a_shop_that_left_is_told_so_and_nothing_is_written(aurora: Till, alice: UUID) -> None:
    code = aurora.code_of(alice).token
    with shop_transaction(aurora.shop_id) as session:
        uninstall(session, aurora.shop_id, now=NOON)

    answer = aurora.post("scans", code=code)

    assert (answer.status_code, answer.get_json()["error"]["code"]) == (403, "not_installed")
    assert aurora.count(TillWrite) == 0


def test_a_shop_that_was_removed_is_told_so(aurora: Till) -> None:
    assert aurora.get("settings").status_code == 200
    with shop_transaction(aurora.shop_id) as session:
        session.execute(text("SELECT remove_shop()"))

    assert aurora.get("settings").status_code == 403


def test_a_shop_whose_token_died_can_still_scan(aurora: Till, alice: UUID) -> None:
    with shop_transaction(aurora.shop_id) as session:
        needs_reauth(session, aurora.shop_id)

    assert aurora.post("scans", code=aurora.code_of(alice).token).status_code == 200


@pytest.mark.parametrize("origin", [CDN, EXTENSIONS, TILL_PAGE])
def test_shopifys_pages_may_read_answers(aurora: Till, origin: str) -> None:
    answer = aurora.get("settings", Origin=origin)

    assert answer.headers["Access-Control-Allow-Origin"] == origin
    assert "Origin" in answer.headers["Vary"]
    assert "Access-Control-Allow-Credentials" not in answer.headers


@pytest.mark.parametrize(
    "origin", ["https://evil.example", "null", "http://cdn.shopify.com", f"{CDN}.evil.example"]
)
def test_other_pages_may_not(aurora: Till, origin: str) -> None:
    answer = aurora.get("settings", Origin=origin)

    assert "Access-Control-Allow-Origin" not in answer.headers
    assert "Origin" in answer.headers["Vary"]


@pytest.mark.parametrize(
    "path", ["settings", "scans", "members", "members/1-a/grants", "redemptions/1-a"]
)
def test_a_preflight_needs_no_token(app: Flask, path: str) -> None:
    asked = {
        "Origin": EXTENSIONS,
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "authorization,content-type",
    }

    answer = app.test_client().options(f"/pos/v1/{path}", headers=asked)

    assert answer.status_code == 204
    assert answer.headers["Access-Control-Allow-Origin"] == EXTENSIONS
    methods = set(answer.headers["Access-Control-Allow-Methods"].split(", "))
    assert methods == {"GET", "POST", "DELETE"}
    assert {"Authorization", "Content-Type"} <= set(
        answer.headers["Access-Control-Allow-Headers"].split(", ")
    )
    assert "Origin" in answer.headers["Vary"]


def test_a_preflight_of_another_page_is_allowed_nothing(app: Flask) -> None:
    answer = app.test_client().options("/pos/v1/scans", headers={"Origin": "https://evil.example"})

    assert not [name for name, _ in answer.headers if name.startswith("Access-Control")]


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("GET", "nowhere", 404), ("DELETE", "scans", 405), ("GET", "members/1-zz/card", 404)],
)
def test_every_error_can_be_read_by_the_till(
    aurora: Till, method: str, path: str, status: int
) -> None:
    headers = aurora.bearer() | {"Origin": CDN}

    answer = aurora.app.test_client().open(f"/pos/v1/{path}", method=method, headers=headers)

    assert answer.status_code == status
    assert answer.headers["Access-Control-Allow-Origin"] == CDN
    assert answer.get_json()["error"]["code"]


def test_a_crash_can_be_read_by_the_till_and_says_nothing(
    aurora: Till, monkeypatch: pytest.MonkeyPatch
) -> None:
    def crash(*_: Any, **__: Any) -> None:
        raise RuntimeError("alice@example.com")

    monkeypatch.setattr("pos_extension.api.grants.read_allowance", crash)

    answer = aurora.get("settings", Origin=CDN)

    assert answer.status_code == 500
    assert answer.headers["Access-Control-Allow-Origin"] == CDN
    assert "alice" not in answer.text


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 422),
        (b"{", 422),
        (b"[]", 422),
        (b'"m1.X"', 422),
        (b"\xff\xfe", 422),
        (b"[" * 16_000, 422),
        (b'{"a": ' + b"9" * 5000 + b"}", 422),
        (b'{"code": "' + b"x" * 16_384 + b'"}', 413),
    ],
)
def test_a_body_that_is_no_small_json_object_is_refused(
    aurora: Till, body: bytes, status: int
) -> None:
    headers = aurora.bearer() | {"Content-Type": "application/json"}

    answer = aurora.app.test_client().post("/pos/v1/scans", data=body, headers=headers)

    assert answer.status_code == status
    assert answer.get_json()["error"]["code"] == ("too_large" if status == 413 else "invalid")
    assert aurora.count(TillWrite, TimelineEvent) == 0


BAD_STAMPS = [
    ("client_key", ""),
    ("client_key", None),
    ("client_key", "1"),
    ("client_key", 5),
    ("client_key", "x" * 36),
    ("location_id", None),
    ("location_id", "901"),
    ("location_id", 0),
    ("location_id", -1),
    ("location_id", 1.0),
    ("location_id", True),
    ("location_id", 2**63),
    ("pinned_staff_id", "7"),
]


@pytest.mark.parametrize(("field", "value"), BAD_STAMPS)
def test_a_write_without_a_good_stamp_is_refused_by_field(
    aurora: Till, alice: UUID, field: str, value: Any
) -> None:
    answer = aurora.post("scans", **{"code": aurora.code_of(alice).token, field: value})

    assert answer.status_code == 422
    assert list(answer.get_json()["error"]["fields"]) == [field]
    assert aurora.count(TillWrite) == 0


def test_another_shops_member_is_not_found(
    aurora: Till, borealis: Till, alice: UUID, bob: UUID
) -> None:
    ids = (public_id(borealis, bob), public_id(aurora, bob), public_id(borealis, alice), str(alice))
    for path in (f"members/{public}" for public in ids):
        card = aurora.get(f"{path}/card")
        grant = aurora.post(f"{path}/grants", points=5, reason="other")

        assert (card.status_code, grant.status_code) == (404, 404)
        assert grant.get_json()["error"]["code"] == "unknown_member"
    assert (borealis.points_of(bob), aurora.points_of(alice)) == (0, 0)
