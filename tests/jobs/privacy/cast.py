"""A shopper of whom every table holds something, and a search through all that is left."""

import json
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

import psycopg
from sqlalchemy.orm import Session

from loyalty import adjustments, audit, outbox, preferences, timeline
from loyalty.audit import Actor
from loyalty.base import db
from loyalty.base.clock import utc_now
from loyalty.base.ids import new_id
from loyalty.ledger.posting import Cause, debit, lock_balance
from loyalty.ledger.tables import Deficit
from loyalty.members.enrolment import record_customer
from loyalty.members.tables import Member
from loyalty.orders.facts import RefundFacts
from loyalty.orders.recording import record_order, record_refund
from loyalty.outbox import Delivery
from loyalty.shops.directory import get_shop, install, register_shop_id
from mailing.addresses import address_hash
from mailing.tables import EmailAddress, EmailMessage
from pos_extension.tables import TillWrite
from shopify_app.platform.tables import CustomerMerge, InboxRow, PrivacyRequest
from tests.conftest import DatabaseUrls
from tests.factories.facts import a_customer, a_line, an_order
from wallet.google.tables import GoogleClass, GoogleNotice, GoogleObject
from wallet.hops import NewHop, note_hops
from wallet.messages import PushMessage
from wallet.tables import (
    AppleDevice,
    AppleRegistration,
    MemberToken,
    PassClick,
    PassRevision,
    PassType,
    WalletPass,
)

KEY = b"a link secret of the tests, 32 b"
STREET = "Lantern Lane 5"


@dataclass(frozen=True)
class Shopper:
    """A member with a customer; `marks` are words that only they bring into a database."""

    shop_id: int
    member_id: UUID
    customer_id: int
    first_name: str
    last_name: str

    @property
    def domain(self) -> str:
        return "aurora.myshopify.com" if self.first_name == "Alice" else "borealis.myshopify.com"

    @property
    def email(self) -> str:
        return email_of(self.first_name)

    @property
    def phone(self) -> str:
        return phone_of(self.customer_id)

    @property
    def device_id(self) -> str:
        return f"{self.first_name.lower()}s-phone"

    @property
    def marks(self) -> tuple[str, ...]:
        return (self.first_name, self.last_name, self.email, self.phone, STREET)


def email_of(first_name: str) -> str:
    return f"{first_name}@Example.com"


def phone_of(customer_id: int) -> str:
    return f"+3460{customer_id}"


def fill(handle: str, first_name: str, last_name: str, *, customer_id: int) -> Shopper:
    """Install the shop and let the shopper leave a trace in every table, committed."""
    domain, now = f"{handle}.myshopify.com", utc_now()
    with db.shopless_transaction() as session:
        shop_id = register_shop_id(session, domain)
        db.enter_shop(session, shop_id)
        install(
            session,
            shop_id,
            domain=domain,
            name=handle.capitalize(),
            currency="EUR",
            timezone="Europe/Madrid",
            email=None,
            now=now - timedelta(days=400),
        )
    with db.shop_transaction(shop_id) as session:
        facts = a_customer(
            customer_id,
            first_name=first_name,
            last_name=last_name,
            email=email_of(first_name),
            phone=phone_of(customer_id),
            address={"address1": STREET, "city": "Madrid"},
        )
        shop = get_shop(session, shop_id)
        customer = record_customer(session, shop, facts, now=now, is_backfill=False)
        assert customer.member_id is not None
        shopper = Shopper(shop_id, customer.member_id, customer_id, first_name, last_name)
    with db.shop_transaction(shop_id) as session:
        _shop_and_earn(session, shopper)
        _live(session, shopper)
        _carry_cards(session, shopper)
        _be_written_to(session, shopper)
    return shopper


def order_id_of(shopper: Shopper) -> int:
    """The shopper's one order."""
    return shopper.customer_id + 9_000_000


def _shop_and_earn(session: Session, who: Shopper) -> None:
    shop, now, order_id = get_shop(session, who.shop_id), utc_now(), order_id_of(who)
    buyer = a_customer(who.customer_id, first_name=who.first_name, email=who.email)
    facts = an_order(
        order_id,
        a_line(order_id, title="Soap"),
        customer_id=who.customer_id,
        customer=buyer,
        created_at=now - timedelta(days=3),
        processed_at=now - timedelta(days=3),
        updated_at=now - timedelta(days=3),
        currency=shop.currency,
    )
    record_order(session, shop, facts, now=now, is_backfill=False)
    refund = RefundFacts(order_id + 1, order_id, now, 0, ((order_id, 1),))
    record_refund(session, shop, refund, now=now)
    adjustments.adjust(
        session,
        who.shop_id,
        who.member_id,
        points=100,
        reason="other",
        note=f"{who.first_name} called to complain",
        order_reference=None,
        client_key=str(new_id()),
        actor=Actor("staff", "42"),
        now=now,
    )
    balance = lock_balance(session, who.shop_id, who.member_id)
    cause = Cause(
        kind="deduct",
        idempotency_key=f"test:{who.customer_id}",
        source_kind="adjustment",
        source_id="test",
        actor="staff:42",
        occurred_at=now,
    )
    entry = debit(session, balance, cause, points=30, now=now)
    session.add(
        Deficit(
            shop_id=who.shop_id,
            id=new_id(),
            member_id=who.member_id,
            entry_id=entry.id,
            points=5,
            points_left=0,
        )
    )


def _live(session: Session, who: Shopper) -> None:
    """Words on the timeline, in the audit trail, in events, and from Shopify."""
    now, me = utc_now(), Actor("member", str(who.member_id))
    preferences.set_preference(
        session, who.shop_id, who.member_id, "marketing", False, now=now, actor=me
    )
    timeline.note_event(
        session, who.shop_id, who.member_id, "said", now, text=f"{who.first_name} was here"
    )
    about = ("member", str(who.member_id))
    audit.record(
        session, who.shop_id, Actor("staff", "42"), "renamed", about, now=now, to=who.last_name
    )
    event = outbox.stage(
        session,
        who.shop_id,
        "named",
        now=now,
        member_id=who.member_id,
        body={"email": who.email},
    )
    session.flush()
    session.add(
        Delivery(
            shop_id=who.shop_id,
            id=new_id(),
            event_id=event.id,
            subscriber="wallet",
            member_id=who.member_id,
            state="done",
            attempts=1,
            next_at=now,
        )
    )
    add_webhook(session, who.shop_id, {"id": who.customer_id, "email": who.email})
    add_webhook(session, who.shop_id, {"email": who.email.lower(), "phone": who.phone}, "parked")
    session.add(
        CustomerMerge(
            shop_id=who.shop_id,
            kept_customer_id=who.customer_id,
            deleted_customer_id=who.customer_id + 50_000,
            state="waiting",
            merged_at=now,
            received_at=now,
        )
    )
    session.add(
        TillWrite(
            shop_id=who.shop_id,
            client_key=new_id(),
            fingerprint="f",
            member_id=who.member_id,
            status=200,
            answer={"member": {"name": f"{who.first_name} {who.last_name}"}},
            created_at=now,
        )
    )


def add_webhook(
    session: Session, shop_id: int, payload: dict[str, Any], state: str = "done"
) -> None:
    """A webhook that came, in that state."""
    now = utc_now()
    session.add(
        InboxRow(
            shop_id=shop_id,
            id=new_id(),
            webhook_id=str(new_id()),
            topic="customers/update",
            received_at=now,
            body=json.dumps(payload).encode(),
            state=state,
            attempts=0,
            next_at=now,
        )
    )


def _carry_cards(session: Session, who: Shopper) -> None:
    now, pass_id, object_id = utc_now(), new_id(), new_id()
    shop_id, member_id = who.shop_id, who.member_id
    session.add(PassType(shop_id=shop_id, pass_type_id="pass.x", last_tag=1))
    session.flush()
    session.add(
        WalletPass(
            shop_id=shop_id,
            id=pass_id,
            member_id=member_id,
            platform="apple",
            pass_type_id="pass.x",
            authentication_token="t" * 32,
            revision=1,
            tag=1,
            content={"name": f"{who.first_name} {who.last_name}", "voided": False},
            last_modified_at=now,
            created_at=now,
        )
    )
    session.flush()
    session.add_all(
        [
            PassRevision(
                shop_id=shop_id,
                pass_id=pass_id,
                revision=1,
                last_modified_at=now,
                said={"name": who.first_name},
            ),
            AppleRegistration(
                shop_id=shop_id, pass_id=pass_id, device_id=who.device_id, registered_at=now
            ),
            AppleDevice(
                device_id=who.device_id,
                pass_type_id="pass.x",
                push_token=f"push-{who.device_id}",
                registered_at=now,
            ),
            MemberToken(
                shop_id=shop_id,
                member_id=member_id,
                epoch=1,
                token=f"m1.{who.first_name}",
                short_code=f"{who.customer_id}",
                created_at=now,
            ),
            PassClick(
                shop_id=shop_id,
                id=new_id(),
                member_id=member_id,
                platform="apple",
                target="card",
                clicked_at=now,
            ),
            PushMessage(shop_id=shop_id, member_id=member_id, message="m", created_at=now),
            GoogleClass(shop_id=shop_id, class_id="c"),
        ]
    )
    session.flush()
    note_hops(
        session,
        shop_id,
        [NewHop(member_id, "apple", pass_id, 1, "queued", who.device_id)],
        now=now,
    )
    session.add(
        GoogleObject(
            shop_id=shop_id,
            id=object_id,
            member_id=member_id,
            class_id="c",
            object_id=f"o{who.customer_id}",
            content={"accountName": who.first_name},
            created_at=now,
        )
    )
    session.flush()
    session.add(
        GoogleNotice(
            shop_id=shop_id,
            google_object_id=object_id,
            revision=1,
            kind="balance",
            noticed_at=now,
        )
    )


def _be_written_to(session: Session, who: Shopper) -> None:
    now, hashed = utc_now(), address_hash(who.shop_id, who.email)
    session.add(
        EmailMessage(
            shop_id=who.shop_id,
            id=new_id(),
            member_id=who.member_id,
            event_id=new_id(),
            kind="card",
            is_asked_for=False,
            state="sent",
            reason=f"550 <{who.email}> unknown",
            doubts=0,
            address_hash=hashed,
            ses_message_id="ses-1",
            created_at=now,
        )
    )
    session.add(
        EmailAddress(
            shop_id=who.shop_id,
            address_hash=hashed,
            soft_bounces=0,
            hard_bounced_at=now,
            hard_bounce_reason=f"550 <{who.email}> unknown",
        )
    )


def ask(who: Shopper, subject: str, *, customer_id: int | None = None, age_days: int = 0) -> UUID:
    """A request of one of Shopify's privacy topics, due now; its id."""
    received_at, request_id = utc_now() - timedelta(days=age_days), new_id()
    with db.shop_transaction(who.shop_id) as session:
        session.add(
            PrivacyRequest(
                shop_id=who.shop_id,
                id=request_id,
                subject=subject,
                customer_id=None if subject == "shop/redact" else customer_id or who.customer_id,
                body={"orders": [order_id_of(who)]},
                state="open",
                received_at=received_at,
                due_at=received_at + timedelta(days=30),
                next_at=received_at,
            )
        )
    return request_id


def request_of(who: Shopper, request_id: UUID) -> PrivacyRequest:
    """The request as it stands."""
    with db.shop_transaction(who.shop_id) as session:
        return session.get_one(PrivacyRequest, (who.shop_id, request_id))


def member_of(who: Shopper) -> Member:
    """The member as they stand."""
    with db.shop_transaction(who.shop_id) as session:
        return session.get_one(Member, (who.shop_id, who.member_id))


def tables_that_hold(urls: DatabaseUrls, shop_id: int, marks: tuple[str, ...]) -> set[str]:
    """The names of all tables in which a row of the shop, or of none, holds one of the words."""
    found = set()
    with psycopg.connect(urls.owner) as connection:
        connection.execute(f"SET encore.shop = '{shop_id}'".encode())
        for name, has_shop in connection.execute(_TABLES.encode()).fetchall():
            of_shop = f" WHERE shop_id = {shop_id}" if has_shop else ""
            rows = connection.execute(f"SELECT t::text FROM {name} t{of_shop}".encode()).fetchall()
            text = "\n".join(row[0] for row in rows).lower()
            if any(_is_in(mark.lower(), text) for mark in marks):
                found.add(name)
    return found


_TABLES = """
SELECT t.table_name, EXISTS (
    SELECT FROM information_schema.columns c WHERE c.table_schema = 'public'
    AND c.table_name = t.table_name AND c.column_name = 'shop_id')
FROM information_schema.tables t WHERE t.table_schema = 'public' AND t.table_type = 'BASE TABLE'
"""


def _is_in(mark: str, text: str) -> bool:
    """Also where it stands in bytes, which a row shows in hexadecimal."""
    spelled = {mark, mark.encode().hex()}
    return any(one in text for one in spelled)
