"""SES: what it refuses it refuses, what it takes is kept, and moto gives it an id."""

import base64
import json
import threading
import time
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

from moto.core.exceptions import ServiceException
from moto.sesv2.models import sesv2_backends

from sandbox.mail.refusals import Refused, check_request
from sandbox.mail.store import Email, Store

ACCOUNT = "123456789012"
QUOTA = 50_000
"""How many emails the account may send in a day until a control says otherwise."""
_DAY_S = 24 * 60 * 60


class Ses:
    """One account of SES in one region, with verified senders, a sending rate and a quota."""

    def __init__(
        self,
        store: Store,
        *,
        region: str,
        senders: list[str],
        configuration_sets: list[str],
        rate_max: int,
    ) -> None:
        self._store = store
        self._backend = sesv2_backends[ACCOUNT][region]
        for sender in senders:
            self._backend.core_backend.verify_email_identity(sender)
        self._configuration_sets = frozenset(configuration_sets)
        self._senders = tuple(senders)
        self.rate_max, self.quota_max = rate_max, QUOTA
        self.tells_account, self.is_verified = True, True
        self._recent: list[float] = []
        self._today: list[float] = []
        self._lock = threading.Lock()

    def send(self, body: bytes) -> Email:
        """Take an email. Raises Refused."""
        try:
            request = json.loads(body)
        except ValueError as error:
            raise Refused("SerializationException", "The request is no JSON.") from error
        check_request(request, len(body))
        self._count()
        configuration_set = request.get("ConfigurationSetName")
        if configuration_set and configuration_set not in self._configuration_sets:
            raise Refused(
                "NotFoundException",
                f"Configuration set <{configuration_set}> does not exist.",
                404,
            )
        raw = request["Content"].get("Raw")
        email = _of_raw(request, raw["Data"]) if raw else _of_simple(request)
        email.id = self._accept(email)
        email.is_delivered = not any(self._store.is_suppressed(to) for to in email.to)
        self._store.add(email)
        return email

    def _count(self) -> None:
        with self._lock:
            now = time.monotonic()
            self._recent = [moment for moment in self._recent if moment > now - 1]
            self._today = [moment for moment in self._today if moment > now - _DAY_S]
            if len(self._recent) >= self.rate_max:
                raise Refused("TooManyRequestsException", "Maximum sending rate exceeded.", 429)
            if len(self._today) >= self.quota_max:
                raise Refused("TooManyRequestsException", "Daily message quota exceeded.", 429)
            self._recent.append(now)
            self._today.append(now)

    def account(self) -> dict[str, Any] | None:
        """What GetAccount answers; None where the caller may not ask."""
        if not self.tells_account:
            return None
        with self._lock:
            return {
                "DedicatedIpAutoWarmupEnabled": True,
                "EnforcementStatus": "HEALTHY",
                "ProductionAccessEnabled": True,
                "SendingEnabled": True,
                "SendQuota": {
                    "Max24HourSend": float(self.quota_max),
                    "MaxSendRate": float(self.rate_max),
                    "SentLast24Hours": float(len(self._today)),
                },
            }

    def identity(self, name: str) -> dict[str, Any] | None:
        """What GetEmailIdentity answers of an address of ours; None for any other."""
        if name not in self._senders:
            return None
        return {
            "IdentityType": "EMAIL_ADDRESS",
            "FeedbackForwardingStatus": True,
            "VerifiedForSendingStatus": self.is_verified,
            "VerificationStatus": "SUCCESS" if self.is_verified else "PENDING",
            "DkimAttributes": {"SigningEnabled": False, "Status": "NOT_STARTED"},
            "MailFromAttributes": {"BehaviorOnMxFailure": "USE_DEFAULT_VALUE"},
            "Policies": {},
            "Tags": [],
        }

    def forget_today(self) -> None:
        """Begin a new day of the quota."""
        with self._lock:
            self._today.clear()

    def _accept(self, email: Email) -> str:
        try:
            with self._lock:
                taken = self._backend.send_email(
                    source=email.sender,
                    destinations={"ToAddresses": email.to},
                    subject=email.subject,
                    body=email.html or email.text,
                )
        except ServiceException as error:
            raise Refused(
                "MessageRejected",
                "Email address is not verified. The following identities failed the check.",
            ) from error
        return str(taken.id)


def _of_simple(request: dict[str, Any]) -> Email:
    message = request["Content"]["Simple"]
    body = message["Body"]
    return _email(
        request,
        to=request["Destination"].get("ToAddresses", []),
        subject=message["Subject"]["Data"],
        html=body.get("Html", {}).get("Data", ""),
        text=body.get("Text", {}).get("Data", ""),
        headers=message.get("Headers", []),
    )


def _of_raw(request: dict[str, Any], data: str) -> Email:
    parsed = message_from_bytes(base64.b64decode(data), policy=policy.default)
    assert isinstance(parsed, EmailMessage)
    parts = {kind: parsed.get_body((kind,)) for kind in ("html", "plain")}
    texts = {kind: part.get_content() if part else "" for kind, part in parts.items()}
    to = request.get("Destination", {}).get("ToAddresses") or [str(parsed["To"])]
    return _email(
        request | {"FromEmailAddress": request.get("FromEmailAddress", str(parsed["From"]))},
        to=to,
        subject=str(parsed["Subject"]),
        html=texts["html"],
        text=texts["plain"],
        headers=[{"Name": name, "Value": str(value)} for name, value in parsed.items()],
    )


def _email(request: dict[str, Any], **parts: Any) -> Email:
    return Email(
        id="",
        at=datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        sender=request["FromEmailAddress"],
        tags={tag["Name"]: tag["Value"] for tag in request.get("EmailTags", [])},
        configuration_set=request.get("ConfigurationSetName"),
        reply_to=request.get("ReplyToAddresses", []),
        **parts,
    )
