"""An APNs client on libcurl, which shares no HTTP/2 with the stand-in."""

import io
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pycurl

from tests.sandbox.apple.stand_in import StandIn


@dataclass(frozen=True)
class Answer:
    """What APNs said; `reason` is '' for a success."""

    status: int
    headers: dict[str, str]
    body: dict[str, Any]
    http_version: int

    @property
    def reason(self) -> str:
        """The reason, if it was no success."""
        return str(self.body.get("reason", ""))


def push(stand_in: StandIn, token: str, *, certificate: str | None = "pass", method: str = "POST",
         path: str | None = None, payload: bytes = b"{}", curl: pycurl.Curl | None = None,
         **headers: str | None) -> Answer:  # fmt: skip
    """Send one push. Headers are given with underscores; None leaves one out.

    Raises pycurl.error when there is no answer.
    """
    curl = curl or pycurl.Curl()
    curl.reset()
    sent = {"apns_topic": stand_in.pass_type_id, "apns_push_type": "background", **headers}
    received_headers: list[bytes] = []
    body = io.BytesIO()
    curl.setopt(pycurl.URL, stand_in.apns_url + (path or f"/3/device/{token}"))
    curl.setopt(pycurl.HTTP_VERSION, pycurl.CURL_HTTP_VERSION_2_0)
    curl.setopt(pycurl.CAINFO, str(stand_in.directory / "apns-ca.pem"))
    curl.setopt(pycurl.CUSTOMREQUEST, method)
    curl.setopt(pycurl.POSTFIELDS, payload)
    curl.setopt(pycurl.HTTPHEADER, [
        f"{name.replace('_', '-')}: {value}" for name, value in sent.items() if value is not None
    ])  # fmt: skip
    curl.setopt(pycurl.TIMEOUT_MS, 3000)
    curl.setopt(pycurl.PROXY, "")
    curl.setopt(pycurl.HEADERFUNCTION, received_headers.append)
    curl.setopt(pycurl.WRITEFUNCTION, body.write)
    if certificate:
        _present(curl, stand_in.directory, certificate)
    curl.perform()
    return Answer(
        curl.getinfo(pycurl.RESPONSE_CODE),
        _parsed(received_headers),
        json.loads(body.getvalue() or b"{}"),
        curl.getinfo(pycurl.INFO_HTTP_VERSION),
    )


def _present(curl: pycurl.Curl, directory: Path, stem: str) -> None:
    curl.setopt(pycurl.SSLCERT, str(directory / f"{stem}.pem"))
    curl.setopt(pycurl.SSLKEY, str(directory / f"{stem}.key"))


def _parsed(lines: list[bytes]) -> dict[str, str]:
    pairs = [line.decode().partition(":") for line in lines if b":" in line]
    return {name.lower(): value.strip() for name, _, value in pairs}
