"""What SES reports of an email, in its two shapes: event publishing, and an identity's feedback.

https://docs.aws.amazon.com/ses/latest/dg/event-publishing-retrieving-sns-examples.html
https://docs.aws.amazon.com/ses/latest/dg/notification-examples.html
"""

import secrets
from datetime import UTC, datetime
from typing import Any

from sandbox.mail.ses import ACCOUNT
from sandbox.mail.store import Email

_BOUNCES = {
    "Permanent": ("General", "5.1.1", "smtp; 550 5.1.1 <{to}>: user unknown"),
    "Transient": ("MailboxFull", "4.2.2", "smtp; 452 4.2.2 the mailbox of {to} is full"),
    "Undetermined": ("Undetermined", "5.0.0", "smtp; 500 something went wrong"),
}


def bounce(email: Email, kind: str, *, sub_type: str | None = None) -> dict[str, Any]:
    """A bounce of `kind` Permanent, Transient or Undetermined."""
    known_sub_type, status, words = _BOUNCES[kind]
    recipients = [
        {
            "emailAddress": to,
            "action": "failed",
            "status": status,
            "diagnosticCode": words.format(to=to),
        }
        for to in email.to
    ]
    return _event(
        email,
        "Bounce",
        bounceType=kind,
        bounceSubType=sub_type or known_sub_type,
        bouncedRecipients=recipients,
        feedbackId=_feedback_id(),
        reportingMTA="dns; mta.example.com",
    )


def complaint(email: Email, feedback_type: str = "abuse") -> dict[str, Any]:
    """A complaint: somebody pressed "this is spam"."""
    return _event(
        email,
        "Complaint",
        complainedRecipients=[{"emailAddress": to} for to in email.to],
        complaintFeedbackType=feedback_type,
        complaintSubType=None,
        feedbackId=_feedback_id(),
        userAgent="AnyCompany Feedback Loop (V0.01)",
    )


def delivery(email: Email) -> dict[str, Any]:
    """The other server has taken the email."""
    return _event(
        email,
        "Delivery",
        recipients=email.to,
        processingTimeMillis=546,
        smtpResponse="250 2.6.0 Message received",
        reportingMTA="mta.example.com",
    )


def send(email: Email) -> dict[str, Any]:
    """SES has taken the email."""
    return _event(email, "Send")


def as_notification(event: dict[str, Any]) -> dict[str, Any]:
    """The same in the shape of an identity's feedback: another name for the type, and no tags."""
    mail = {name: value for name, value in event["mail"].items() if name != "tags"}
    rest = {name: value for name, value in event.items() if name not in ("eventType", "mail")}
    return {"notificationType": event["eventType"], **rest, "mail": mail}


def _event(email: Email, kind: str, **details: Any) -> dict[str, Any]:
    details["timestamp"] = _now()
    return {"eventType": kind, "mail": _mail(email), kind.lower(): details}


def _mail(email: Email) -> dict[str, Any]:
    headers = [
        {"name": "From", "value": email.sender},
        {"name": "To", "value": ", ".join(email.to)},
        {"name": "Subject", "value": email.subject},
        *({"name": h["Name"], "value": h["Value"]} for h in email.headers),
    ]
    tags = {
        "ses:operation": ["SendEmail"],
        "ses:configuration-set": [email.configuration_set or ""],
        "ses:from-domain": [email.sender.rpartition("@")[2].rstrip(">")],
    }
    return {
        "timestamp": email.at,
        "source": email.sender,
        "sourceArn": f"arn:aws:ses:us-east-1:{ACCOUNT}:identity/example.com",
        "sendingAccountId": ACCOUNT,
        "messageId": email.id,
        "destination": email.to,
        "headersTruncated": False,
        "headers": headers,
        "commonHeaders": {"from": [email.sender], "to": email.to, "subject": email.subject},
        "tags": tags | {name: [value] for name, value in email.tags.items()},
    }


def _feedback_id() -> str:
    return f"0100{secrets.token_hex(6)}-{secrets.token_hex(4)}-000000"


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
