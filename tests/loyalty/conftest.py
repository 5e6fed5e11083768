"""The fixed cast: shop Aurora with member Alice, shop Borealis with member Bob."""

from collections.abc import Iterator
from datetime import date, datetime, timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from loyalty.audit import Actor
from loyalty.base.db import enter_shop
from loyalty.earning.history import Credited, credit_batch
from loyalty.members.enrolment import record_customer
from loyalty.members.tables import Member, MemberBalance
from loyalty.shops.directory import install, register_shop_id
from loyalty.shops.tables import Shop
from mailing import setup as mail_setup
from tests.factories.facts import NOON, a_customer


@pytest.fixture
def aurora(session: Session) -> Shop:
    """A shop in Madrid that sells in euros; the session is inside it."""
    return install_shop(session, "aurora", currency="EUR", timezone="Europe/Madrid")


@pytest.fixture
def alice(session: Session, aurora: Shop) -> Member:
    """A member of Aurora with no points."""
    customer = record_customer(session, aurora, a_customer(), now=NOON, is_backfill=False)
    return session.get_one(Member, (aurora.shop_id, customer.member_id))


@pytest.fixture
def mail_settings() -> Iterator[None]:
    """By whose key addresses are hashed, for what asks whether one bounces."""
    before = mail_setup._settings
    links = mail_setup.CardLinks("https://card", None, None)
    mail_setup.configure(
        mail_setup.MailSettings(
            sender="",
            region="eu-west-1",
            app_url="https://encore.example",
            key=b"k" * 32,
            card_links=lambda _shop, _member: links,
        )
    )
    yield
    mail_setup._settings = before


def install_shop(session: Session, handle: str, *, currency: str, timezone: str) -> Shop:
    """Install `handle`.myshopify.com a month before noon, and enter it."""
    domain = f"{handle}.myshopify.com"
    shop_id = register_shop_id(session, domain)
    enter_shop(session, shop_id)
    return install(
        session,
        shop_id,
        domain=domain,
        name=handle.capitalize(),
        currency=currency,
        timezone=timezone,
        email=None,
        now=NOON - timedelta(days=30),
    )


def balance_of(session: Session, member: Member) -> MemberBalance:
    """The four figures as the database has them."""
    statement = (
        select(MemberBalance)
        .where(MemberBalance.shop_id == member.shop_id, MemberBalance.member_id == member.id)
        .execution_options(populate_existing=True)
    )
    return session.scalars(statement).one()


def credit_history(
    session: Session, shop: Shop, since: date, *, now: datetime = NOON, limit: int = 500
) -> Credited:
    """The shop's history since that day, credited batch by batch in one transaction."""
    total, place = Credited(0, 0), None
    while True:
        batch = credit_batch(
            session, shop, since, after=place, actor=Actor("staff", "42"), now=now, limit=limit
        )
        total += batch.credited
        if batch.place is None:
            return total
        place = batch.place
