"""The traces that a shopper leaves: a row in every table of the catalogue."""

import json
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from loyalty import adjustments, audit, outbox, preferences, timeline
from loyalty.actions.birthdays import set_birthday
from loyalty.actions.check_ins import Tap, check_in
from loyalty.actions.following import follow
from loyalty.audit import Actor
from loyalty.base.clock import utc_now
from loyalty.base.ids import new_id
from loyalty.expiry.tables import ExpiryWarning
from loyalty.ledger.posting import Cause, debit, lock_balance
from loyalty.ledger.tables import Deficit
from loyalty.orders.facts import CodeFacts, RefundFacts
from loyalty.orders.recording import record_order, record_refund
from loyalty.outbox import Delivery
from loyalty.shops.directory import get_shop
from loyalty.shops.tables import Location
from loyalty.tiers.tables import MemberTier
from mailing.addresses import address_hash
from mailing.tables import EmailAddress, EmailMessage
from pos_extension.tables import TillWrite
from shopify_app.platform.tables import CustomerMerge, InboxRow
from tests.factories.facts import a_customer, a_line, an_order
from tests.jobs.privacy.shopper import Shopper, order_id_of
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


def shop_and_earn(session: Session, who: Shopper, *codes: str) -> None:
    """An order with codes, a refund of half of it, points by hand with a note, and points owed."""
    shop, now, order_id = get_shop(session, who.shop_id), utc_now(), order_id_of(who)
    buyer = a_customer(who.customer_id, first_name=who.first_name, email=who.email)
    facts = an_order(
        order_id,
        a_line(order_id, title="Soap", quantity=2, gross_minor=3000, discount_minor=1000),
        customer_id=who.customer_id,
        customer=buyer,
        created_at=now - timedelta(days=3),
        processed_at=now - timedelta(days=3),
        updated_at=now - timedelta(days=3),
        currency=shop.currency,
        codes=tuple(CodeFacts(code, 500, ((order_id, 500),)) for code in codes),
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


def live(session: Session, who: Shopper) -> None:
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


def visit(session: Session, who: Shopper) -> None:
    """A birthday, a tap at a place, and an action that was told of."""
    shop, now, me = get_shop(session, who.shop_id), utc_now(), Actor("member", str(who.member_id))
    place = who.customer_id
    session.add(
        Location(
            shop_id=who.shop_id, location_id=place, name="Main Street", is_active=True, address={}
        )
    )
    session.flush()
    set_birthday(session, shop, who.member_id, month=5, day=20, actor=me, now=now)
    check_in(session, shop, who.member_id, Tap(place, new_id(), now, me), now=now)
    follow(session, shop, who.member_id, "instagram", now=now)


def stand_and_be_warned(session: Session, who: Shopper) -> None:
    """A tier that was set by hand, and a warning of points that expire."""
    now = utc_now()
    key = {"shop_id": who.shop_id, "member_id": who.member_id}
    reason = f"{who.first_name} is a friend"
    session.add(MemberTier(**key, since_at=now, hand_mode="lock", hand_reason=reason))
    session.add(ExpiryWarning(**key, last_valid_on=now.date(), days=30, points=3, warned_at=now))
    session.flush()


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


def carry_cards(session: Session, who: Shopper) -> None:
    """A card in each wallet, a phone that has it, and what was pushed and tapped."""
    _be_known_by_links(session, who)
    _carry_apple_card(session, who)
    _carry_google_card(session, who)


def _be_known_by_links(session: Session, who: Shopper) -> None:
    now = utc_now()
    session.add_all(
        [
            MemberToken(
                shop_id=who.shop_id,
                member_id=who.member_id,
                epoch=1,
                token=f"m1.{who.first_name}",
                short_code=f"{who.customer_id}",
                created_at=now,
            ),
            PassClick(
                shop_id=who.shop_id,
                id=new_id(),
                member_id=who.member_id,
                platform="apple",
                target="card",
                clicked_at=now,
            ),
            PushMessage(shop_id=who.shop_id, member_id=who.member_id, message="m", created_at=now),
        ]
    )


def _carry_apple_card(session: Session, who: Shopper) -> None:
    now, pass_id = utc_now(), new_id()
    session.add(PassType(shop_id=who.shop_id, pass_type_id="pass.x", last_tag=1))
    session.flush()
    session.add(
        WalletPass(
            shop_id=who.shop_id,
            id=pass_id,
            member_id=who.member_id,
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
    _have_phone(session, who, pass_id)
    session.flush()
    hop = NewHop(who.member_id, "apple", pass_id, 1, "queued", who.device_id)
    note_hops(session, who.shop_id, [hop], now=now)


def _have_phone(session: Session, who: Shopper, pass_id: UUID) -> None:
    """A phone that holds the card, and what it said when it last changed."""
    now = utc_now()
    session.add_all(
        [
            PassRevision(
                shop_id=who.shop_id,
                pass_id=pass_id,
                revision=1,
                last_modified_at=now,
                said={"name": who.first_name},
            ),
            AppleRegistration(
                shop_id=who.shop_id, pass_id=pass_id, device_id=who.device_id, registered_at=now
            ),
            AppleDevice(
                device_id=who.device_id,
                pass_type_id="pass.x",
                push_token=f"push-{who.device_id}",
                registered_at=now,
            ),
        ]
    )


def _carry_google_card(session: Session, who: Shopper) -> None:
    now, object_id = utc_now(), new_id()
    session.add(GoogleClass(shop_id=who.shop_id, class_id="c"))
    session.flush()
    session.add(
        GoogleObject(
            shop_id=who.shop_id,
            id=object_id,
            member_id=who.member_id,
            class_id="c",
            object_id=f"o{who.customer_id}",
            content={"accountName": who.first_name},
            created_at=now,
        )
    )
    session.flush()
    session.add(
        GoogleNotice(
            shop_id=who.shop_id,
            google_object_id=object_id,
            revision=1,
            kind="balance",
            noticed_at=now,
        )
    )


def be_written_to(session: Session, who: Shopper) -> None:
    """An email that bounced."""
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
