"""Shops whose rows are committed, in a database of the test's own, and a bell that really rings."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

import pytest
from redis import Redis

from jobs import queues
from loyalty import outbox
from loyalty.base import bell, db
from loyalty.base.clock import utc_now
from loyalty.base.ids import new_id
from loyalty.members.tables import Member
from loyalty.outbox import Delivery, OutboxEvent
from loyalty.shops.directory import install, register_shop_id
from tests.conftest import DatabaseUrls
from tests.factories.facts import NOON


@dataclass(frozen=True)
class Aurora:
    """A committed shop and its member Alice."""

    shop_id: int
    alice: UUID


@pytest.fixture
def database(fresh_database: DatabaseUrls) -> Iterator[DatabaseUrls]:
    """This process on a database of the test's own, and back on the shared one afterwards."""
    before = db._engine
    engine = db.configure(fresh_database.app, hide_parameters=True)
    yield fresh_database
    engine.dispose()
    db._engine = before


@pytest.fixture
def valkey(valkey_url: str) -> Iterator[Redis]:
    """The bell of this process on an empty Valkey."""
    connection = queues.configure(valkey_url)
    bell.register(queues.ring)
    yield connection
    bell.register(lambda _queue, _shop_id: None)
    connection.close()


@pytest.fixture
def aurora(database: DatabaseUrls, valkey: Redis) -> Aurora:
    """Aurora with Alice, nothing waiting."""
    return install_committed("aurora")


def install_committed(handle: str) -> Aurora:
    """A shop with one member, committed."""
    domain = f"{handle}.myshopify.com"
    with db.shopless_transaction() as session:
        shop_id = register_shop_id(session, domain)
    with db.shop_transaction(shop_id) as session:
        install(
            session,
            shop_id,
            domain=domain,
            name=handle.capitalize(),
            currency="EUR",
            timezone="Europe/Madrid",
            email=None,
            now=NOON - timedelta(days=30),
        )
    return Aurora(shop_id, add_member(shop_id))


def add_member(shop_id: int) -> UUID:
    """A bare member of the shop, committed."""
    member_id = new_id()
    with db.shop_transaction(shop_id) as session:
        session.add(
            Member(
                shop_id=shop_id,
                id=member_id,
                state="active",
                email_norm="",
                sources={},
                enrolled_by="order",
                joined_at=NOON,
            )
        )
    return member_id


def change(shop_id: int, *member_ids: UUID) -> None:
    """Commit one "member changed" event for each member."""
    with db.shop_transaction(shop_id) as session:
        for member_id in member_ids:
            outbox.stage(
                session, shop_id, outbox.MEMBER_CHANGED, member_id=member_id, now=utc_now()
            )


def deliveries_of(shop_id: int) -> list[Delivery]:
    """All deliveries of the shop, in the order of their making."""
    with db.shop_transaction(shop_id) as session:
        return list(session.query(Delivery).order_by(Delivery.id))


def events_of(shop_id: int) -> list[OutboxEvent]:
    """All outbox events of the shop, in the order of their making."""
    with db.shop_transaction(shop_id) as session:
        return list(session.query(OutboxEvent).order_by(OutboxEvent.id))


def make_due(shop_id: int) -> None:
    """Let every back-off and lease of the shop be over."""
    with db.shop_transaction(shop_id) as session:
        session.query(Delivery).update({"next_at": utc_now() - timedelta(seconds=1)})
