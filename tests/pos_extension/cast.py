"""The tills of Aurora and Borealis: what a cashier sends, and what the books say afterwards."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from threading import Barrier, Thread
from typing import Any
from uuid import UUID, uuid4

from flask import Flask
from sqlalchemy import func, select
from werkzeug.test import TestResponse

from loyalty.base.db import enter_shop, shop_transaction, shopless_transaction
from loyalty.members.enrolment import record_customer
from loyalty.members.tables import MemberBalance, TimelineEvent
from loyalty.programme.tables import Programme
from loyalty.shops.directory import get_shop, install, register_shop_id
from loyalty.shops.tables import Location
from tests.factories.facts import NOON, a_customer
from tests.platform.tokens import token
from wallet.tables import MemberToken
from wallet.tokens import get_token

MAIN_STREET = 901
"""The id of Aurora's place in Madrid."""


@dataclass(frozen=True)
class Till:
    """A till of a shop with its logged-in user, who talks to the app as POS does."""

    app: Flask
    shop_id: int
    domain: str
    user_id: int = 7

    def get(self, path: str, **headers: str) -> TestResponse:
        """GET /pos/v1/<path> with a fresh session token."""
        return self.app.test_client().get(f"/pos/v1/{path}", headers=self.bearer() | headers)

    def post(self, path: str, **body: Any) -> TestResponse:
        """POST to /pos/v1/<path>, at Main Street and under a new key unless told otherwise."""
        sent = {"location_id": MAIN_STREET, "client_key": str(uuid4())} | body
        return self.app.test_client().post(f"/pos/v1/{path}", json=sent, headers=self.bearer())

    def bearer(self, **claims: Any) -> dict[str, str]:
        """The header that POS adds to a request for us."""
        ours = {"iss": f"https://{self.domain}/admin", "dest": f"https://{self.domain}"}
        return {"Authorization": f"Bearer {token(**(ours | {'sub': str(self.user_id)} | claims))}"}

    def logged_in(self, user_id: int) -> "Till":
        """The same till with another user."""
        return replace(self, user_id=user_id)

    def enrol(self, first_name: str, customer_id: int, **changes: Any) -> UUID:
        """A member of the shop with no points."""
        facts = a_customer(
            customer_id, first_name=first_name, email=f"{first_name.lower()}@example.com"
        )
        facts = replace(facts, **changes)
        with shop_transaction(self.shop_id) as session:
            shop = get_shop(session, self.shop_id)
            customer = record_customer(session, shop, facts, now=NOON, is_backfill=True)
            assert customer.member_id is not None
            return customer.member_id

    def code_of(self, member_id: UUID) -> MemberToken:
        """What the member's card shows to the till."""
        with shop_transaction(self.shop_id) as session:
            return get_token(session, self.shop_id, member_id, now=NOON)

    def points_of(self, member_id: UUID) -> int:
        """What the member may spend, as the database has it."""
        with shop_transaction(self.shop_id) as session:
            return session.get_one(MemberBalance, (self.shop_id, member_id)).available

    def events_of(self, member_id: UUID, kind: str) -> list[TimelineEvent]:
        """The member's events of a kind, oldest first."""
        with shop_transaction(self.shop_id) as session:
            events = session.scalars(
                select(TimelineEvent)
                .where(TimelineEvent.member_id == member_id, TimelineEvent.kind == kind)
                .order_by(TimelineEvent.id)
            )
            return list(events)

    def rows(self, table: type) -> list[Any]:
        """All rows that the shop has in a table."""
        with shop_transaction(self.shop_id) as session:
            return list(session.scalars(select(table)))

    def count(self, *tables: type) -> int:
        """How many rows the shop has in all these tables."""
        with shop_transaction(self.shop_id) as session:
            counts = (session.scalar(select(func.count()).select_from(one)) for one in tables)
            return sum(count or 0 for count in counts)

    def open_place(self, location_id: int, *, is_active: bool = True) -> None:
        """Let the shop have one more place."""
        facts = {"name": "Side Street", "is_active": is_active, "address": {}}
        with shop_transaction(self.shop_id) as session:
            session.add(Location(shop_id=self.shop_id, location_id=location_id, **facts))

    def set_cap(self, points: int) -> None:
        """Let each user grant so many points a day."""
        with shop_transaction(self.shop_id) as session:
            session.get_one(Programme, self.shop_id).till_grant_cap_per_day = points


def install_till(app: Flask, handle: str) -> Till:
    """`handle`.myshopify.com in Madrid with a till at Main Street."""
    domain = f"{handle}.myshopify.com"
    with shopless_transaction() as session:
        shop_id = register_shop_id(session, domain)
        enter_shop(session, shop_id)
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
        place = {"city": "Madrid", "country_code": "ES"}
        session.add(
            Location(
                shop_id=shop_id,
                location_id=MAIN_STREET,
                name="Main Street",
                is_active=True,
                address=place,
            )
        )
    return Till(app, shop_id, domain)


def public_id(till: Till, member_id: UUID) -> str:
    """A member's id on the wire."""
    return f"{till.shop_id}-{member_id.hex}"


def at_once(*calls: Callable[[], TestResponse]) -> list[TestResponse]:
    """The answers of calls that start together, each in a thread of its own."""
    barrier, answers = Barrier(len(calls)), [None] * len(calls)

    def run(place: int, call: Callable[[], TestResponse]) -> None:
        barrier.wait()
        answers[place] = call()  # type: ignore[call-overload]

    threads = [Thread(target=run, args=pair) for pair in enumerate(calls)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answers  # type: ignore[return-value]
