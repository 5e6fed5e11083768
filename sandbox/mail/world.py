"""What this stand-in is made of, wired together; and what becomes of an email by itself."""

import json
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sandbox.mail import events
from sandbox.mail.faults import MailFaults
from sandbox.mail.keys import ensure_key
from sandbox.mail.ses import ACCOUNT, Ses
from sandbox.mail.sigv4 import Credentials
from sandbox.mail.sns import Sns
from sandbox.mail.store import Email, Store

TOPIC = "encore-mail"


@dataclass(frozen=True)
class Options:
    """How the account is set up. `sender` is its verified address."""

    state: Path
    port: int
    app_url: str
    region: str = "us-east-1"
    sender: str = "cards@encore.example"
    configuration_set: str = "encore"
    access_key_id: str = "AKIASANDBOX"
    secret_access_key: str = "made-up"
    rate_max: int = 14
    delivers: bool = True


class World:
    """One Amazon: an account of SES whose events go to one topic of SNS."""

    def __init__(self, options: Options) -> None:
        self.options = options
        self.credentials = Credentials(
            options.access_key_id, options.secret_access_key, options.region
        )
        self.faults, self.store = MailFaults(), Store(options.state)
        self.ses = Ses(
            self.store,
            region=options.region,
            senders=[options.sender],
            configuration_sets=[options.configuration_set],
            rate_max=options.rate_max,
        )
        key, self.certificate = ensure_key(options.state)
        self.sns = Sns(
            self.store,
            topic_arn=f"arn:aws:sns:{options.region}:{ACCOUNT}:{TOPIC}",
            origin=f"http://127.0.0.1:{options.port}",
            endpoint=f"{options.app_url.rstrip('/')}/mail/sns",
            key=key,
        )
        self.delivers = options.delivers
        self.requests: list[dict[str, Any]] = []

    def report(
        self, email: Email, event: dict[str, Any], *, is_notification: bool = False, times: int = 1
    ) -> tuple[str, list[Any]]:
        """Publish an event of `email`; an account's own list takes hard bounces and complaints."""
        if event["eventType"] == "Complaint":
            self._suppress(email, "COMPLAINT")
        elif event.get("bounce", {}).get("bounceType") == "Permanent":
            self._suppress(email, "BOUNCE")
        self.store.note_event(email.id, _words(event))
        is_published = email.configuration_set and not is_notification
        shaped = event if is_published else events.as_notification(event)
        return self.sns.publish(json.dumps(shaped), times=times)

    def deliver_soon(self, email: Email) -> None:
        """Let happen to a taken email what happens by itself, a moment later."""
        if not email.is_delivered:
            event = events.bounce(email, "Permanent", sub_type="OnAccountSuppressionList")
        elif email.to[0].endswith("@simulator.amazonses.com"):
            event = _simulate(email)
        elif self.delivers:
            event = events.delivery(email)
        else:
            return
        threading.Timer(0.3, self.report, (email, event)).start()

    def _suppress(self, email: Email, reason: str) -> None:
        for address in email.to:
            if not address.endswith("@simulator.amazonses.com"):
                self.store.suppress(address, reason)


def _simulate(email: Email) -> dict[str, Any]:
    """Amazon's mailbox simulator: the address says what becomes of the email."""
    mailbox = email.to[0].partition("@")[0].partition("+")[0]
    if mailbox == "bounce":
        return events.bounce(email, "Permanent")
    if mailbox == "suppressionlist":
        return events.bounce(email, "Permanent", sub_type="Suppressed")
    if mailbox == "complaint":
        return events.complaint(email)
    return events.delivery(email)


def _words(event: dict[str, Any]) -> str:
    kind = event.get("bounce", {}).get("bounceType")
    return f"{event['eventType']} ({kind})" if kind else str(event["eventType"])
