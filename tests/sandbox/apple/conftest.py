"""One stand-in for the package; a pass server and a phone of its own for each test."""

from collections.abc import Iterator

import pytest

from tests.sandbox.apple.pass_server import PassServer
from tests.sandbox.apple.stand_in import PhoneClient, StandIn, start


@pytest.fixture(scope="package")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StandIn]:
    stand_in = start(tmp_path_factory.mktemp("apple"))
    yield stand_in
    assert stand_in.stop() == 0


@pytest.fixture
def apple(running: StandIn) -> Iterator[StandIn]:
    yield running
    running.call("DELETE", "/_control/faults")
    running.call("PUT", "/_control/limits", {"pushes_max": 100, "window_s": 60})


@pytest.fixture
def phone(apple: StandIn) -> PhoneClient:
    return apple.new_phone()


@pytest.fixture
def server() -> Iterator[PassServer]:
    server = PassServer()
    yield server
    server.close()
