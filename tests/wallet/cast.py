"""The cast with committed data: a member by name, and what may happen to one."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import select

from loyalty.audit import Actor
from loyalty.base.clock import utc_now
from loyalty.base.db import shop_transaction, shopless_transaction
from loyalty.ledger.posting import Cause, credit, lock_balance
from loyalty.members.enrolment import record_customer
from loyalty.members.tables import Member, TimelineEvent
from loyalty.preferences import Name, Preferences, get_preferences, set_preference
from loyalty.shops.directory import install, register_shop_id
from loyalty.shops.tables import Shop
from tests.factories.facts import NOON, a_customer
from wallet.card_links import card_page_url
from wallet.hops import PushHop
from wallet.passes import open_apple_pass
from wallet.tables import AppleRegistration, WalletPass


@dataclass(frozen=True)
class Cardholder:
    """A member and their shop."""

    shop_id: int
    member_id: UUID

    def open_pass(self) -> WalletPass:
        """Make the Apple pass as the card page does, downloaded at its present revision."""
        with shop_transaction(self.shop_id) as session:
            card = open_apple_pass(session, self.shop_id, self.member_id, now=utc_now())
            card.downloaded_revision = card.revision
        return card

    def the_pass(self) -> WalletPass:
        """The pass as the database has it now."""
        with shop_transaction(self.shop_id) as session:
            own = WalletPass.member_id == self.member_id
            return session.scalars(select(WalletPass).where(own)).one()

    def registrations(self) -> list[AppleRegistration]:
        """The devices that have or had the pass."""
        with shop_transaction(self.shop_id) as session:
            return list(session.scalars(select(AppleRegistration)))

    def earn(self, points: int, *, available_at: datetime | None = None) -> None:
        """Grant points, as the admin does; until `available_at` they are pending."""
        with shop_transaction(self.shop_id) as session:
            balance = lock_balance(session, self.shop_id, self.member_id)
            key = f"test:{utc_now().isoformat()}"
            cause = Cause("grant", key, "test", "1", "system:test", utc_now())
            credit(session, balance, cause, points=points, available_at=available_at, now=utc_now())

    def rename(self, first_name: str) -> None:
        """Change a detail that the card shows."""
        with shop_transaction(self.shop_id) as session:
            session.get_one(Member, (self.shop_id, self.member_id)).first_name = first_name

    def prefer(self, name: Name, is_active: bool) -> bool:
        """Turn one switch, as the card page does; False if it stood so."""
        with shop_transaction(self.shop_id) as session:
            actor = Actor("member", str(self.member_id))
            return set_preference(
                *(session, self.shop_id, self.member_id, name, is_active),
                now=utc_now(),
                actor=actor,
            )

    def preferences(self) -> Preferences:
        """The member's switches as they stand now."""
        with shop_transaction(self.shop_id) as session:
            return get_preferences(session, self.shop_id, self.member_id)

    def hop_rows(self) -> list[PushHop]:
        """The hops of the member's pushes, oldest first."""
        with shop_transaction(self.shop_id) as session:
            hops = select(PushHop).where(PushHop.member_id == self.member_id)
            order = (PushHop.at, PushHop.revision, PushHop.hop.desc())
            return list(session.scalars(hops.order_by(*order)))

    def hops(self) -> list[str]:
        """The same in short: `2 queued`, with the revision."""
        return [f"{hop.revision} {hop.hop}" for hop in self.hop_rows()]

    def erase(self) -> None:
        """Make the member anonymous."""
        with shop_transaction(self.shop_id) as session:
            member = session.get_one(Member, (self.shop_id, self.member_id))
            member.state, member.first_name, member.last_name = "erased", None, None

    def timeline(self) -> list[str]:
        """The kinds of the member's events, oldest first, joining and badges left out."""
        with shop_transaction(self.shop_id) as session:
            events = session.scalars(
                select(TimelineEvent)
                .where(TimelineEvent.member_id == self.member_id)
                .order_by(TimelineEvent.id)
            )
            apart = ("member_joined", "badge_earned")
            return [event.kind for event in events if event.kind not in apart]

    def url(self) -> str:
        """The member's card page."""
        return card_page_url(self.shop_id, self.member_id)


def enrol(handle: str, first_name: str, *, customer_id: int) -> Cardholder:
    """Install `handle` and enrol its one member."""
    with shopless_transaction() as session:
        shop_id = register_shop_id(session, f"{handle}.myshopify.com")
    with shop_transaction(shop_id) as session:
        install(
            session,
            shop_id,
            domain=f"{handle}.myshopify.com",
            name=handle.capitalize(),
            currency="EUR",
            timezone="Europe/Madrid",
            email=None,
            now=NOON - timedelta(days=30),
        )
    return join(shop_id, first_name, customer_id=customer_id)


def join(shop_id: int, first_name: str, *, customer_id: int) -> Cardholder:
    """One more member of an installed shop."""
    facts = a_customer(customer_id, first_name=first_name, email=f"{customer_id}@example.com")
    with shop_transaction(shop_id) as session:
        shop = session.get_one(Shop, shop_id)
        customer = record_customer(session, shop, facts, now=NOON, is_backfill=False)
    assert customer.member_id is not None
    return Cardholder(shop_id, customer.member_id)
