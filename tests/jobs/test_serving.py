"""The web server: what dies is replaced, what began is finished, what is wrong is refused."""

import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
import requests

from sandbox.servers.launching import free_port
from tests.conftest import DatabaseUrls
from tests.jobs.processes import children_of, environment, is_alive, running, until
from tests.platform.deliveries import headers
from tests.platform.tokens import SECRET

MEBIBYTE = 1024 * 1024


@dataclass(frozen=True)
class Web:
    """The web app's main process and its port."""

    process: "subprocess.Popen[str]"
    port: int

    def answers(self) -> bool:
        try:
            return requests.get(f"http://127.0.0.1:{self.port}/healthz", timeout=5).ok
        except requests.RequestException:
            return False

    def is_whole(self) -> bool:
        """Two processes serve, and one of them has answered."""
        assert self.process.poll() is None, self.process.stdout and self.process.stdout.read()
        return len(children_of(self.process.pid)) == 2 and self.answers()

    def post(self, start: bytes) -> socket.socket:
        """A connection on which a POST /webhooks has begun with these headers."""
        connection = socket.create_connection(("127.0.0.1", self.port), timeout=20)
        connection.sendall(b"POST /webhooks HTTP/1.1\r\nHost: localhost\r\n" + start)
        return connection


@pytest.fixture(scope="module")
def web(database_urls: DatabaseUrls, _valkey: str) -> Iterator[Web]:
    """One web app for the tests that leave it whole."""
    yield from _serve(database_urls, _valkey)


@pytest.fixture
def doomed(database_urls: DatabaseUrls, _valkey: str) -> Iterator[Web]:
    """A web app that the test may end."""
    yield from _serve(database_urls, _valkey)


def _serve(urls: DatabaseUrls, redis_url: str) -> Iterator[Web]:
    port = free_port()
    env = environment(urls.app, redis_url, SHOPIFY_API_SECRET=SECRET)
    with running(env, "web", "--host", "127.0.0.1", "--port", str(port)) as process:
        web = Web(process, port)
        until(web.is_whole, "the web app", timeout_s=90)
        yield web


def test_a_body_that_is_too_long_is_refused_though_its_client_is_slow(web: Web) -> None:
    too_long = 2 * MEBIBYTE + 1

    with web.post(b"Content-Length: %d\r\n\r\n" % too_long) as connection:
        connection.sendall(b"x" * 1000)
        time.sleep(0.5)
        connection.sendall(b"x" * 1000)
        assert _status(connection) == 413


def test_a_body_that_is_too_long_is_refused_though_it_says_no_length(web: Web) -> None:
    chunk = b"%x\r\n" % MEBIBYTE + b"x" * MEBIBYTE + b"\r\n"

    with web.post(b"Transfer-Encoding: chunked\r\n\r\n") as connection:
        connection.sendall(2 * chunk + b"1\r\nx\r\n0\r\n\r\n")
        assert _status(connection) == 413


def test_a_webhook_in_chunks_is_taken(web: Web) -> None:
    with web.post(_signed(b'{"id": 1}') + b"Transfer-Encoding: chunked\r\n\r\n") as connection:
        connection.sendall(b'5\r\n{"id"\r\n4\r\n: 1}\r\n0\r\n\r\n')
        assert _status(connection) == 200


def test_half_a_webhook_is_never_taken(web: Web) -> None:
    with web.post(_signed(b'{"id": 1}') + b"Content-Length: 9\r\n\r\n") as connection:
        connection.sendall(b'{"id"')
        connection.shutdown(socket.SHUT_WR)
        assert _status(connection) == 401


def test_a_head_beyond_reason_is_refused(web: Web) -> None:
    with web.post(b"Cookie: " + b"x" * 400_000 + b"\r\n\r\n") as connection:
        assert _status(connection) == 431


def test_a_connection_serves_many_requests(web: Web) -> None:
    with web.post(b"Content-Length: 0\r\n\r\n") as connection:
        first = connection.recv(4096)
        connection.sendall(b"POST /webhooks HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n")
        second = connection.recv(4096)

    assert first.startswith(b"HTTP/1.1 401") and second.startswith(b"HTTP/1.1 401")
    assert b"\r\ndate: " in first.lower()


def test_a_process_that_was_killed_is_replaced(web: Web) -> None:
    before = children_of(web.process.pid)

    os.kill(before[0], signal.SIGKILL)

    until(lambda: not is_alive(before[0]), "the kill")
    until(web.is_whole, "another process", timeout_s=60)
    assert before[1] in children_of(web.process.pid)


def test_the_processes_end_when_their_parent_is_killed(doomed: Web) -> None:
    served_by = children_of(doomed.process.pid)

    doomed.process.kill()

    until(lambda: not any(map(is_alive, served_by)), "the end of both", timeout_s=30)
    assert not doomed.answers()


def test_a_request_that_began_is_answered_before_the_end(doomed: Web) -> None:
    with doomed.post(_signed(b'{"id": 2}') + b"Content-Length: 9\r\n\r\n") as connection:
        time.sleep(0.5)  # it is being served now
        doomed.process.terminate()
        time.sleep(0.5)
        connection.sendall(b'{"id": 2}')
        assert _status(connection) == 200

    assert doomed.process.wait(20) == 0


def _signed(body: bytes) -> bytes:
    return "".join(f"{name}: {value}\r\n" for name, value in headers(body).items()).encode()


def _status(connection: socket.socket) -> int:
    answer = connection.recv(4096)
    assert answer, "the connection was closed without an answer"
    return int(answer.split(b" ", 2)[1])
