"""R168, R159: badges are written with the rows of a rule, and switched; who has one keeps it."""

from typing import Any
from uuid import uuid4

import pytest

from loyalty.badges.tables import Badge
from tests.admin.cast import ShopAndClient
from tests.admin.forms import Fields, fields_of
from tests.admin.programme.programme_cast import PROGRAMME, all_of, audited, place, send

BADGES = f"{PROGRAMME}/badges"


def blank(shop: ShopAndClient, **typed: str) -> Fields:
    """The fields of a new badge's form after a person wrote into some."""
    fields = fields_of(shop.get(f"{BADGES}/new").text, "badge-form")
    given = {"name": "Ten <times>", "rule.0.value": "10"} | typed
    return [(name, value) for name, value in fields if name not in given] + list(given.items())


def own(shop: ShopAndClient) -> list[Any]:
    return [badge for badge in all_of(shop, Badge) if badge.code is None]


def add(shop: ShopAndClient) -> Badge:
    assert place(send(shop, BADGES, blank(shop))) == BADGES
    [found] = own(shop)
    assert isinstance(found, Badge)
    return found


def test_a_badge_is_written_in_rows_shown_and_saved_untouched(aurora: ShopAndClient) -> None:
    badge = add(aurora)

    assert badge.criteria["all"][0]["value"] == 10
    page = aurora.get(f"{BADGES}/{badge.id}").text
    assert 'value="Ten &lt;times&gt;"' in page
    assert place(send(aurora, f"{BADGES}/{badge.id}", fields_of(page, "badge-form"))) == BADGES
    assert [each.criteria for each in own(aurora)] == [badge.criteria]
    assert "Ten &lt;times&gt;" in aurora.get(BADGES).text
    assert len(audited(aurora, "badge_added")) == 1


def test_every_ready_made_badge_has_a_form_that_means_it(aurora: ShopAndClient) -> None:
    ready_made = {badge.id: badge.criteria for badge in all_of(aurora, Badge)}
    assert ready_made

    for badge_id in ready_made:
        page = aurora.get(f"{BADGES}/{badge_id}")
        assert page.status_code == 200 and "not known any more" not in page.text


@pytest.mark.parametrize(
    ("field", "text", "error"),
    [
        ("name", "", "name-error"),
        ("rule.0.value", "many", "rule-0-error"),
        ("rule.0.value", "", "rule-0-error"),
    ],
)
def test_what_is_wrong_stands_beside_its_field_with_what_was_typed(
    aurora: ShopAndClient, field: str, text: str, error: str
) -> None:
    answer = send(aurora, BADGES, blank(aurora, description="For friends", **{field: text}))

    assert answer.status_code == 422
    assert f'id="{error}"' in answer.text
    kept = fields_of(answer.text, "badge-form")
    assert (field, text) in kept and ("description", "For friends") in kept
    assert own(aurora) == []


def test_a_name_that_is_taken_is_refused_beside_it(aurora: ShopAndClient) -> None:
    add(aurora)

    answer = send(aurora, BADGES, blank(aurora, name="TEN <TIMES>"))

    assert answer.status_code == 422 and 'id="name-error"' in answer.text
    assert len(own(aurora)) == 1


def test_a_badge_is_switched_off_and_on(aurora: ShopAndClient) -> None:
    badge = add(aurora)
    for is_on in (False, True):
        answer = aurora.post(f"{BADGES}/{badge.id}/switch", is_active=str(int(is_on)))
        assert place(answer) == BADGES
        assert own(aurora)[0].is_active is is_on
    assert len(audited(aurora, "badge_switched")) == 2


def test_another_shops_badge_is_not_found(aurora: ShopAndClient, borealis: ShopAndClient) -> None:
    badge = add(borealis)
    fields = fields_of(borealis.get(f"{BADGES}/{badge.id}").text, "badge-form")

    for wanted in (badge.id, uuid4(), "none"):
        assert aurora.get(f"{BADGES}/{wanted}").status_code == 404
        assert send(aurora, f"{BADGES}/{wanted}", fields).status_code == 404
        assert aurora.post(f"{BADGES}/{wanted}/switch", is_active="0").status_code == 404
    assert own(borealis)[0].is_active
    assert "Ten &lt;" not in aurora.get(BADGES).text
