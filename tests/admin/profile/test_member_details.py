"""R44–R46: details changed here, with each field's source; news of Shopify leave them alone."""

from datetime import date, timedelta
from uuid import UUID

import pytest

from loyalty.base.db import shop_transaction
from loyalty.members.enrolment import record_customer
from loyalty.members.tables import Customer, Member
from loyalty.shops.directory import get_shop
from tests.admin.cast import ShopAndClient
from tests.admin.forms import fields_of
from tests.factories.facts import NOON, a_customer

AS_IT_STANDS = {
    "detail_first_name": "Alice",
    "detail_last_name": "Archer",
    "detail_email": "alice@example.com",
    "detail_phone": "",
}


@pytest.fixture
def path(alice: UUID) -> str:
    """Alice's page."""
    return f"/app/members/{alice}"


def told_by_shopify(shop: ShopAndClient, member: UUID, **details: str) -> None:
    """What a later webhook of Shopify says of the member's customer."""
    later = NOON + timedelta(days=1)
    with shop_transaction(shop.shop_id) as session:
        customer = session.query(Customer).filter_by(member_id=member).one()
        facts = a_customer(customer.customer_id, updated_at=later, **details)
        found = get_shop(session, shop.shop_id)
        record_customer(session, found, facts, now=later, is_backfill=False)


def details_of(shop: ShopAndClient, member: UUID) -> tuple[str | None, str | None, str | None]:
    """First name, last name and email as the database has them."""
    with shop_transaction(shop.shop_id) as session:
        found = session.get_one(Member, (shop.shop_id, member))
        return found.first_name, found.last_name, found.email


def test_what_is_changed_here_stays_and_the_rest_follows_shopify(
    aurora: ShopAndClient, alice: UUID, path: str
) -> None:
    answer = aurora.post(f"{path}/details", **(AS_IT_STANDS | {"detail_first_name": "Alicia"}))
    told_by_shopify(aurora, alice, first_name="Alice", last_name="Ashe", email="alice@example.com")

    assert answer.status_code == 204
    assert details_of(aurora, alice)[:2] == ("Alicia", "Ashe")
    name = aurora.get(path).text.split("<dt>Name</dt>")[1].split("</div>")[0]
    assert "First name: Changed in Encore" in name and "Last name" not in name


def test_what_came_while_the_form_was_open_is_not_typed_over(
    aurora: ShopAndClient, alice: UUID, path: str
) -> None:
    # given a form that was opened before Shopify told of another last name, and Alice her birthday
    fields = dict(fields_of(aurora.get(path).text, "details-form"))
    told_by_shopify(aurora, alice, first_name="Alice", last_name="Ashe", email="alice@example.com")
    with shop_transaction(aurora.shop_id) as session:
        session.get_one(Member, (aurora.shop_id, alice)).birthday_on = date(2000, 5, 4)
    # when
    aurora.post(f"{path}/details", **(fields | {"detail_first_name": "Alicia"}))
    # then
    assert details_of(aurora, alice)[:2] == ("Alicia", "Ashe")
    with shop_transaction(aurora.shop_id) as session:
        found = session.get_one(Member, (aurora.shop_id, alice))
        assert found.birthday_on == date(2000, 5, 4)
        assert [name for name, source in found.sources.items() if source == "local"] == [
            "first_name"
        ]


def test_a_field_is_given_back_to_shopify(aurora: ShopAndClient, alice: UUID, path: str) -> None:
    aurora.post(f"{path}/details", **(AS_IT_STANDS | {"detail_first_name": "Alicia"}))
    offered = aurora.get(path).text

    answer = aurora.post(f"{path}/details/shopify", field="first_name")

    assert "Take first name from Shopify again" in offered
    assert answer.status_code == 204
    assert details_of(aurora, alice)[0] == "Alice"
    assert "Changed in Encore" not in aurora.get(path).text


@pytest.mark.parametrize(
    ("name", "typed"),
    [
        ("first_name", "<b>Al</b>"),
        ("last_name", "x" * 121),
        ("email", "alice"),
        ("email", "+34600000000"),
        ("phone", "12"),
        ("phone", "alice@example.com"),
    ],
)
def test_bad_input_is_told_beside_its_field_and_keeps_what_was_typed(
    aurora: ShopAndClient, alice: UUID, path: str, name: str, typed: str
) -> None:
    sent = AS_IT_STANDS | {"detail_first_name": "Alicia"} | {f"detail_{name}": typed}

    answer = aurora.post(f"{path}/details", **sent)

    assert answer.status_code == 422
    assert f'id="detail_{name}-error"' in answer.text
    assert name == "first_name" or 'value="Alicia"' in answer.text
    assert details_of(aurora, alice) == ("Alice", "Archer", "alice@example.com")


def test_member_of_another_shop_is_not_found(
    aurora: ShopAndClient, borealis: ShopAndClient, bob: UUID
) -> None:
    changed = aurora.post(f"/app/members/{bob}/details", **AS_IT_STANDS)
    followed = aurora.post(f"/app/members/{bob}/details/shopify", field="email")

    assert (changed.status_code, followed.status_code) == (404, 404)
    assert details_of(borealis, bob)[0] == "Bob"


def birthday_of(shop: ShopAndClient, member: UUID) -> tuple[int, int] | None:
    """Month and day as the database has them."""
    with shop_transaction(shop.shop_id) as session:
        on = session.get_one(Member, (shop.shop_id, member)).birthday_on
        return (on.month, on.day) if on else None


def test_a_birthday_is_given_and_taken_away(aurora: ShopAndClient, alice: UUID, path: str) -> None:
    given = {"detail_birthday_month": "5", "detail_birthday_day": "20"}

    aurora.post(f"{path}/details", **(AS_IT_STANDS | given))
    page, after = aurora.get(path).text, birthday_of(aurora, alice)
    aurora.post(f"{path}/details", **AS_IT_STANDS)

    assert after == (5, 20)
    assert "May 20" in page and '<option value="5" selected>May</option>' in page
    assert birthday_of(aurora, alice) is None


@pytest.mark.parametrize(
    ("month", "day", "field", "reason"),
    [
        ("", "20", "month", "Choose a month"),
        ("5", "", "day", "Choose a day"),
        ("2", "30", "day", "This month has no such day"),
        ("5", "soon", "day", "Enter the number of a day, such as 20"),
    ],
)
def test_a_day_that_no_year_has_is_refused_and_keeps_what_was_typed(
    aurora: ShopAndClient, alice: UUID, path: str, month: str, day: str, field: str, reason: str
) -> None:
    typed = {"detail_birthday_month": month, "detail_birthday_day": day}

    answer = aurora.post(f"{path}/details", **(AS_IT_STANDS | typed | {"detail_first_name": "Al"}))

    assert answer.status_code == 422
    assert f'id="detail_birthday_{field}-error"' in answer.text and reason in answer.text
    assert f'value="{day}"' in answer.text
    assert birthday_of(aurora, alice) is None and details_of(aurora, alice)[0] == "Alice"
