"""The cast of email tests: a member with an address, and what becomes of their emails."""

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import select, update

from jobs.deliveries import deliver
from jobs.relay import relay
from jobs.subscribers import SUBSCRIBERS
from loyalty import outbox
from loyalty.audit import Actor
from loyalty.base.clock import utc_now
from loyalty.base.db import shop_transaction, shopless_transaction
from loyalty.ledger.posting import Cause, credit, lock_balance
from loyalty.members.enrolment import record_customer
from loyalty.members.tables import Member, TimelineEvent
from loyalty.outbox import Delivery
from loyalty.shops.directory import get_shop, install, register_shop_id
from mailing.addresses import address_hash, find_address
from mailing.asking import ask_for_card
from mailing.tables import EmailAddress, EmailMessage
from tests.factories.facts import NOON, a_customer
from tests.mailing.stand_in import Amazon

# A back-off that no slow machine outlasts: what comes later comes when the test says so.
MAIL = replace(
    next(subscriber for subscriber in SUBSCRIBERS if subscriber.name == "mail"),
    backoff_first=timedelta(minutes=30),
)
DANA = Actor("staff", "42")


@dataclass(frozen=True)
class Addressee:
    """A member and their shop."""

    shop_id: int
    member_id: UUID

    def ask(self, client_key: str = "key-1") -> EmailMessage:
        """Have Dana ask for the member's card."""
        with shop_transaction(self.shop_id) as session:
            return ask_for_card(
                session,
                self.shop_id,
                self.member_id,
                client_key=client_key,
                actor=DANA,
                now=utc_now(),
            )

    def stage(self) -> None:
        """Let the card be sent by itself, as at an enrolment."""
        with shop_transaction(self.shop_id) as session:
            outbox.stage(
                session,
                self.shop_id,
                outbox.CARD_EMAIL_ASKED,
                member_id=self.member_id,
                body={"is_asked_for": False},
                now=utc_now(),
            )

    def work(self) -> None:
        """Let relay and worker do what is due now."""
        relay(self.shop_id)
        deliver(MAIL, self.shop_id)

    def work_later(self) -> None:
        """The same, once every back-off and lease is over."""
        with shop_transaction(self.shop_id) as session:
            past = utc_now() - timedelta(seconds=1)
            session.execute(
                update(Delivery).where(Delivery.state == "pending").values(next_at=past)
            )
        self.work()

    def messages(self) -> list[EmailMessage]:
        """The member's emails, oldest first."""
        with shop_transaction(self.shop_id) as session:
            statement = (
                select(EmailMessage)
                .where(EmailMessage.member_id == self.member_id)
                .order_by(EmailMessage.id)
            )
            return list(session.scalars(statement))

    def states(self) -> list[str]:
        """How the member's emails stand, oldest first."""
        return [message.state for message in self.messages()]

    def deliveries(self) -> list[str]:
        """The states of the deliveries to the mail subscriber, oldest first."""
        with shop_transaction(self.shop_id) as session:
            statement = select(Delivery.state).where(Delivery.subscriber == "mail")
            return list(session.scalars(statement.order_by(Delivery.id)))

    def events(self) -> list[TimelineEvent]:
        """What the timeline says of emails, oldest first."""
        with shop_transaction(self.shop_id) as session:
            events = session.scalars(
                select(TimelineEvent)
                .where(
                    TimelineEvent.member_id == self.member_id,
                    TimelineEvent.kind.startswith("email_"),
                )
                .order_by(TimelineEvent.id)
            )
            return list(events)

    def timeline(self) -> list[str]:
        """The kinds of these."""
        return [event.kind for event in self.events()]

    def address(self) -> EmailAddress | None:
        """What the shop remembers of the member's address."""
        with shop_transaction(self.shop_id) as session:
            member = session.get_one(Member, (self.shop_id, self.member_id))
            return find_address(
                session, self.shop_id, address_hash(self.shop_id, member.email_norm)
            )

    def change(self, **values: Any) -> None:
        """Change columns of the member."""
        with shop_transaction(self.shop_id) as session:
            member = session.get_one(Member, (self.shop_id, self.member_id))
            for name, value in values.items():
                setattr(member, name, value)

    def earn(self, points: int) -> None:
        """Grant points, as the admin does."""
        with shop_transaction(self.shop_id) as session:
            balance = lock_balance(session, self.shop_id, self.member_id)
            key = f"test:{utc_now().isoformat()}"
            cause = Cause("grant", key, "test", "1", "system:test", utc_now())
            credit(session, balance, cause, points=points, now=utc_now())


def install_shop(handle: str, *, name: str | None = None, locale: str = "en") -> int:
    """A shop, committed."""
    domain = f"{handle}.myshopify.com"
    with shopless_transaction() as session:
        shop_id = register_shop_id(session, domain)
    with shop_transaction(shop_id) as session:
        install(
            session,
            shop_id,
            domain=domain,
            name=name or handle.capitalize(),
            currency="EUR",
            timezone="Europe/Madrid",
            email=f"hello@{handle}.example",
            locale=locale,
            now=NOON - timedelta(days=30),
        )
    return shop_id


def enrol(
    shop_id: int,
    first_name: str,
    *,
    customer_id: int,
    email: str | None,
    is_backfill: bool = True,
) -> Addressee:
    """A member who came with the history, unless told otherwise: nothing is due for them yet."""
    with shop_transaction(shop_id) as session:
        facts = a_customer(customer_id, first_name=first_name, email=email)
        shop = get_shop(session, shop_id)
        customer = record_customer(
            session, shop, facts, now=NOON, is_backfill=is_backfill, order_count=1
        )
    assert customer.member_id is not None
    return Addressee(shop_id, customer.member_id)


def event_of(alice: Addressee, kind: str = "Bounce", **details: object) -> dict[str, Any]:
    """An event of Alice's email as event publishing shapes it."""
    message = alice.messages()[0]
    tags = {"encore-shop": [str(message.shop_id)], "encore-message": [str(message.id)]}
    content = {"bounceType": "Permanent", "timestamp": utc_now().isoformat()} | details
    return {
        "eventType": kind,
        "mail": {"messageId": message.ses_message_id, "tags": tags},
        kind.lower(): content,
    }


def taken(amazon: Amazon, before: int) -> list[dict[str, object]]:
    """What SES took since then."""
    return amazon.emails()[before:]
