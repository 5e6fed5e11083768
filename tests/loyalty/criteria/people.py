"""Random people of Aurora, of whom every source of facts knows something: rows past the rules.

The same seed makes the same people; ids alone differ.
"""

from datetime import UTC, date, datetime, timedelta
from random import Random
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from loyalty.actions.tables import MemberAction
from loyalty.base.db import Base
from loyalty.base.ids import new_id
from loyalty.coupons.tables import CODE_STATES, Coupon, CouponCode
from loyalty.criteria.facts import ENROLLED_BY
from loyalty.insights.tables import BANDS, MemberInsight
from loyalty.ledger.tables import LedgerEntry, Lot
from loyalty.members.consent import MemberConsent
from loyalty.members.tables import Member, MemberBalance
from loyalty.orders.tables import Order
from loyalty.shops.tables import Shop
from loyalty.tiers.tables import MemberTier
from mailing.addresses import address_hash
from mailing.tables import EmailAddress, EmailMessage
from tests.factories.facts import NOON
from wallet.google.tables import GoogleClass, GoogleObject
from wallet.tables import AppleRegistration, PassType, WalletPass

TODAY = date(2026, 11, 22)


class People:
    """Makes them, one after another; `tiers` are those that somebody may hold."""

    def __init__(self, session: Session, shop: Shop, tiers: list[UUID], seed: int) -> None:
        self.session, self.shop, self.tiers = session, shop, tiers
        self.draw = Random(seed)
        self.orders = 0
        # Added parents first: a flush sorts by tables that reference each other, not by these.
        self.coupons = [self.coupon(ends_on) for ends_on in (None, TODAY, date(2026, 11, 21))]
        session.add(PassType(shop_id=shop.shop_id, pass_type_id="pass.x", last_tag=1))
        session.add(GoogleClass(shop_id=shop.shop_id, class_id="c"))
        session.flush()

    def add(self, count: int) -> list[UUID]:
        """So many more, every tenth of them archived."""
        return [self.person(number) for number in range(count)]

    def person(self, number: int) -> UUID:
        draw, member_id = self.draw, new_id()
        # Every fifth shares the address of the one before.
        email = f"{number - (number % 5 == 4)}@example.com" if draw.random() < 0.8 else ""
        self.row(
            Member,
            id=member_id,
            state="archived" if number % 10 == 9 else "active",
            email=email or None,
            email_norm=email,
            email_verified_at=self.maybe(self.moment()),
            birthday_on=self.maybe(date(2000, draw.randint(1, 12), draw.randint(1, 28))),
            address=draw.choice([None, {}, {"country_code": "ES"}, {"country_code": "FR"}]),
            sources={},
            enrolled_by=draw.choice(ENROLLED_BY),
            joined_at=draw.choice([self.moment(), datetime(2024, 2, 29, 12, tzinfo=UTC)]),
            customer_since=self.maybe(self.moment()),
        )
        self.session.flush()  # parents first: rows know of each other by foreign keys alone
        if draw.random() < 0.9:
            self.balance(member_id)
        self.dealings(member_id)
        self.cards(member_id)
        if draw.random() < 0.8:
            self.insight(member_id)
        if email and draw.random() < 0.4:
            self.email(member_id, email)
        self.session.flush()
        return member_id

    def balance(self, member_id: UUID) -> None:
        earned = self.draw.randint(0, 20)
        self.row(
            MemberBalance,
            member_id=member_id,
            available=self.draw.randint(-5, 20),
            pending=self.draw.randint(0, 20),
            lifetime_earned=earned,
            lifetime_burned=self.draw.randint(0, earned),
            active_on=self.maybe(self.moment().date()),
        )
        for _ in range(self.draw.randint(0, 3)):
            self.lot(member_id)

    def dealings(self, member_id: UUID) -> None:
        draw = self.draw
        for _ in range(draw.randint(0, 4)):
            self.order(member_id)
        for kind in draw.choices(["redeem", "referral", "grant", "referral_friend"], k=3):
            self.entry(member_id, kind.removesuffix("_friend"), kind)
        for kind in draw.sample(["pass_installed", "check_in", "birthday"], draw.randint(0, 2)):
            self.action(member_id, kind)
        for _ in range(draw.randint(0, 2)):
            self.code(member_id)
        for channel in draw.sample(["email", "sms"], draw.randint(0, 2)):
            self.row(
                MemberConsent,
                member_id=member_id,
                channel=channel,
                state=draw.choice(["subscribed", "asked", "unsubscribed"]),
                source="test",
                changed_at=NOON,
                refused_at=self.maybe(NOON),
            )
        if draw.random() < 0.7:
            tier_id = draw.choice([None, *self.tiers])
            self.row(MemberTier, member_id=member_id, tier_id=tier_id, since_at=NOON)

    def order(self, member_id: UUID) -> None:
        self.orders += 1
        at, total = self.moment(), self.draw.choice([0, 5, 10, self.draw.randint(0, 20)])
        self.row(
            Order,
            order_id=self.orders,
            name=f"#{self.orders}",
            member_id=member_id,
            currency="EUR",
            taxes_included=False,
            is_test=self.draw.random() < 0.1,
            is_paid=self.draw.random() < 0.8,
            is_history=True,
            total_minor=total,
            current_total_minor=total,
            created_at=at,
            processed_at=at,
            cancelled_at=at if self.draw.random() < 0.1 else None,
            shopify_updated_at=at,
        )

    def entry(
        self, member_id: UUID, kind: str, source_kind: str, reverses_id: UUID | None = None
    ) -> UUID:
        entry = self.row(
            LedgerEntry,
            id=new_id(),
            member_id=member_id,
            kind=kind,
            points=1,
            occurred_at=self.moment(),
            posted_at=NOON,
            source_kind=source_kind,
            source_id="1",
            idempotency_key=str(new_id()),
            actor="system:test",
            reverses_id=reverses_id,
        )
        self.session.flush()
        if kind != "grant" and reverses_id is None and self.draw.random() < 0.3:
            self.entry(member_id, kind, source_kind, reverses_id=entry.id)
        entry_id: UUID = entry.id
        return entry_id

    def lot(self, member_id: UUID) -> None:
        points, released_at = self.draw.randint(1, 20), self.moment()
        self.row(
            Lot,
            id=new_id(),
            member_id=member_id,
            entry_id=self.entry(member_id, "grant", "grant"),
            points=points,
            points_left=self.draw.choice([0, points]),
            opened_at=released_at,
            available_at=released_at,
            released_at=self.maybe(released_at),
            last_valid_on=self.maybe(TODAY + timedelta(days=self.draw.randint(-2, 33))),
        )

    def action(self, member_id: UUID, kind: str) -> None:
        self.row(
            MemberAction,
            member_id=member_id,
            kind=kind,
            key="ever",
            done_on=TODAY,
            occurred_at=NOON,
            state="unrewarded",
            points=0,
        )

    def coupon(self, ends_on: date | None) -> UUID:
        return self.row(
            Coupon,
            id=new_id(),
            name="Five off",
            kind="fixed_amount",
            amount_minor=500,
            prefix="FIVE",
            ends_on=ends_on,
            created_at=NOON,
        ).id

    def code(self, member_id: UUID) -> None:
        state = self.draw.choice(CODE_STATES)
        self.row(
            CouponCode,
            id=new_id(),
            coupon_id=self.draw.choice(self.coupons),
            code=new_id().hex.upper(),
            state=state,
            member_id=None if state == "free" else member_id,
            created_at=NOON,
        )

    def cards(self, member_id: UUID) -> None:
        at, draw = self.moment(), self.draw
        if draw.random() < 0.5:
            card = self.row(
                WalletPass,
                id=new_id(),
                member_id=member_id,
                platform="apple",
                pass_type_id="pass.x",
                authentication_token="t" * 32,
                revision=1,
                tag=1,
                content={},
                last_modified_at=at,
                created_at=at,
                voided_at=self.maybe(at),
            )
            self.session.flush()
            self.row(
                AppleRegistration,
                pass_id=card.id,
                device_id=f"phone {member_id}",
                registered_at=at,
                removed_at=self.maybe(at),
            )
        if draw.random() < 0.5:
            self.row(
                GoogleObject,
                id=new_id(),
                member_id=member_id,
                class_id="c",
                object_id=f"o{member_id}",
                created_at=at,
                saved_at=self.maybe(at),
                removed_at=self.maybe(at),
            )

    def insight(self, member_id: UUID) -> None:
        draw = self.draw
        self.row(
            MemberInsight,
            member_id=member_id,
            band=draw.choice(BANDS),
            is_calibrated=True,
            ltv_minor=self.maybe(draw.randint(0, 25)),
            orders=1,
            gap_days=0,
            r=1,
            f=1,
            m=1,
            health=self.maybe(draw.randint(0, 25)),
        )

    def email(self, member_id: UUID, email: str) -> None:
        """What came back, to this address or to one that was the member's before."""
        hashed = address_hash(self.shop.shop_id, self.draw.choice([email, f"old.{email}"]))
        self.session.merge(
            EmailAddress(
                shop_id=self.shop.shop_id,
                address_hash=hashed,
                hard_bounced_at=self.maybe(NOON),
                soft_bounces=self.draw.randint(0, 2),
            )
        )
        self.row(
            EmailMessage,
            id=new_id(),
            member_id=member_id,
            event_id=new_id(),
            kind="card",
            is_asked_for=False,
            state="sent",
            doubts=0,
            address_hash=hashed,
            created_at=NOON,
            bounced_at=NOON,
        )

    def moment(self) -> datetime:
        """Mostly of late, and often near the midnight of Madrid, which is 23:00 in UTC."""
        days = self.draw.choice([self.draw.randint(0, 9), self.draw.randint(0, 800)])
        at = NOON - timedelta(days=days)
        return self.draw.choice([at, at.replace(hour=22, minute=59), at.replace(hour=23)])

    def maybe(self, value: Any) -> Any:
        """The value, or None every third time."""
        return None if self.draw.random() < 0.33 else value

    def row(self, model: type[Base], **values: Any) -> Any:
        row = model(shop_id=self.shop.shop_id, **values)
        self.session.add(row)
        return row
