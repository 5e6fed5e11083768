"""Alice, whom Shopify shows, and what happens to her and to the shop meanwhile."""

import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from jobs.relay import relay_batch
from jobs.subscribers import SUBSCRIBERS
from loyalty.base import db
from loyalty.base.clock import utc_now
from loyalty.members.enrolment import record_customer
from loyalty.members.facts import CustomerFacts
from loyalty.members.tables import Customer
from loyalty.outbox import SHOWN_ASKED, OutboxEvent, stage
from loyalty.reconciliation.tables import Finding
from loyalty.shops.directory import get_shop
from shopify_app.platform import backfill_runs
from shopify_app.platform.backfill.steps import take_step
from shopify_app.platform.projection import shown
from shopify_app.platform.projection.shown import Shown
from shopify_app.platform.projection.tables import ShownCustomer
from tests.platform.shopify import Shopify

NAMESPACE = "$app:loyalty"


@contextmanager
def reading() -> Iterator[dict[UUID, Shown]]:
    """What is to be shown of each member, while it is read there."""
    wanted: dict[UUID, Shown] = {}

    def read(_: Session, __: int, members: Collection[UUID]) -> Mapping[UUID, Shown]:
        return {member: wanted[member] for member in members if member in wanted}

    shown.register(read)
    yield wanted
    shown.register(None)


class Alice:
    """A new customer of Shopify's who is our member."""

    def __init__(self, shopify: Shopify, shop_id: int) -> None:
        self.shopify, self.shop_id = shopify, shop_id
        made = shopify.tell("customers", first_name="Alice")
        self.customer_id: int = made["id"]
        facts = CustomerFacts(
            self.customer_id, "Alice", None, None, None, True, False, None, None, utc_now()
        )
        with db.shop_transaction(shop_id) as session:
            shop = get_shop(session, shop_id)
            customer = record_customer(session, shop, facts, now=utc_now(), is_backfill=False)
            assert customer.member_id is not None
            self.member_id: UUID = customer.member_id

    def shows(self) -> dict[str, Any]:
        """Key → value of our metafields, and the tags."""
        customer = self._ask()
        fields = {one["key"]: one["value"] for one in customer["metafields"]}
        return fields | {"tags": customer["tags"]}

    def change_by_hand(self, key: str, value: str | None, **more: Any) -> None:
        """Somebody else writes over a metafield of ours."""
        told = {"namespace": NAMESPACE, "key": key, "value": value, **more}
        self.shopify.tell(f"customers/{self.customer_id}/metafields", **told)

    def let_pause_end(self) -> None:
        """As if she had been written a while ago."""
        with db.shop_transaction(self.shop_id) as session:
            session.execute(
                update(ShownCustomer).values(written_at=utc_now() - timedelta(minutes=1))
            )

    def _ask(self) -> Any:
        return self.shopify.tell(f"customers/{self.customer_id}/tags")


def let_wait(shop_id: int, people: list[Alice]) -> None:
    """All of them have changed, and are waiting for the projection."""
    with db.shop_transaction(shop_id) as session:
        session.execute(delete(OutboxEvent))
        backfill_runs.cancel(session, shop_id, reason="not of this test", now=utc_now())
        for one in people:
            stage(session, shop_id, SHOWN_ASKED, member_id=one.member_id, now=utc_now())
    relay_batch(shop_id, [one for one in SUBSCRIBERS if one.name == "projection"])


def leave_history(shop_id: int) -> None:
    """The history of the shop is not of this test."""
    with db.shop_transaction(shop_id) as session:
        backfill_runs.cancel(session, shop_id, reason="not of this test", now=utc_now())


def let_leave(shop_id: int, alice: Alice) -> None:
    """She was erased: nobody of ours is behind her customer any more."""
    with db.shop_transaction(shop_id) as session:
        hers = ShownCustomer.customer_id == alice.customer_id
        session.execute(update(ShownCustomer).where(hers).values(state="leaving"))
        session.execute(
            update(Customer)
            .where(Customer.customer_id == alice.customer_id)
            .values(member_id=None, redacted_at=utc_now())
        )


def run_to_the_end(shop_id: int) -> None:
    """Every step of the back-fill's runs."""
    for _ in range(200):
        wait_s = take_step(shop_id)
        if wait_s is None:
            return
        time.sleep(min(wait_s, 5.5))
    raise AssertionError("the runs do not end")


def asked_for(shop_id: int) -> set[UUID]:
    """Whom the projection is asked for and has not been told of yet."""
    with db.shop_transaction(shop_id) as session:
        found = session.scalars(
            select(OutboxEvent.member_id).where(
                OutboxEvent.kind == SHOWN_ASKED, OutboxEvent.state == "new"
            )
        )
        return {member for member in found if member is not None}


def findings(shop_id: int) -> Sequence[Finding]:
    with db.shop_transaction(shop_id) as session:
        return session.scalars(select(Finding)).all()


def state_of(shop_id: int, customer_id: int) -> str | None:
    with db.shop_transaction(shop_id) as session:
        row = session.get(ShownCustomer, (shop_id, customer_id))
        return row.state if row else None
