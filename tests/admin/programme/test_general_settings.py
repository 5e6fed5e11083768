"""R168: how orders earn, who joins and where the shop can be followed are set on one page."""

import pytest
from werkzeug.test import TestResponse

from loyalty.actions.tables import FollowLink
from loyalty.base.db import shop_transaction
from loyalty.programme.rules import get_programme
from loyalty.programme.tables import Programme
from tests.admin.cast import ShopAndClient
from tests.admin.forms import fields_of
from tests.admin.programme.programme_cast import PROGRAMME, all_of, audited, place

GENERAL = f"{PROGRAMME}/general"
_AS_IT_IS = {
    "hold_days": "0",
    "claim_days": "30",
    "guest_claim_days": "90",
    "money_refunds": "prorate",
    "enrolment": "everyone",
    "has_join_page": "1",
}


def programme(shop: ShopAndClient) -> Programme:
    with shop_transaction(shop.shop_id) as session:
        return get_programme(session, shop.shop_id)


def save(shop: ShopAndClient, **typed: str) -> TestResponse:
    return shop.post(GENERAL, **(_AS_IT_IS | typed))


def test_all_of_it_is_saved_and_audited(aurora: ShopAndClient, borealis: ShopAndClient) -> None:
    answer = save(
        aurora,
        hold_days="14",
        counts_tax="1",
        money_refunds="ignore",
        enrolment="joiners",
        terms_url="https://aurora.example/terms",
    )

    assert place(answer) == GENERAL
    now, other = programme(aurora), programme(borealis)
    assert (now.hold_days, now.counts_tax, now.counts_shipping) == (14, True, False)
    assert (now.money_refunds, now.enrolment) == ("ignore", "joiners")
    assert (now.has_join_page, now.terms_url) == (True, "https://aurora.example/terms")
    assert (other.hold_days, other.enrolment) == (0, "everyone")
    for action in ("earning_changed", "enrolment_set", "join_page_set"):
        assert len(audited(aurora, action)) == 1


def test_a_box_that_is_not_ticked_switches_off(aurora: ShopAndClient) -> None:
    save(aurora, has_join_page="")

    assert not programme(aurora).has_join_page


def test_what_is_saved_untouched_changes_nothing(aurora: ShopAndClient) -> None:
    save(aurora, hold_days="14", counts_shipping="1", x="https://x.com/aurora")
    fields = dict(fields_of(aurora.get(GENERAL).text, "general-form"))

    answer = aurora.post(GENERAL, **fields)

    assert "Nothing was changed" in answer.headers["HX-Trigger"]
    assert len(audited(aurora, "earning_changed")) == 1


def test_a_link_to_follow_is_set_and_taken_off(aurora: ShopAndClient) -> None:
    save(aurora, instagram="https://instagram.com/aurora", x="https://x.com/aurora")
    save(aurora, instagram="https://instagram.com/aurora")

    assert [link.url for link in all_of(aurora, FollowLink)] == ["https://instagram.com/aurora"]
    assert len(audited(aurora, "follow_link_set")) == 2
    assert len(audited(aurora, "follow_link_removed")) == 1


@pytest.mark.parametrize(
    ("typed", "field", "reason"),
    [
        ({"hold_days": "soon"}, "hold_days", "Enter a whole number from 0 to 365"),
        ({"hold_days": "366"}, "hold_days", "Enter a whole number from 0 to 365"),
        ({"claim_days": ""}, "claim_days", "Enter a whole number from 0 to 365"),
        ({"guest_claim_days": "-1"}, "guest_claim_days", "Enter a whole number from 0 to 365"),
        ({"money_refunds": "maybe"}, "money_refunds", "Choose one"),
        ({"enrolment": "nobody"}, "enrolment", "Choose one"),
        ({"terms_url": "http://aurora.example"}, "terms_url", "Enter an address such as https"),
        (
            {"x": "https://elsewhere.example/x"},
            "x",
            "Enter the https address of your page on x.com",
        ),
    ],
)
def test_what_is_wrong_stands_beside_its_field_and_nothing_is_saved(
    aurora: ShopAndClient, typed: dict[str, str], field: str, reason: str
) -> None:
    answer = save(aurora, **({"counts_tax": "1", "facebook": "https://fb.com/aurora"} | typed))

    assert answer.status_code == 422
    assert f'id="{field}-error"' in answer.text and reason in answer.text
    # Of a choice that there is not, nothing can stay chosen.
    assert dict(fields_of(answer.text, "general-form")).get(field, "") in (*typed.values(), "")
    assert not programme(aurora).counts_tax
    assert all_of(aurora, FollowLink) == []
