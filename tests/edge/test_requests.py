"""The edge of every request: traceable, counted, and silent about people and tokens."""

import logging

from flask.testing import FlaskClient
from prometheus_client import REGISTRY

from tests.edge.conftest import SECRET, LogLines


def counted(route: str, status: int) -> float:
    labels = {"method": "GET", "route": route, "status": str(status)}
    return REGISTRY.get_sample_value("encore_http_requests_total", labels) or 0


def test_the_access_log_names_the_route_and_never_the_path_or_the_query(
    client: FlaskClient, log_lines: LogLines
) -> None:
    client.get(f"/cards/{SECRET}?id_token={SECRET}&hmac={SECRET}")

    line = log_lines.find("request_answered")
    assert (line["route"], line["status"], line["method"]) == ("/cards/<token>", 200, "GET")
    assert SECRET not in log_lines.text


def test_a_crash_is_logged_with_its_places_and_without_its_words(
    client: FlaskClient, log_lines: LogLines
) -> None:
    response = client.get("/crashed", headers={"X-Request-Id": "abcdef-12345"})

    line = log_lines.find("request_crashed")
    assert response.status_code == 500
    assert line["request_id"] == "abcdef-12345"
    assert line["exception"]["type"] == "ValueError"
    assert line["exception"]["cause"]["type"] == "KeyError"
    assert any("conftest.py" in place for place in line["exception"]["at"])
    assert SECRET not in log_lines.text
    assert "alice@example.com" not in log_lines.text


def test_other_libraries_log_as_json_without_the_words_of_their_errors(log_lines: LogLines) -> None:
    try:
        raise ValueError("alice@example.com")
    except ValueError:
        logging.getLogger("some.library").exception("it failed")

    line = log_lines.find("it failed")
    assert line["exception"]["type"] == "ValueError"
    assert "alice@example.com" not in log_lines.text


def test_a_request_id_is_kept_if_it_is_one_and_else_given(client: FlaskClient) -> None:
    kept = client.get("/cards/1", headers={"X-Request-Id": "abcdef-12345"})
    given = client.get("/cards/1", headers={"X-Request-Id": "two words and <more>"})

    assert kept.headers["X-Request-Id"] == "abcdef-12345"
    assert len(given.headers["X-Request-Id"]) == 32


def test_requests_are_counted_by_route_and_status(client: FlaskClient) -> None:
    before = counted("/cards/<token>", 200), counted("none", 404)

    client.get("/cards/1")
    client.get("/cards/2")
    client.get("/wp-login.php")

    assert counted("/cards/<token>", 200) == before[0] + 2
    assert counted("none", 404) == before[1] + 1


def test_programs_get_json_and_people_a_page(client: FlaskClient) -> None:
    json = client.get("/gone", headers={"Accept": "application/json"})
    plain = client.get("/gone")
    page = client.get("/gone", headers={"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"})

    assert json.get_json()["error"]["code"] == plain.get_json()["error"]["code"] == "gone"
    assert page.mimetype == "text/html"
    assert b"no longer here" in page.data


def test_a_refusal_keeps_its_status_and_code_and_not_its_words(client: FlaskClient) -> None:
    response = client.get("/refused")

    assert response.status_code == 409
    assert response.get_json()["error"]["code"] == "insufficient_points"
    assert b"alice" not in response.data


def test_an_error_says_which_methods_are_allowed(client: FlaskClient) -> None:
    response = client.post("/gone")

    assert response.status_code == 405
    assert "GET" in response.headers["Allow"]
