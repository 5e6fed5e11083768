"""Settings, Till: limits of users and places, and managers whose PIN nobody reads again."""

from collections.abc import Iterator

import pytest

from loyalty.base.db import shop_transaction
from loyalty.programme.tables import Programme
from loyalty.shops.locations import LocationFacts, record_location
from loyalty.till.limits import read_limits
from loyalty.till.managers import find_by_pin
from loyalty.till.tables import TillAllowance, TillLimit, TillManager
from tests.admin.cast import ShopAndClient
from tests.admin.programme.programme_cast import all_of, audited, place
from tests.factories.facts import NOON
from wallet import setup
from wallet.setup import WalletSettings

_PAGE = "/app/settings/till"
PIN = "270491"


@pytest.fixture(autouse=True)
def wallet() -> Iterator[None]:
    before = setup._settings
    setup.configure(WalletSettings("https://encore.example", b"l" * 32, apple=None))
    yield
    setup._settings = before


def open_place(shop: ShopAndClient, location_id: int = 7, name: str = "Gran Via") -> None:
    with shop_transaction(shop.shop_id) as session:
        facts = LocationFacts(location_id, name, True, {}, None, None, NOON)
        record_location(session, shop.shop_id, facts)


def test_settings_lead_to_the_till(aurora: ShopAndClient) -> None:
    assert f'href="{_PAGE}"' in aurora.get("/app/settings").text


def test_what_counts_for_everybody_is_shown_and_saved(aurora: ShopAndClient) -> None:
    answer = aurora.post(
        f"{_PAGE}/day", grant_per_day="700", velocity_per_member="4", velocity_per_user="30"
    )

    assert place(answer) == _PAGE
    [programme] = all_of(aurora, Programme)
    assert programme.till_grant_cap_per_day == 700
    assert (programme.velocity_per_member, programme.velocity_per_user) == (4, 30)
    assert 'value="700"' in aurora.get(_PAGE).text
    assert len(audited(aurora, "till_cap_set")) == 1


@pytest.mark.parametrize(
    ("name", "text"),
    [("grant_per_day", ""), ("grant_per_day", "-1"), ("grant_per_day", "lots"),
     ("grant_per_day", str(10**10)), ("velocity_per_member", "0"), ("velocity_per_user", "1.5")],
)  # fmt: skip
def test_a_number_that_cannot_be_stands_beside_its_field_and_saves_nothing(
    aurora: ShopAndClient, name: str, text: str
) -> None:
    typed = {"grant_per_day": "70", "velocity_per_member": "4", "velocity_per_user": "30"}

    answer = aurora.post(f"{_PAGE}/day", **(typed | {name: text}))

    assert answer.status_code == 422 and f'id="{name}-error"' in answer.text
    assert f'value="{text}"' in answer.text
    [programme] = all_of(aurora, Programme)
    assert programme.till_grant_cap_per_day != 70
    assert audited(aurora, "till_cap_set") == []


def test_a_user_at_a_place_gets_a_limit_that_can_be_removed(aurora: ShopAndClient) -> None:
    open_place(aurora)

    answer = aurora.post(f"{_PAGE}/limits", user="9", location="7", grant="50", redeem="")

    assert place(answer) == _PAGE
    page = aurora.get(_PAGE).text
    assert "Staff member 9" in page and "Gran Via" in page
    with shop_transaction(aurora.shop_id) as session:
        assert read_limits(session, aurora.shop_id, 9, 7).grant == 50
    assert place(aurora.post(f"{_PAGE}/limits/9/7/remove")) == _PAGE
    assert all_of(aurora, TillLimit) == []
    assert aurora.post(f"{_PAGE}/limits/9/7/remove").status_code == 404


def test_who_used_the_till_is_offered(aurora: ShopAndClient) -> None:
    with shop_transaction(aurora.shop_id) as session:
        session.add(TillAllowance(shop_id=aurora.shop_id, user_id=8, day_on=NOON.date()))

    assert '<option value="8">Staff member 8</option>' in aurora.get(_PAGE).text


@pytest.mark.parametrize(
    ("field", "typed"),
    [("grant", {}), ("grant", {"grant": "some"}), ("redeem", {"redeem": str(10**12)}),
     ("user", {"user": "Dana", "grant": "1"}), ("location", {"location": "8", "grant": "1"})],
)  # fmt: skip
def test_a_limit_that_cannot_be_is_refused_with_what_was_typed(
    aurora: ShopAndClient, borealis: ShopAndClient, field: str, typed: dict[str, str]
) -> None:
    open_place(borealis, 8, "Elsewhere")

    answer = aurora.post(f"{_PAGE}/limits", **typed)

    assert answer.status_code == 422 and f'id="{field}-error"' in answer.text
    assert "Elsewhere" not in answer.text
    if field != "location" and typed.get(field):
        assert f'value="{typed[field]}"' in answer.text
    assert all_of(aurora, TillLimit) == []


def test_a_manager_gets_a_pin_that_is_shown_nowhere(aurora: ShopAndClient) -> None:
    answer = aurora.post(f"{_PAGE}/managers", name="Mia", pin=PIN)

    assert place(answer) == _PAGE
    page = aurora.get(_PAGE).text
    assert "Mia" in page and PIN not in page
    with shop_transaction(aurora.shop_id) as session:
        secret = setup.current().link_secret
        found = find_by_pin(session, aurora.shop_id, PIN, secret=secret)
        assert found is not None and found.name == "Mia"
    [row] = audited(aurora, "till_manager_pin_set")
    assert PIN not in str(row.details)


@pytest.mark.parametrize(
    ("name", "pin", "field"),
    [("", PIN, "name"), ("Mia", "123", "pin"), ("Mia", "111111", "pin"), ("Mia", "", "pin")],
)
def test_a_refused_pin_does_not_come_back(
    aurora: ShopAndClient, name: str, pin: str, field: str
) -> None:
    answer = aurora.post(f"{_PAGE}/managers", name=name, pin=pin)

    assert answer.status_code == 422 and f'id="{field}-error"' in answer.text
    assert f'value="{name}"' in answer.text
    assert not pin or pin not in answer.text
    assert all_of(aurora, TillManager) == []


def test_a_removed_manager_vouches_for_nothing(aurora: ShopAndClient) -> None:
    aurora.post(f"{_PAGE}/managers", name="Mia", pin=PIN)
    [row] = all_of(aurora, TillManager)

    assert place(aurora.post(f"{_PAGE}/managers/{row.id}/remove")) == _PAGE

    assert all_of(aurora, TillManager) == []
    assert aurora.post(f"{_PAGE}/managers/{row.id}/remove").status_code == 404


def test_another_shops_managers_and_limits_are_not_found(
    aurora: ShopAndClient, borealis: ShopAndClient
) -> None:
    borealis.post(f"{_PAGE}/managers", name="Noa", pin=PIN)
    borealis.post(f"{_PAGE}/limits", user="9", grant="5")
    [row] = all_of(borealis, TillManager)

    assert aurora.post(f"{_PAGE}/managers/{row.id}/remove").status_code == 404
    assert aurora.post(f"{_PAGE}/limits/9/0/remove").status_code == 404
    assert "Noa" not in aurora.get(_PAGE).text
    assert len(all_of(borealis, TillManager)) == len(all_of(borealis, TillLimit)) == 1
