"""One stand-in for all tests of this folder: small shops, quick retries, a listening app."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from .stand_in import App, StandIn, wait_until

CALM = ("graphql", "token", "webhooks", "bulk", "files", "discounts", "credit")


@pytest.fixture(scope="session")
def process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StandIn]:
    app = App()
    url = app.start()
    size = ["--customers", "30", "--orders", "120", "--time-scale", "0.00001"]
    stand_in = StandIn(tmp_path_factory.mktemp("shopify"), app, url, arguments=size)
    yield stand_in
    stand_in.stop()
    app.stop()


@pytest.fixture
def shopify(process: StandIn) -> StandIn:
    """The stand-in with the app installed, full buckets, no faults and nothing received."""
    for surface in CALM:
        process.fault(surface, "off")
    process.control("bulk", {"seconds_per_object": 0})
    process.control("throttle", {"maximum": 2000, "restore_rate": 100})
    process.control("webhooks/signing", {"secret": "current"})
    process.control("install")
    process.app.statuses.clear()
    process.app.delay_s = 0.0
    wait_until(lambda: not _on_the_way(process), timeout_s=60)
    process.app.received.clear()
    return process


@pytest.fixture
def token(shopify: StandIn) -> str:
    """A live offline token of Aurora."""
    return shopify.install()


def _on_the_way(process: StandIn) -> list[str]:
    """The topics of what an earlier test set going and that has not come yet."""
    sent = process.get("/_control/deliveries")
    return [each["topic"] for each in sent if each["state"] in ("waiting", "retrying")]
