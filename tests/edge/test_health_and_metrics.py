"""Health names what failed; metrics are for who knows the token."""

import os
import subprocess
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from prometheus_client.core import GaugeMetricFamily

from shopify_app.edge import health, metrics, sentry


def _fail() -> bool:
    raise ConnectionError("10.0.0.7 refused")


def _client(token: str | None = None, **checks: health.Check) -> FlaskClient:
    app = Flask("health")
    app.register_blueprint(health.make_blueprint(checks))
    gauge = GaugeMetricFamily("encore_test_rows", "Rows", value=7)
    app.register_blueprint(metrics.make_blueprint(token, lambda: [gauge]))
    return app.test_client()


def test_ready_when_every_check_passes() -> None:
    response = _client(redis=lambda: True, postgresql=lambda: 1).get("/readyz")

    assert (response.status_code, response.get_json()["failed"]) == (200, [])


def test_not_ready_names_what_failed() -> None:
    client = _client(redis=_fail, postgresql=lambda: True, migrations=lambda: False)

    response = client.get("/readyz")

    assert (response.status_code, response.get_json()["failed"]) == (503, ["redis", "migrations"])
    assert b"10.0.0.7" not in response.data


def test_alive_whatever_failed() -> None:
    assert _client(redis=_fail).get("/healthz").status_code == 200


def test_metrics_need_their_token() -> None:
    client = _client(token="s3cret")

    assert client.get("/metrics").status_code == 401
    assert client.get("/metrics", headers={"Authorization": "Bearer wrong"}).status_code == 401
    response = client.get("/metrics", headers={"Authorization": "Bearer s3cret"})

    assert b"encore_test_rows 7.0" in response.data


def test_the_gauges_of_a_process_that_ended_are_dropped_and_its_counts_kept(
    tmp_path: Path,
) -> None:
    ended = subprocess.Popen(["true"])
    ended.wait()
    gone = [f"gauge_liveall_{ended.pid}.db"]
    kept = [f"counter_{ended.pid}.db", f"gauge_liveall_{os.getpid()}.db"]
    for name in gone + kept:
        (tmp_path / name).touch()
    app = Flask("metrics")
    app.register_blueprint(metrics.make_blueprint("s3cret", list, tmp_path))

    app.test_client().get("/metrics", headers={"Authorization": "Bearer s3cret"})

    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(kept)


def test_a_new_folder_for_counts_takes_the_place_of_those_of_the_dead(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    ended = subprocess.Popen(["true"])
    ended.wait()
    left = tmp_path / f"encore-metrics-{ended.pid}-left"
    (left / "deeper").mkdir(parents=True)
    foreign = tmp_path / "encore-metrics-by-hand"
    foreign.mkdir()

    mine = metrics.make_folder()
    again = metrics.make_folder()

    assert not left.exists()
    assert foreign.exists() and mine.exists() and again.exists()


def test_without_a_token_there_is_no_metrics_page() -> None:
    response = _client().get("/metrics", headers={"Authorization": "Bearer "})

    assert response.status_code == 404


def test_a_crash_report_says_nothing_of_the_request_or_the_person() -> None:
    event = {
        "request": {"url": "/card/token", "headers": {"Authorization": "Bearer t"}},
        "user": {"ip_address": "10.0.0.7"},
        "exception": {"values": [{"type": "KeyError", "value": "alice@example.com"}]},
        "transaction": "/card/<token>",
    }

    report = sentry.redact(event, None)

    assert report == {
        "exception": {"values": [{"type": "KeyError", "value": ""}]},
        "transaction": "/card/<token>",
    }
