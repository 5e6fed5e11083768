"""R113, R120: every type of event that SES publishes is read in the shape of Amazon's examples.

https://docs.aws.amazon.com/ses/latest/dg/event-publishing-retrieving-sns-examples.html
(read 2026-11-22): the fields are theirs, the values ours.
"""

from datetime import datetime, timedelta
from typing import Any

import pytest

from loyalty.base.clock import utc_now
from mailing.tables import EmailMessage
from tests.mailing.cast import Addressee
from tests.mailing.stand_in import Amazon

_BROWSER = {"ipAddress": "192.0.2.1", "userAgent": "Mozilla/5.0 (iPhone)"}
_MAILBOX = {"emailAddress": "alice@example.com"}
DETAILS: dict[str, tuple[str, dict[str, Any]]] = {
    "Send": ("send", {}),
    "Delivery": (
        "delivery",
        {
            "processingTimeMillis": 11893,
            "recipients": ["alice@example.com"],
            "smtpResponse": "250 2.6.0 Message received",
            "reportingMTA": "mta.example.com",
        },
    ),
    "DeliveryDelay": (
        "deliveryDelay",
        {
            "delayType": "TransientCommunicationFailure",
            "expirationTime": "2026-11-23T00:25:40.914Z",
            "delayedRecipients": [
                _MAILBOX | {"status": "4.4.1", "diagnosticCode": "smtp; 421 4.4.1 no connection"}
            ],
        },
    ),
    "Bounce": (
        "bounce",
        {
            "bounceType": "Permanent",
            "bounceSubType": "General",
            "bouncedRecipients": [
                _MAILBOX
                | {
                    "action": "failed",
                    "status": "5.1.1",
                    "diagnosticCode": "smtp; 550 5.1.1 user unknown",
                }
            ],
            "feedbackId": "feedback-1",
            "reportingMTA": "dsn; mta.example.com",
        },
    ),
    "Complaint": (
        "complaint",
        {
            "complainedRecipients": [_MAILBOX],
            "feedbackId": "feedback-2",
            "complaintFeedbackType": "abuse",
            "arrivalDate": "2026-11-22T00:41:02.669Z",
        },
    ),
    "Open": ("open", _BROWSER),
    "Click": (
        "click",
        _BROWSER | {"link": "https://encore.example/", "linkTags": {"key": ["value"]}},
    ),
    "Reject": ("reject", {"reason": "Bad content"}),
    "Rendering Failure": (
        "failure",
        {"errorMessage": "Attribute 'name' is not present", "templateName": "MyTemplate"},
    ),
    "Subscription": (
        "subscription",
        {
            "contactList": "ContactListName",
            "source": "UnsubscribeHeader",
            "newTopicPreferences": {"unsubscribeAll": True},
            "oldTopicPreferences": {"unsubscribeAll": False},
        },
    ),
}


def publish(alice: Addressee, amazon: Amazon, kind: str, at: datetime) -> EmailMessage:
    """Let SES publish an event of this type of Alice's email; the email afterwards."""
    message = alice.messages()[0]
    name, details = DETAILS[kind]
    event = {
        "eventType": kind,
        "mail": {
            "timestamp": message.created_at.isoformat(),
            "source": "Aurora <club@encore.example>",
            "sourceArn": "arn:aws:ses:us-east-1:123456789012:identity/club@encore.example",
            "sendingAccountId": "123456789012",
            "messageId": message.ses_message_id,
            "destination": ["alice@example.com"],
            "headersTruncated": False,
            "headers": [{"name": "To", "value": "alice@example.com"}],
            "commonHeaders": {"to": ["alice@example.com"], "subject": "Your card"},
            "tags": {
                "ses:configuration-set": ["ConfigSet"],
                "ses:source-ip": ["192.0.2.0"],
                "encore-shop": [str(alice.shop_id)],
                "encore-message": [str(message.id)],
            },
        },
        name: details | ({"timestamp": at.isoformat()} if details else {}),
    }
    assert amazon.post("notify", event=event)["statuses"] == [200]
    return alice.messages()[0]


@pytest.mark.parametrize(
    ("kind", "state", "column"),
    [
        ("Send", "sent", None),
        ("Delivery", "sent", "delivered_at"),
        ("DeliveryDelay", "sent", None),
        ("Bounce", "sent", "bounced_at"),
        ("Complaint", "sent", "complained_at"),
        ("Open", "sent", None),
        ("Click", "sent", None),
        ("Reject", "failed", None),
        ("Rendering Failure", "failed", None),
        ("Subscription", "sent", None),
    ],
)
def test_each_type_says_what_it_says_and_nothing_else(
    alice: Addressee, amazon: Amazon, sent: str, kind: str, state: str, column: str | None
) -> None:
    at = utc_now() - timedelta(seconds=1)

    message = publish(alice, amazon, kind, at)

    assert message.state == state
    for name in ("delivered_at", "bounced_at", "complained_at"):
        assert getattr(message, name) == (at if name == column else None)


@pytest.mark.parametrize(
    ("kind", "reason"),
    [
        ("Reject", "Amazon rejected it: Bad content"),
        ("Rendering Failure", "Amazon could not write it: Attribute 'name' is not present"),
    ],
)
def test_what_never_left_says_why(
    alice: Addressee, amazon: Amazon, sent: str, kind: str, reason: str
) -> None:
    assert publish(alice, amazon, kind, utc_now()).reason == reason


@pytest.mark.parametrize(
    ("kind", "column"), [("Bounce", "hard_bounced_at"), ("Complaint", "complained_at")]
)
def test_what_is_said_of_the_address_is_kept(
    alice: Addressee, amazon: Amazon, sent: str, kind: str, column: str
) -> None:
    at = utc_now() - timedelta(seconds=1)

    publish(alice, amazon, kind, at)

    address = alice.address()
    assert address is not None and getattr(address, column) == at
