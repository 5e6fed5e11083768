"""APNs on the wire: TLS with a client certificate, HTTP/2, and the faults of a network.

Invariant: no answer leaves for a client whose certificate our WWDR look-alike did not issue.
"""

import asyncio
import ssl
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from cryptography import x509
from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.errors import ErrorCodes
from h2.events import (
    ConnectionTerminated,
    DataReceived,
    Event,
    RequestReceived,
    StreamEnded,
    StreamReset,
)
from h2.exceptions import ProtocolError
from h2.settings import SettingCodes, Settings

from sandbox.apple.apns import PAYLOAD_BYTES_MAX, Apns, Headers
from sandbox.apple.certificates import PASS_TYPE_EXTENSION, subject_of, write_impostor
from sandbox.apple.faults import AppleFault

CONCURRENT_STREAMS_MAX = 1000
FRAME_BYTES_MAX = 16_384
# Checking every header costs a fifth of a push's time; our rules look at those that matter.
HTTP_2 = H2Configuration(
    client_side=False,
    header_encoding="utf-8",
    validate_inbound_headers=False,
    normalize_inbound_headers=False,
    validate_outbound_headers=False,
    normalize_outbound_headers=False,
)


class ApnsConnection(asyncio.Protocol):
    """One client's connection."""

    def __init__(self, apns: Apns, open_connections: set["ApnsConnection"]) -> None:
        self._apns, self._open = apns, open_connections
        self._http = H2Connection(HTTP_2)
        self._streams: dict[int, tuple[Headers, bytearray]] = {}
        self._pass_type_id: str | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Greet a client that speaks HTTP/2; hang up on any other."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        tls = transport.get_extra_info("ssl_object")
        if tls.selected_alpn_protocol() != "h2":
            transport.abort()
            return
        self._open.add(self)
        self._pass_type_id = _pass_type_of(tls.getpeercert(binary_form=True))
        settings = {
            SettingCodes.MAX_CONCURRENT_STREAMS: CONCURRENT_STREAMS_MAX,
            SettingCodes.MAX_FRAME_SIZE: FRAME_BYTES_MAX,
        }
        self._http.local_settings = Settings(client=False, initial_values=settings)
        self._http.initiate_connection()
        self._flush()

    def data_received(self, data: bytes) -> None:
        """Take in what arrived and answer the requests that it completes."""
        try:
            for event in self._http.receive_data(data):
                self._on_event(event)
        except ProtocolError:
            self._flush()
            self._transport.close()
            return
        self._flush()

    def connection_lost(self, _error: Exception | None) -> None:
        """Forget the connection."""
        self._open.discard(self)

    def abort(self) -> None:
        """Close without a word."""
        self._transport.abort()

    def _on_event(self, event: Event) -> None:
        if isinstance(event, RequestReceived):
            headers = {str(name): str(value) for name, value in event.headers}
            self._streams[event.stream_id] = (headers, bytearray())
        elif isinstance(event, DataReceived):
            self._on_data(event)
        elif isinstance(event, StreamEnded):
            self._on_request(event.stream_id)
        elif isinstance(event, StreamReset):
            self._streams.pop(event.stream_id, None)
        elif isinstance(event, ConnectionTerminated):
            self._flush()
            self._transport.close()

    def _on_data(self, event: DataReceived) -> None:
        body = self._streams[event.stream_id][1]
        # One byte over the limit is enough to know; the rest of it is not kept.
        body += event.data[: PAYLOAD_BYTES_MAX + 1 - len(body)]
        self._http.acknowledge_received_data(event.flow_controlled_length, event.stream_id)

    def _on_request(self, stream_id: int) -> None:
        headers = self._streams[stream_id][0]
        token = headers.get(":path", "").rpartition("/")[2].lower()
        fault = self._apns.faults.take("stall", "cut", "drop", token=token)
        if fault is None:
            self._answer(stream_id)
        elif fault.kind == "stall":
            self._stall(stream_id, fault)
        else:
            self._end(fault, stream_id)

    def _stall(self, stream_id: int, fault: AppleFault) -> None:
        if fault.seconds is not None:
            loop = asyncio.get_running_loop()
            loop.call_later(fault.seconds, self._answer_late, stream_id)

    def _answer_late(self, stream_id: int) -> None:
        if not self._transport.is_closing():
            self._answer(stream_id)
            self._flush()

    def _end(self, fault: AppleFault, stream_id: int) -> None:
        if fault.kind == "cut":
            # The last stream that was processed is the one before: a client may send this one anew.
            self._http.close_connection(
                ErrorCodes.NO_ERROR, b'{"reason":"Shutdown"}', max(stream_id - 2, 0)
            )
            self._flush()
            self._transport.close()
        else:
            self._transport.abort()

    def _answer(self, stream_id: int) -> None:
        found = self._streams.pop(stream_id, None)
        if found is None or self._transport.is_closing():
            return
        answer = self._apns.answer(found[0], bytes(found[1]), self._pass_type_id)
        body = answer.body()
        headers = [(":status", str(answer.status)), ("apns-id", answer.apns_id)]
        try:
            self._http.send_headers(stream_id, headers, end_stream=not body)
            if body:
                self._http.send_data(stream_id, body, end_stream=True)
        except ProtocolError:
            return  # the client has reset the stream while its answer was made

    def _flush(self) -> None:
        data = self._http.data_to_send()
        if data and not self._transport.is_closing():
            self._transport.write(data)


class ApnsServer:
    """The listening socket, on a thread and an event loop of its own."""

    def __init__(self, apns: Apns, directory: Path, port: int) -> None:
        self.apns, self.port = apns, port
        self._directory = directory
        self._impostor: ssl.SSLContext | None = None
        self._connections: set[ApnsConnection] = set()
        self._loop = asyncio.new_event_loop()
        self._server: asyncio.Server | None = None

    def start(self) -> None:
        """Listen; with port 0 the system chooses, and `port` says which."""
        threading.Thread(target=self._loop.run_forever, name="apns", daemon=True).start()
        self._on_loop(self._listen)

    def follow_faults(self, added: AppleFault | None = None) -> None:
        """Close or open the port, as the faults now say; a new `wrong_certificate` does both."""
        if added is not None and added.kind == "wrong_certificate":
            write_impostor(self._directory)
            self._impostor = _tls_context(self._directory, "impostor")
            self._on_loop(self._refuse)
        if self.apns.faults.is_set("refuse"):
            self._on_loop(self._refuse)
        else:
            self._on_loop(self._listen)

    def stop(self) -> None:
        """Hang up on everyone and stop the loop."""
        self._on_loop(self._refuse)
        self._loop.call_soon_threadsafe(self._loop.stop)

    async def _listen(self) -> None:
        if self._server is None:
            # A context of its own each time: no client resumes a session that an earlier one began,
            # for then it would not look at the certificate.
            tls = _tls_context(self._directory, "apns")
            tls.sni_callback = self._choose_certificate
            self._server = await self._loop.create_server(
                lambda: ApnsConnection(self.apns, self._connections),
                "127.0.0.1", self.port, ssl=tls, backlog=512,
            )  # fmt: skip
            self.port = self._server.sockets[0].getsockname()[1]

    async def _refuse(self) -> None:
        if self._server is not None:
            self._server.close()
            self._server = None
        for connection in list(self._connections):
            connection.abort()

    def _choose_certificate(
        self, connection: ssl.SSLObject, _name: str | None, _context: ssl.SSLContext
    ) -> None:
        # A handshake may greet twice; it is one connection all the same.
        is_chosen = connection.context is self._impostor
        if not is_chosen and self._impostor and self.apns.faults.take("wrong_certificate"):
            connection.context = self._impostor

    def _on_loop(self, step: Callable[[], Any]) -> None:
        asyncio.run_coroutine_threadsafe(step(), self._loop).result(timeout=10)


def _tls_context(directory: Path, stem: str) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(directory / f"{stem}.pem", directory / f"{stem}.key")
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_verify_locations(directory / "root.pem")
    # Clients often send their leaf alone: the issuer must be known here.
    context.load_verify_locations(directory / "wwdr.pem")
    context.set_alpn_protocols(["h2"])
    return context


def _pass_type_of(der: bytes) -> str | None:
    certificate = x509.load_der_x509_certificate(der)
    marks = {extension.oid for extension in certificate.extensions}
    return subject_of(certificate)[0] or None if PASS_TYPE_EXTENSION in marks else None
