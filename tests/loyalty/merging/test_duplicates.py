"""Who may be one person: the same email, or the same phone number where the emails differ."""

from datetime import timedelta

from sqlalchemy.orm import Session

from loyalty.base.db import enter_shop
from loyalty.base.ids import new_id
from loyalty.members.tables import Member
from loyalty.merging.duplicates import SHOWN_MAX, Duplicates, list_duplicates
from loyalty.queries.paging import encode
from loyalty.shops.tables import Shop
from tests.factories.facts import NOON
from tests.loyalty.conftest import install_shop


def one(
    session: Session,
    shop: Shop,
    age: int,
    email: str = "",
    phone: str | None = None,
    state: str = "active",
) -> Member:
    """A member of so many days."""
    joined_at = NOON - timedelta(days=age)
    member = Member(shop_id=shop.shop_id, id=new_id(), state=state, joined_at=joined_at)
    member.email_norm, member.phone = email, phone
    member.sources, member.enrolled_by = {}, "staff"
    session.add(member)
    session.flush()
    return member


def found(session: Session, shop: Shop) -> list[Duplicates]:
    """All of them, batch by batch."""
    rows: list[Duplicates] = []
    after: str | None = None
    while True:
        batch = list_duplicates(session, shop.shop_id, limit=2, after=after)
        assert len(batch.rows) <= 2
        rows += batch.rows
        if batch.next is None:
            return rows
        after = batch.next


def test_batches_go_through_emails_and_then_through_phone_numbers(
    session: Session, aurora: Shop
) -> None:
    for number in range(3):
        for age in (1, 2):
            one(session, aurora, age, f"{number}@example.com")
            one(session, aurora, age, f"{number}{age}@example.com", f"+3460000000{number}")

    values = [(pair.by, pair.value) for pair in found(session, aurora)]

    assert values == [
        *(("email", f"{number}@example.com") for number in range(3)),
        *(("phone", f"+3460000000{number}") for number in range(3)),
    ]


def test_the_oldest_who_is_active_stays(session: Session, aurora: Shop) -> None:
    gone = one(session, aurora, 9, "a@example.com", state="archived")
    young, old = (one(session, aurora, age, "a@example.com") for age in (1, 5))
    one(session, aurora, 7, "a@example.com", state="merged")

    [pair] = found(session, aurora)

    assert pair.oldest is old and list(pair.others) == [young, gone]


def test_who_shares_the_email_as_well_stands_there_once(session: Session, aurora: Shop) -> None:
    for age in (1, 2):
        one(session, aurora, age, "a@example.com", "+34600000001")
        one(session, aurora, age, "", "+34600000002")

    assert [pair.value for pair in found(session, aurora)] == ["a@example.com", "+34600000002"]


def test_a_number_of_many_shows_some_of_them(session: Session, aurora: Shop) -> None:
    for age in range(SHOWN_MAX + 5):
        one(session, aurora, age, f"{age}@example.com", "+34600000000")

    [pair] = found(session, aurora)

    assert len(pair.others) == SHOWN_MAX - 1
    assert pair.oldest.joined_at == NOON - timedelta(days=SHOWN_MAX + 4)


def test_a_forged_cursor_shows_the_first_batch(session: Session, aurora: Shop) -> None:
    for age in (1, 2):
        one(session, aurora, age, "a@example.com")

    for forged in ("nonsense", encode("email", "a\0b"), encode("shoe", "a")):
        batch = list_duplicates(session, aurora.shop_id, limit=5, after=forged)
        assert [pair.value for pair in batch.rows] == ["a@example.com"]


def test_another_shops_members_are_nobodys_double(session: Session, aurora: Shop) -> None:
    one(session, aurora, 1, "a@example.com")
    borealis = install_shop(session, "borealis", currency="EUR", timezone="Europe/Madrid")
    one(session, borealis, 1, "a@example.com")
    enter_shop(session, aurora.shop_id)

    assert found(session, aurora) == []
