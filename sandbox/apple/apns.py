"""APNs' rules: what is answered to one push, on Apple's published list of reasons.

Invariant: every request is answered by exactly one line in `received`.
https://developer.apple.com/documentation/usernotifications/handling-notification-responses-from-apns
"""

import json
import re
import time
import uuid
from collections import Counter, deque
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

from sandbox.apple.faults import AppleFaults
from sandbox.apple.push_tokens import PushTokens

PAYLOAD_BYTES_MAX = 4096
COLLAPSE_ID_BYTES_MAX = 64
STORED_FOR_DAYS = 30  # without apns-expiration
PUSH_TYPES = {"alert", "background", "location", "voip", "complication", "fileprovider", "mdm",
              "liveactivity", "pushtotalk", "widgets", "controls"}  # fmt: skip
DEVICE_PATH = re.compile(r"/3/device/([^/]*)")
TOKEN = re.compile(r"[0-9a-fA-F]{64,200}")

Headers = dict[str, str]


@dataclass(frozen=True)
class Answer:
    """One response; `reason` is None exactly when status is 200."""

    status: int
    apns_id: str
    reason: str | None = None
    timestamp_ms: int | None = None

    def body(self) -> bytes:
        """Return the JSON body; a success has none."""
        if self.reason is None:
            return b""
        content: dict[str, Any] = {"reason": self.reason}
        if self.timestamp_ms is not None:
            content["timestamp"] = self.timestamp_ms
        return json.dumps(content).encode()


@dataclass(frozen=True)
class Received:
    """One push as the stand-in saw it."""

    at: str
    token: str
    topic: str
    status: int
    reason: str | None
    outcome: str
    apns_id: str
    push_type: str
    priority: str
    expiration: str
    payload: str


class Refused(Exception):
    """The push breaks a rule; args = (status, reason, timestamp in ms or None)."""


class Apns:
    """The service behind the socket; `answer` runs on the network's thread."""

    def __init__(self, tokens: PushTokens, faults: AppleFaults, kept_max: int = 5000) -> None:
        self.tokens, self.faults = tokens, faults
        self.received: deque[Received] = deque(maxlen=kept_max)
        self.counts: Counter[str] = Counter()

    def answer(self, headers: Headers, payload: bytes, pass_type_id: str | None) -> Answer:
        """Judge one request of a client whose certificate speaks for `pass_type_id`."""
        apns_id = headers.get("apns-id") or str(uuid.uuid4()).upper()
        token = _token_in(headers.get(":path", ""))
        outcome = "refused"
        try:
            outcome = self._accept(headers, payload, pass_type_id)
            answer = Answer(200, apns_id)
        except Refused as refusal:
            status, reason, timestamp_ms = refusal.args
            answer = Answer(status, apns_id, reason, timestamp_ms)
        self._record(headers, payload, token, answer, outcome)
        return answer

    def _accept(self, headers: Headers, payload: bytes, pass_type_id: str | None) -> str:
        token = _check_address(headers, pass_type_id)
        _check_headers(headers)
        _check_topic(headers.get("apns-topic", ""), pass_type_id)
        _check_payload(payload)
        self._check_token(token, headers["apns-topic"])
        fault = self.faults.take("status", token=token)
        if fault:
            timestamp_ms = int(time.time() * 1000) if fault.status == 410 else None
            raise Refused(fault.status, fault.reason, timestamp_ms)
        return self._deliver(token, headers)

    def _check_token(self, token: str, topic: str) -> None:
        state = self.tokens.find(token)
        if state is None:
            raise Refused(400, "BadDeviceToken", None)
        if state.unregistered_at_ms is not None:
            raise Refused(410, "Unregistered", state.unregistered_at_ms)
        topics = state.topics() if state.topics else {topic}
        if topics and topic not in topics:
            raise Refused(400, "DeviceTokenNotForTopic", None)
        if self.tokens.is_too_many(token):
            raise Refused(429, "TooManyRequests", None)

    def _deliver(self, token: str, headers: Headers) -> str:
        topic = headers["apns-topic"]
        expiration = headers.get("apns-expiration")
        stored_until = time.time() + STORED_FOR_DAYS * 86_400
        expires_at = stored_until if expiration is None else float(expiration)
        outcome = self.tokens.accept(token, topic, expires_at)
        if self.faults.take("repeat", token=token):
            self.tokens.accept(token, topic, expires_at)
            return f"{outcome} twice"
        return outcome

    def _record(
        self, headers: Headers, payload: bytes, token: str, answer: Answer, outcome: str
    ) -> None:
        self.counts[f"{answer.status} {answer.reason or outcome}"] += 1
        self.received.append(
            Received(
                at=datetime.now(UTC).isoformat(),
                token=token,
                topic=headers.get("apns-topic", ""),
                status=answer.status,
                reason=answer.reason,
                outcome=outcome,
                apns_id=answer.apns_id,
                push_type=headers.get("apns-push-type", ""),
                priority=headers.get("apns-priority", ""),
                expiration=headers.get("apns-expiration", ""),
                payload=payload[:200].decode(errors="replace"),
            )
        )

    def as_json(self, limit: int = 200) -> list[dict[str, Any]]:
        """Return the newest pushes, newest first."""
        return [asdict(push) for push in list(self.received)[-limit:][::-1]]


def _token_in(path: str) -> str:
    found = DEVICE_PATH.fullmatch(path)
    return found[1].lower() if found else ""


def _check_address(headers: Headers, pass_type_id: str | None) -> str:
    found = DEVICE_PATH.fullmatch(headers.get(":path", ""))
    if not found:
        raise Refused(404, "BadPath", None)
    if headers.get(":method") != "POST":
        raise Refused(405, "MethodNotAllowed", None)
    if not pass_type_id:
        raise Refused(403, "BadCertificate", None)
    if not found[1]:
        raise Refused(400, "MissingDeviceToken", None)
    if not TOKEN.fullmatch(found[1]):
        raise Refused(400, "BadDeviceToken", None)
    return found[1].lower()


def _check_headers(headers: Headers) -> None:
    if "apns-id" in headers and not _is_uuid(headers["apns-id"]):
        raise Refused(400, "BadMessageId", None)
    if not headers.get("apns-expiration", "0").isdecimal():
        raise Refused(400, "BadExpirationDate", None)
    if headers.get("apns-priority", "10") not in {"1", "5", "10"}:
        raise Refused(400, "BadPriority", None)
    if headers.get("apns-push-type", "background") not in PUSH_TYPES:
        raise Refused(400, "InvalidPushType", None)
    if len(headers.get("apns-collapse-id", "").encode()) > COLLAPSE_ID_BYTES_MAX:
        raise Refused(400, "BadCollapseId", None)


def _check_topic(topic: str, pass_type_id: str | None) -> None:
    if not topic:
        raise Refused(400, "MissingTopic", None)
    if topic != pass_type_id:
        raise Refused(400, "TopicDisallowed", None)


def _check_payload(payload: bytes) -> None:
    if len(payload) > PAYLOAD_BYTES_MAX:
        raise Refused(413, "PayloadTooLarge", None)
    try:
        is_object = isinstance(json.loads(payload), dict)
    except ValueError:
        is_object = False
    if not is_object:
        raise Refused(400, "PayloadEmpty", None)


def _is_uuid(text: str) -> bool:
    try:
        return len(text) == 36 and uuid.UUID(text) is not None
    except ValueError:
        return False
