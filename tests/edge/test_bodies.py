"""A body that is not whole is refused before anybody reads it."""

import io

import pytest
from flask import Flask, request
from flask.testing import FlaskClient

from shopify_app.edge import bodies, errors

# granian says of every body that its end is known: it takes a lost connection for one.
SERVED = {"wsgi.input_terminated": True}


@pytest.fixture
def client() -> FlaskClient:
    app = Flask("bodies")
    errors.init_app(app)
    bodies.init_app(app)
    app.add_url_rule("/grants", view_func=lambda: request.form["points"], methods=["POST"])
    return app.test_client()


def test_a_whole_form_is_read(client: FlaskClient) -> None:
    response = client.post("/grants", data={"points": "100"}, environ_overrides=SERVED)

    assert response.text == "100"


def test_half_a_form_is_refused(client: FlaskClient) -> None:
    cut = {**SERVED, "wsgi.input": io.BytesIO(b"points=1"), "CONTENT_LENGTH": "10"}

    response = client.post(
        "/grants", content_type="application/x-www-form-urlencoded", environ_overrides=cut
    )

    assert (response.status_code, response.get_json()["error"]["code"]) == (400, "bad_request")


def test_a_form_without_a_length_is_refused(client: FlaskClient) -> None:
    response = client.post(
        "/grants", headers={"Transfer-Encoding": "chunked"}, environ_overrides=SERVED
    )

    assert (response.status_code, response.get_json()["error"]["code"]) == (411, "length_required")
