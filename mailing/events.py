"""What SES reports of an email, read out of its JSON in both of its shapes.

An event names our message by the tag that we gave it (event publishing) or by our header
(an identity's feedback, which has no tags); never by an address.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from mailing.ses import MESSAGE_HEADER, MESSAGE_TAG, SHOP_TAG

_SHOP_ID = re.compile(r"[1-9][0-9]{0,17}")
_ADDRESS = re.compile(r"[^\s<>\"'(),;:]+@[^\s<>\"'(),;:]+")
_REASON_MAX = 200
_DETAILS_OF = {"Rendering Failure": "failure"}


@dataclass(frozen=True, slots=True)
class SesEvent:
    """`kind` is SES's word for it: Send, Delivery, Bounce, Complaint, Reject and others.

    `is_permanent` and `reason` are a bounce's; `reason` names nobody.
    """

    kind: str
    shop_id: int
    message_id: UUID
    ses_message_id: str | None
    at: datetime
    is_permanent: bool = False
    reason: str = ""


def read_event(text: str, *, sent_at: datetime) -> SesEvent | None:
    """The event in an SNS message's text, or None when it is of no email of ours.

    An event without a time of its own happened when SNS sent it, at the latest.
    https://docs.aws.amazon.com/ses/latest/dg/event-publishing-retrieving-sns-contents.html
    """
    try:
        whole = json.loads(text)
    except (ValueError, RecursionError):
        return None
    if not isinstance(whole, dict):
        return None
    mail = _object(whole, "mail")
    kind = whole.get("eventType") or whole.get("notificationType")
    named = _by_tags(mail) or _by_header(mail)
    if named is None or not isinstance(kind, str):
        return None
    details = _object(whole, _DETAILS_OF.get(kind, kind[:1].lower() + kind[1:]))
    return SesEvent(
        kind=_kind(kind, details),
        shop_id=named[0],
        message_id=named[1],
        ses_message_id=_text(mail, "messageId")[:100] or None,
        at=_moment(_text(details, "timestamp"), sent_at),
        is_permanent=details.get("bounceType") == "Permanent",
        reason=_reason(kind, details),
    )


def _object(whole: dict[str, Any], name: str) -> dict[str, Any]:
    found = whole.get(name)
    return found if isinstance(found, dict) else {}


def _text(whole: dict[str, Any], name: str) -> str:
    found = whole.get(name)
    return "".join(c for c in found if c.isprintable()) if isinstance(found, str) else ""


def _by_tags(mail: dict[str, Any]) -> tuple[int, UUID] | None:
    tags = _object(mail, "tags")
    shop, message = (tags.get(name) for name in (SHOP_TAG, MESSAGE_TAG))
    if not (isinstance(shop, list) and isinstance(message, list) and shop and message):
        return None
    return _named(str(shop[0]), str(message[0]))


def _by_header(mail: dict[str, Any]) -> tuple[int, UUID] | None:
    headers = mail.get("headers")
    for header in headers if isinstance(headers, list) else []:
        if isinstance(header, dict) and _text(header, "name").lower() == MESSAGE_HEADER.lower():
            shop, _, message = _text(header, "value").partition("/")
            return _named(shop, message)
    return None


def _named(shop: str, message: str) -> tuple[int, UUID] | None:
    try:
        return (int(shop), UUID(message)) if _SHOP_ID.fullmatch(shop) else None
    except ValueError:
        return None


def _kind(kind: str, details: dict[str, Any]) -> str:
    # A mailbox's "this is no spam after all" comes as a complaint, too.
    if kind == "Complaint" and details.get("complaintFeedbackType") == "not-spam":
        return "NotSpam"
    return kind


def _moment(text: str, sent_at: datetime) -> datetime:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return sent_at
    return min(found if found.tzinfo else found.replace(tzinfo=UTC), sent_at)


def _reason(kind: str, details: dict[str, Any]) -> str:
    """A bounce or refusal in SES's and the other server's words, with every address left out."""
    if kind == "Reject":
        parts = [_text(details, "reason")]
    elif kind == "Rendering Failure":
        parts = [_text(details, "errorMessage")]
    else:
        kinds = [_text(details, name) for name in ("bounceType", "bounceSubType")]
        parts = [", ".join(filter(None, kinds)), *_diagnoses(details)]
    told = ": ".join(filter(None, parts))
    return _ADDRESS.sub("(address)", told)[:_REASON_MAX]


def _diagnoses(details: dict[str, Any]) -> Iterator[str]:
    recipients = details.get("bouncedRecipients")
    for recipient in recipients if isinstance(recipients, list) else []:
        if isinstance(recipient, dict) and (code := _text(recipient, "diagnosticCode")):
            yield code
            return
