"""R168: when points expire is chosen, and what becomes of a balance below zero."""

from uuid import UUID

import pytest
from werkzeug.test import TestResponse

from loyalty import automatic_emails
from loyalty.audit import SYSTEM
from loyalty.base.clock import utc_now
from loyalty.base.db import shop_transaction
from loyalty.programme.rules import get_programme
from loyalty.programme.tables import Programme
from tests.admin.cast import ShopAndClient
from tests.admin.forms import fields_of
from tests.admin.programme.programme_cast import PROGRAMME, audited, place
from tests.admin.segments.segment_cast import give_points

EXPIRY = f"{PROGRAMME}/expiry"


def programme(shop: ShopAndClient) -> Programme:
    with shop_transaction(shop.shop_id) as session:
        return get_programme(session, shop.shop_id)


def save(shop: ShopAndClient, **typed: str) -> TestResponse:
    return shop.post(EXPIRY, **({"mode": "never", "negative_balance": "allow"} | typed))


@pytest.mark.parametrize(
    ("mode", "days", "months"),
    [("days", 365, None), ("months", None, 12), ("inactivity", 180, None), ("never", None, None)],
)
def test_each_way_is_saved_with_its_own_number_alone(
    aurora: ShopAndClient, borealis: ShopAndClient, mode: str, days: int | None, months: int | None
) -> None:
    save(aurora, mode="days", days="30")
    typed = {"days": str(days or 7), "months": str(months or 7)}

    assert place(save(aurora, mode=mode, **typed)) == EXPIRY

    now = programme(aurora)
    assert (now.expiry_mode, now.expiry_days, now.expiry_months) == (mode, days, months)
    assert f'value="{mode}" checked' in aurora.get(EXPIRY).text
    assert programme(borealis).expiry_mode == "never"
    assert len(audited(aurora, "expiry_set")) == 2


def test_what_is_saved_untouched_changes_nothing(aurora: ShopAndClient) -> None:
    save(aurora, mode="months", months="12", negative_balance="clamp")
    fields = dict(fields_of(aurora.get(EXPIRY).text, "expiry-form"))

    answer = aurora.post(EXPIRY, **fields)

    assert "Nothing was changed" in answer.headers["HX-Trigger"]
    assert programme(aurora).negative_balance == "clamp"
    assert len(audited(aurora, "expiry_set")) == len(audited(aurora, "negative_balance_set")) == 1


@pytest.mark.parametrize(
    ("typed", "field"),
    [
        ({"mode": ""}, "mode"),
        ({"mode": "moon"}, "mode"),
        ({"mode": "days", "days": ""}, "days"),
        ({"mode": "days", "days": "0"}, "days"),
        ({"mode": "inactivity", "days": "a year"}, "days"),
        ({"mode": "months", "months": "121"}, "months"),
        ({"mode": "days", "days": "30", "negative_balance": "forget"}, "negative_balance"),
    ],
)
def test_what_is_wrong_stands_beside_its_field_and_nothing_is_saved(
    aurora: ShopAndClient, typed: dict[str, str], field: str
) -> None:
    answer = save(aurora, **typed)

    assert answer.status_code == 422
    assert f'id="{field}-error"' in answer.text
    for name in ("days", "months"):
        assert dict(fields_of(answer.text, "expiry-form"))[name] == typed.get(name, "")
    assert programme(aurora).expiry_mode == "never"
    assert audited(aurora, "expiry_set") == []


def test_members_are_warned_and_the_page_says_when(aurora: ShopAndClient) -> None:
    assert "30 and 7 days before" in aurora.get(EXPIRY).text


def test_to_how_many_a_change_is_told_stands_there_before_it_is_saved(
    aurora: ShopAndClient, borealis: ShopAndClient, alice: UUID, sends_emails: None
) -> None:
    aurora.enrol("Bob", "Without Points", "bob@example.com")
    aurora.enrol("Carol", "Without Address", None)
    give_points(aurora, alice, 100)

    assert f'hx-get="{EXPIRY}/reach"' in aurora.get(EXPIRY).text
    assert "reach <strong>1 of 1 member</strong>" in aurora.get(f"{EXPIRY}/reach").text
    assert "reach <strong>0 of 0 members</strong>" in borealis.get(f"{EXPIRY}/reach").text

    with shop_transaction(aurora.shop_id) as session:
        automatic_emails.switch(
            session, aurora.shop_id, "expiry_warning", False, actor=SYSTEM, now=utc_now()
        )
    assert "nobody is told" in aurora.get(f"{EXPIRY}/reach").text
