"""The web app as granian serves it: two processes, one set of metrics, readiness that tells."""

import subprocess
import sys
from collections.abc import Iterator

import pytest
import requests

from sandbox.servers.launching import free_port
from tests.conftest import DatabaseUrls
from tests.jobs.processes import ROOT, environment, running, until

TOKEN = "metrics-token-of-the-test"


@pytest.fixture(scope="module")
def env(database_urls: DatabaseUrls, _valkey: str) -> dict[str, str]:
    return environment(database_urls.app, _valkey, METRICS_TOKEN=TOKEN)


@pytest.fixture(scope="module")
def base_url(env: dict[str, str]) -> Iterator[str]:
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    with running(env, "web", "--host", "127.0.0.1", "--port", str(port)):
        until(lambda: answers(url), "the web app")
        yield url


def answers(url: str) -> bool:
    try:
        return requests.get(f"{url}/healthz", timeout=5).ok
    except requests.RequestException:
        return False


def scrape(url: str) -> dict[str, float]:
    headers = {"Authorization": f"Bearer {TOKEN}"}
    text = requests.get(f"{url}/metrics", headers=headers, timeout=10).text
    lines = [line.rsplit(" ", 1) for line in text.splitlines() if not line.startswith("#")]
    return {name: float(value) for name, value in lines}


def test_it_is_ready_and_counts_over_both_processes(base_url: str) -> None:
    ready = requests.get(f"{base_url}/readyz", timeout=10)
    for _ in range(20):  # each on a connection of its own: both processes get some
        requests.post(f"{base_url}/webhooks", data=b"{}", timeout=10)

    first, second = scrape(base_url), scrape(base_url)

    assert (ready.status_code, ready.json()["failed"]) == (200, [])
    counted = 'encore_webhooks_total{status="401"}'
    assert first[counted] == second[counted] == 20
    assert first["encore_outbox_lag_seconds"] == 0


def test_nothing_it_does_not_know_is_explained(base_url: str) -> None:
    response = requests.get(f"{base_url}/.env", timeout=10)

    assert response.status_code == 404
    assert response.json()["error"]["code"] == "not_found"
    assert requests.get(f"{base_url}/metrics", timeout=10).status_code == 401


def test_readiness_names_what_is_away(env: dict[str, str]) -> None:
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    away = {"REDIS_URL": f"redis://127.0.0.1:{free_port()}/0"}
    with running(env | away, "web", "--host", "127.0.0.1", "--port", str(port)):
        until(lambda: answers(url), "the web app")

        response = requests.get(f"{url}/readyz", timeout=10)

    assert (response.status_code, response.json()["failed"]) == (503, ["redis"])


def test_outside_the_sandbox_plain_text_is_refused_at_the_start(env: dict[str, str]) -> None:
    production = env | {"SANDBOX": "false", "APP_URL": "http://encore.example"}

    ended = subprocess.run(
        [sys.executable, "app.py", "web"],
        cwd=ROOT,
        env=production,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert ended.returncode != 0
    assert "APP_URL must be https://" in ended.stderr
    assert env["SHOPIFY_API_SECRET"] not in ended.stderr
