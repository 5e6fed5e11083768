"""Coupons that several give at once, on connections of their own: nobody gets one too many."""

import threading
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from loyalty.base.clock import utc_now
from loyalty.base.db import shop_transaction, shopless_transaction
from loyalty.coupons.assigning import HAD_IT, NO_CODE_LEFT, Handed, assign
from loyalty.coupons.tables import CouponCode
from loyalty.coupons.using import OrderWithCodes, note_uses
from loyalty.members.tables import Member
from loyalty.shops.directory import get_shop, install, register_shop_id
from tests.loyalty.coupons.cast import STAFF, add_imported, member

PEOPLE = 6


@pytest.fixture
def aurora(database: None) -> int:
    """A shop with six members, committed."""
    with shopless_transaction() as session:
        shop_id = register_shop_id(session, "aurora.myshopify.com")
    with shop_transaction(shop_id) as session:
        shop = install(
            session,
            shop_id,
            domain="aurora.myshopify.com",
            name="Aurora",
            currency="EUR",
            timezone="Europe/Madrid",
            email=None,
            now=utc_now(),
        )
        for number in range(PEOPLE):
            member(session, shop, 700 + number)
    return shop_id


def coupon_with(shop_id: int, *codes: str) -> UUID:
    with shop_transaction(shop_id) as session:
        return add_imported(session, get_shop(session, shop_id), *codes).id


def people(shop_id: int) -> list[UUID]:
    with shop_transaction(shop_id) as session:
        return list(session.scalars(select(Member.id).order_by(Member.id)))


def give(shop_id: int, coupon_id: UUID, members: list[UUID], batch: UUID) -> Handed:
    with shop_transaction(shop_id) as session:
        return hand_out(session, shop_id, coupon_id, members, batch)


def hand_out(
    session: Session, shop_id: int, coupon_id: UUID, members: list[UUID], batch: UUID
) -> Handed:
    return assign(
        session,
        get_shop(session, shop_id),
        coupon_id,
        members,
        batch_id=batch,
        sends_email=False,
        actor=STAFF,
        now=utc_now(),
    )


def at_once(*wishes: tuple[int, UUID, list[UUID], UUID]) -> list[Handed]:
    """All of them, begun together."""
    start, handed = threading.Barrier(len(wishes)), []

    def work(wish: tuple[int, UUID, list[UUID], UUID]) -> None:
        start.wait(30)
        handed.append(give(*wish))

    threads = [threading.Thread(target=work, args=(wish,)) for wish in wishes]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(handed) == len(wishes)
    return handed


def test_each_code_goes_to_one_member_alone(aurora: int) -> None:
    coupon_id, everybody = coupon_with(aurora, "A1", "A2", "A3", "A4"), people(aurora)

    handed = at_once(*((aurora, coupon_id, [one], uuid4()) for one in everybody))

    given = [code.code for one in handed for code in one.given.values()]
    assert sorted(given) == ["A1", "A2", "A3", "A4"]
    refused = [reason for one in handed for reason in one.refused.values()]
    assert refused == [NO_CODE_LEFT] * (PEOPLE - 4)


def test_a_member_gets_no_more_than_the_coupon_allows(aurora: int) -> None:
    coupon_id, alice = coupon_with(aurora, "A1", "A2", "A3"), people(aurora)[0]
    given, hold = threading.Event(), threading.Event()
    handed: list[Handed] = []

    def first() -> None:
        with shop_transaction(aurora) as session:
            handed.append(hand_out(session, aurora, coupon_id, [alice], uuid4()))
            given.set()
            assert hold.wait(30)

    def second() -> None:
        handed.append(give(aurora, coupon_id, [alice], uuid4()))

    threads = [threading.Thread(target=work) for work in (first, second)]
    threads[0].start()
    assert given.wait(30)
    threads[1].start()
    threads[1].join(timeout=5.0)
    hold.set()
    for thread in threads:
        thread.join(30)

    assert [one.fresh for one in handed] == [1, 0]
    assert handed[1].refused == {alice: HAD_IT}


def test_a_batch_that_is_sent_at_once_gives_once(aurora: int) -> None:
    coupon_id, everybody, batch = coupon_with(aurora, "A1", "A2"), people(aurora)[:2], uuid4()

    handed = at_once(*[(aurora, coupon_id, order, batch) for order in (everybody, everybody[::-1])])

    assert sorted(one.fresh for one in handed) == [0, 2]
    assert [set(one.given) for one in handed] == [set(everybody)] * 2
    with shop_transaction(aurora) as session:
        assert session.scalars(select(CouponCode.state)).all() == ["ready", "ready"]


def test_a_code_that_an_order_uses_just_now_is_given_to_nobody(aurora: int) -> None:
    coupon_id, alice = coupon_with(aurora, "A1", "A2"), people(aurora)[0]
    used, hold, handed = threading.Event(), threading.Event(), []

    def order() -> None:
        with shop_transaction(aurora) as session:
            note_uses(session, aurora, [OrderWithCodes(1, "#1", utc_now(), ("A1",))])
            used.set()
            assert hold.wait(30)

    def give_one() -> None:
        handed.append(give(aurora, coupon_id, [alice], uuid4()))

    threads = [threading.Thread(target=work) for work in (order, give_one)]
    threads[0].start()
    assert used.wait(30)
    threads[1].start()
    threads[1].join(timeout=5.0)
    hold.set()
    for thread in threads:
        thread.join(30)

    assert [code.code for code in handed[0].given.values()] == ["A2"]
    with shop_transaction(aurora) as session:
        states = session.execute(select(CouponCode.code, CouponCode.state)).all()
    assert sorted(tuple(row) for row in states) == [("A1", "used"), ("A2", "ready")]
