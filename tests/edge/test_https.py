"""Outside the sandbox nothing is served in the clear."""

import pytest
from flask import Flask
from flask.testing import FlaskClient

from shopify_app.edge import https


@pytest.fixture
def client() -> FlaskClient:
    app = Flask("https")
    https.init_app(app)
    for path in ("/page", "/healthz"):
        app.add_url_rule(path, path, lambda: "served", methods=["GET", "POST"])
    return app.test_client()


def test_a_reader_is_sent_to_https_with_the_query(client: FlaskClient) -> None:
    response = client.get("/page?shop=aurora", base_url="http://encore.example")

    assert response.status_code == 301
    assert response.headers["Location"] == "https://encore.example/page?shop=aurora"


def test_a_writer_is_refused(client: FlaskClient) -> None:
    assert client.post("/page", base_url="http://encore.example").status_code == 403


def test_https_behind_the_proxy_is_served_with_hsts(client: FlaskClient) -> None:
    response = client.get("/page", headers={"X-Forwarded-Proto": "https"})

    assert response.data == b"served"
    assert response.headers["Strict-Transport-Security"].startswith("max-age=31536000")


def test_the_platforms_probe_may_come_in_the_clear(client: FlaskClient) -> None:
    assert client.get("/healthz").data == b"served"
