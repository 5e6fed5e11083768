"""A genuine delivery is stored once before it is answered; nothing else gets in (R3, R4, R13)."""

import threading
import time
from typing import Any

import psycopg
import pytest
from flask.testing import FlaskClient
from sqlalchemy import text

from loyalty.base import db
from shopify_app.platform import settings as platform_settings
from tests.conftest import DatabaseUrls
from tests.platform.conftest import BOREALIS, install_committed, make_settings
from tests.platform.deliveries import deliver, headers, inbox_rows, signature
from tests.platform.tokens import OLD_SECRET


def test_a_delivery_is_stored_as_it_came(client: FlaskClient, aurora: int) -> None:
    response = deliver(client, b'{"id": 1,  "note": "caf\xc3\xa9"}', X_Shopify_Webhook_Id="w-1")

    assert response.status_code == 200
    (row,) = inbox_rows(aurora)
    assert row.body == b'{"id": 1,  "note": "caf\xc3\xa9"}'
    assert (row.topic, row.webhook_id, row.state, row.attempts) == ("orders/paid", "w-1", "new", 0)
    assert row.triggered_at is not None and row.api_version == "2026-07"


@pytest.mark.parametrize("body", [b"not json", b"", b"\xff\xfe\x00", b"[1]"])
def test_bytes_that_are_no_json_are_stored_too(
    client: FlaskClient, aurora: int, body: bytes
) -> None:
    assert deliver(client, body).status_code == 200
    assert [row.body for row in inbox_rows(aurora)] == [body]


def test_the_same_delivery_again_is_welcome_and_stored_once(
    client: FlaskClient, aurora: int
) -> None:
    for _ in range(3):
        assert deliver(client, {"id": 1}, X_Shopify_Webhook_Id="w-1").status_code == 200

    assert len(inbox_rows(aurora)) == 1


def test_the_old_secret_still_signs_while_it_is_rotated(client: FlaskClient, aurora: int) -> None:
    body = b"{}"
    signed = deliver(client, body, X_Shopify_Hmac_Sha256=signature(body, OLD_SECRET))

    assert signed.status_code == 200


def test_the_newer_family_of_headers_is_read(client: FlaskClient, aurora: int) -> None:
    body = b"{}"
    newer = {name.removeprefix("X-"): value for name, value in headers(body).items()}

    assert client.post("/webhooks", data=body, headers=newer).status_code == 200
    assert inbox_rows(aurora)[0].topic == "orders/paid"


@pytest.mark.parametrize("wrong", ["", "AAAA", "é", signature(b"{} "), signature(b"{}").lower()])
@pytest.mark.parametrize("path", ["/webhooks", "/webhooks/compliance"])
def test_a_wrong_signature_is_refused(
    client: FlaskClient, aurora: int, path: str, wrong: str
) -> None:
    response = deliver(client, b"{}", path=path, X_Shopify_Hmac_Sha256=wrong)

    assert response.status_code == 401
    assert inbox_rows(aurora) == []


def test_the_signature_is_checked_before_the_headers(client: FlaskClient, aurora: int) -> None:
    unsigned = deliver(client, b"{}", X_Shopify_Hmac_Sha256=None, X_Shopify_Topic=None)

    assert unsigned.status_code == 401


@pytest.mark.parametrize(
    "wrong",
    [
        {"X_Shopify_Topic": None},
        {"X_Shopify_Webhook_Id": None},
        {"X_Shopify_Webhook_Id": "w" * 256},
        {"X_Shopify_Shop_Domain": None},
        {"X_Shopify_Shop_Domain": "evil.example.com"},
    ],
)
def test_a_delivery_without_its_headers_is_refused(
    client: FlaskClient, aurora: int, wrong: dict[str, Any]
) -> None:
    assert deliver(client, b"{}", **wrong).status_code == 400
    assert inbox_rows(aurora) == []


def test_two_mebibytes_are_taken_and_no_byte_more(client: FlaskClient, aurora: int) -> None:
    limit = 2 * 1024 * 1024

    assert deliver(client, b"x" * limit).status_code == 200
    assert deliver(client, b"x" * (limit + 1)).status_code == 413
    assert len(inbox_rows(aurora)) == 1


def test_a_webhook_of_an_unknown_shop_is_kept_apart(
    client: FlaskClient, database: DatabaseUrls, aurora: int
) -> None:
    response = deliver(client, b'{"id": 1}', X_Shopify_Shop_Domain=BOREALIS)

    assert response.status_code == 200
    assert inbox_rows(aurora) == []
    with psycopg.connect(database.owner) as connection:
        rows = connection.execute("SELECT shop_domain, topic FROM stray_webhook").fetchall()
    assert rows == [(BOREALIS, "orders/paid")]


def test_each_shop_gets_its_own(client: FlaskClient, aurora: int) -> None:
    borealis = install_committed(BOREALIS)

    deliver(client, {"id": 1}, X_Shopify_Webhook_Id="same")
    deliver(client, {"id": 2}, X_Shopify_Webhook_Id="same", X_Shopify_Shop_Domain=BOREALIS)

    assert [row.body for row in inbox_rows(aurora)] == [b'{"id": 1}']
    assert [row.body for row in inbox_rows(borealis)] == [b'{"id": 2}']


def test_the_inbox_bell_rings_after_the_commit(
    client: FlaskClient, aurora: int, rings: list[tuple[str, int]]
) -> None:
    deliver(client, {"id": 1})

    _wait_for(lambda: rings == [("inbox", aurora)])


def test_a_hundred_at_once_are_all_stored(client: FlaskClient, aurora: int) -> None:
    statuses: list[int] = []

    def send(number: int) -> None:
        statuses.append(deliver(client.application.test_client(), {"id": number}).status_code)

    threads = [threading.Thread(target=send, args=(number,)) for number in range(100)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert statuses == [200] * 100
    assert len(inbox_rows(aurora)) == 100


def test_what_cannot_be_stored_is_not_acknowledged(
    client: FlaskClient, database: DatabaseUrls, aurora: int
) -> None:
    with psycopg.connect(database.owner, autocommit=True) as owner:
        owner.execute("ALTER TABLE inbox_row RENAME TO inbox_row_away")
        try:
            refused = deliver(client, {"id": 1})
        finally:
            owner.execute("ALTER TABLE inbox_row_away RENAME TO inbox_row")

    assert refused.status_code == 503
    assert deliver(client, {"id": 1}).status_code == 200


def test_a_connection_that_broke_is_opened_anew(client: FlaskClient, aurora: int) -> None:
    deliver(client, {"id": 1})
    with db.shopless_transaction() as session:
        ended = session.execute(
            text("""SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                WHERE datname = current_database() AND application_name = 'encore-inbox'""")
        )
        assert ended.scalars().all() == [True]

    assert deliver(client, {"id": 2}).status_code == 200
    assert len(inbox_rows(aurora)) == 2


def test_outside_the_sandbox_a_delivery_in_the_clear_is_left_to_the_edge(
    client: FlaskClient, aurora: int
) -> None:
    # given an edge that refuses what came without TLS
    client.application.before_request(lambda: ("not in the clear", 403))
    platform_settings.configure(
        make_settings(
            sandbox=False,
            app_url="https://encore.example",
            shopify_url_template="https://{shop}",
            admin_origins="",
        )
    )
    # when
    clear = deliver(client, {"id": 1})
    by_tls = deliver(client, {"id": 1}, X_Forwarded_Proto="https")
    # then
    assert (clear.status_code, by_tls.status_code) == (403, 200)


def test_a_get_is_no_delivery(client: FlaskClient) -> None:
    assert client.get("/webhooks").status_code == 405


def _wait_for(holds: Any) -> None:
    ends_at = time.monotonic() + 5
    while not holds():
        assert time.monotonic() < ends_at, "it never came true"
        time.sleep(0.01)
