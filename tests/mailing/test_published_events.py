"""Every type of event that SES publishes, with all the fields that its documentation shows.

https://docs.aws.amazon.com/ses/latest/dg/event-publishing-retrieving-sns-examples.html
(read 2026-11-22)
"""

from datetime import timedelta
from typing import Any

import pytest

from loyalty.base.clock import utc_now
from tests.mailing.cast import Addressee
from tests.mailing.stand_in import SENDER, Amazon

AGENT = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) Mobile/15E148"


def envelope(alice: Addressee) -> dict[str, Any]:
    """The `mail` object: where it came from and went to, its headers, and our tags among SES's."""
    message = alice.messages()[0]
    headers = {
        "From": SENDER,
        "To": "alice@example.com",
        "Subject": "Here is your loyalty card of Aurora",
        "MIME-Version": "1.0",
        "Content-Type": 'multipart/alternative; boundary="----=_Part_1_2.3"',
    }
    return {
        "timestamp": stamp(-60),
        "source": SENDER,
        "sourceArn": f"arn:aws:ses:us-east-1:123456789012:identity/{SENDER}",
        "sendingAccountId": "123456789012",
        "messageId": message.ses_message_id,
        "destination": ["alice@example.com"],
        "headersTruncated": False,
        "headers": [{"name": name, "value": value} for name, value in headers.items()],
        "commonHeaders": {
            "from": [SENDER],
            "to": ["alice@example.com"],
            "messageId": message.ses_message_id,
            "subject": headers["Subject"],
        },
        "tags": {
            "ses:configuration-set": ["encore"],
            "ses:source-ip": ["192.0.2.0"],
            "ses:from-domain": ["encore.example"],
            "ses:caller-identity": ["encore"],
            "encore-shop": [str(message.shop_id)],
            "encore-message": [str(message.id)],
        },
    }


def stamp(seconds: int) -> str:
    """A time as SES writes it, so many seconds from now."""
    moment = utc_now() + timedelta(seconds=seconds)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def contents(kind: str) -> dict[str, Any]:
    """What an event of `kind` holds besides the envelope, under its own name."""
    return {
        "Send": {"send": {}},
        "Delivery": {
            "delivery": {
                "timestamp": stamp(-1),
                "processingTimeMillis": 11893,
                "recipients": ["alice@example.com"],
                "smtpResponse": "250 2.6.0 Message received",
                "reportingMTA": "mta.example.com",
            }
        },
        "Bounce": {
            "bounce": {
                "bounceType": "Permanent",
                "bounceSubType": "General",
                "bouncedRecipients": [
                    {
                        "emailAddress": "alice@example.com",
                        "action": "failed",
                        "status": "5.1.1",
                        "diagnosticCode": "smtp; 550 5.1.1 user unknown",
                    }
                ],
                "timestamp": stamp(-1),
                "feedbackId": "0100015-example-000000",
                "reportingMTA": "dsn; mta.example.com",
            }
        },
        "Complaint": {
            "complaint": {
                "complainedRecipients": [{"emailAddress": "alice@example.com"}],
                "timestamp": stamp(-1),
                "feedbackId": "0100015-example-000000",
                "userAgent": AGENT,
                "complaintFeedbackType": "abuse",
                "arrivalDate": stamp(-1),
            }
        },
        "Reject": {"reject": {"reason": "Bad content"}},
        "Open": {"open": {"ipAddress": "192.0.2.1", "timestamp": stamp(-1), "userAgent": AGENT}},
        "Click": {
            "click": {
                "ipAddress": "192.0.2.1",
                "link": "https://encore.example/card/1",
                "linkTags": {"place": ["button"]},
                "timestamp": stamp(-1),
                "userAgent": AGENT,
            }
        },
        "Rendering Failure": {
            "failure": {
                "errorMessage": "Attribute 'name' is not present in the rendering data.",
                "templateName": "MyTemplate",
            }
        },
        "DeliveryDelay": {
            "deliveryDelay": {
                "timestamp": stamp(-1),
                "delayType": "TransientCommunicationFailure",
                "expirationTime": stamp(840),
                "delayedRecipients": [
                    {
                        "emailAddress": "alice@example.com",
                        "status": "4.4.1",
                        "diagnosticCode": "smtp; 421 4.4.1 Unable to connect to remote host",
                    }
                ],
            }
        },
        "Subscription": {
            "subscription": {
                "contactList": "ContactListName",
                "timestamp": stamp(-1),
                "source": "UnsubscribeHeader",
                "newTopicPreferences": {"unsubscribeAll": True, "topicSubscriptionStatus": []},
                "oldTopicPreferences": {"unsubscribeAll": False, "topicSubscriptionStatus": []},
            }
        },
    }[kind]


def publish(amazon: Amazon, alice: Addressee, kind: str) -> None:
    event = {"eventType": kind, "mail": envelope(alice), **contents(kind)}
    assert amazon.post("notify", event=event)["statuses"] == [200]


@pytest.mark.parametrize(
    ("kind", "told", "marks"),
    [
        ("Send", [], ()),
        ("Delivery", [], ("delivered_at",)),
        ("Bounce", ["email_bounced"], ("bounced_at",)),
        ("Complaint", ["email_complained"], ("complained_at",)),
        ("Reject", ["email_failed"], ()),
        ("Open", [], ()),
        ("Click", [], ()),
        ("Rendering Failure", [], ()),
        ("DeliveryDelay", [], ()),
        ("Subscription", [], ()),
    ],
)
def test_each_type_of_event_is_taken_for_what_it_says(
    alice: Addressee, amazon: Amazon, sent: str, kind: str, told: list[str], marks: tuple[str, ...]
) -> None:
    before = alice.timeline()

    publish(amazon, alice, kind)

    assert alice.timeline()[len(before) :] == told
    (message,) = alice.messages()
    assert message.state == ("failed" if kind == "Reject" else "sent")
    moments = ("delivered_at", "bounced_at", "complained_at")
    assert tuple(name for name in moments if getattr(message, name) is not None) == marks


@pytest.mark.parametrize(
    ("kind", "remembers"),
    [("Bounce", "hard_bounced_at"), ("Complaint", "complained_at"), ("Delivery", None)],
)
def test_only_a_bounce_and_a_complaint_are_remembered_of_the_address(
    alice: Addressee, amazon: Amazon, sent: str, kind: str, remembers: str | None
) -> None:
    publish(amazon, alice, kind)

    address = alice.address()
    assert (address is None) == (remembers is None)
    assert remembers is None or getattr(address, remembers) is not None
