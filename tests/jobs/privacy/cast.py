"""A shopper with all their traces, requests about them, and a search through what is left."""

from datetime import timedelta
from uuid import UUID

import psycopg
from sqlalchemy import select
from sqlalchemy.orm import Session

from loyalty.base import db
from loyalty.base.clock import utc_now
from loyalty.base.ids import new_id
from loyalty.members.enrolment import record_customer
from loyalty.members.identity import with_merged
from loyalty.members.tables import Member
from loyalty.shops.directory import get_shop, install, register_shop_id
from shopify_app.platform.tables import PrivacyRequest
from tests.conftest import DatabaseUrls
from tests.factories.facts import a_customer
from tests.jobs.privacy.shopper import STREET, Shopper, email_of, order_id_of, phone_of
from tests.jobs.privacy.traces import (
    be_written_to,
    carry_cards,
    live,
    shop_and_earn,
    stand_and_be_warned,
    visit,
)
from tests.jobs.privacy.traces_of_campaigns import be_told_a_campaign
from tests.jobs.privacy.traces_of_coupons import have_coupons
from tests.jobs.privacy.traces_of_insight import be_scored
from tests.jobs.privacy.traces_of_merging import be_made_one
from tests.jobs.privacy.traces_of_messages import be_told_on_the_card
from tests.jobs.privacy.traces_of_projection import be_shown
from tests.jobs.privacy.traces_of_proofs import prove_themselves
from tests.jobs.privacy.traces_of_referrals import be_paid_for, come_by_a_link
from tests.jobs.privacy.traces_of_rewards import redeem
from tests.jobs.privacy.traces_of_segments import be_in_a_segment


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
        come_by_a_link(session, shopper)
        codes = redeem(session, shopper), have_coupons(session, shopper)
        shop_and_earn(session, shopper, *codes)
        be_paid_for(session, shopper)
        live(session, shopper)
        visit(session, shopper)
        stand_and_be_warned(session, shopper)
        carry_cards(session, shopper)
        be_written_to(session, shopper)
        prove_themselves(session, shopper)
        be_shown(session, shopper)
        be_in_a_segment(session, shopper)
        be_told_a_campaign(session, shopper)
        be_told_on_the_card(session, shopper)
    with db.shop_transaction(shop_id) as session:
        be_made_one(session, shopper)
        be_scored(session, shopper)
    return shopper


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


def identities_of(session: Session, who: Shopper) -> set[UUID]:
    """Their member and whoever was merged into it, but nobody whom they know."""
    return set(with_merged(session, who.shop_id, [who.member_id]))


def members_of_shop(session: Session, who: Shopper) -> set[UUID]:
    """All that the shop has, whatever became of them."""
    return set(session.scalars(select(Member.id).where(Member.shop_id == who.shop_id)))


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
