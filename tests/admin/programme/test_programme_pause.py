"""R168: the programme is paused and goes on, and what becomes of orders meanwhile is chosen."""

from loyalty.base.db import shop_transaction
from loyalty.programme.rules import get_programme
from loyalty.programme.tables import Programme, ProgrammePause
from tests.admin.cast import ShopAndClient
from tests.admin.programme.programme_cast import PROGRAMME, all_of, audited, place


def programme(shop: ShopAndClient) -> Programme:
    with shop_transaction(shop.shop_id) as session:
        return get_programme(session, shop.shop_id)


def test_settings_lead_to_the_programme_and_from_there_to_its_areas(aurora: ShopAndClient) -> None:
    assert f'href="{PROGRAMME}"' in aurora.get("/app/settings").text

    page = aurora.get(PROGRAMME).text

    assert 'aria-label="Programme"' in page and 'aria-current="page"' in page
    for area in (
        "rules",
        "rewards",
        "tiers",
        "expiry",
        "referrals",
        "promotions",
        "coupons",
        "badges",
        "locations",
    ):
        assert f'href="{PROGRAMME}/{area}"' in page
        assert aurora.get(f"{PROGRAMME}/{area}").status_code == 200


def test_a_pause_wants_to_know_what_becomes_of_orders(aurora: ShopAndClient) -> None:
    for mode in ("", "forget"):
        answer = aurora.post(f"{PROGRAMME}/pause", resume_mode=mode)
        assert answer.status_code == 422
        assert 'id="resume_mode-error"' in answer.text
    assert programme(aurora).paused_at is None
    assert audited(aurora, "programme_paused") == []


def test_the_programme_is_paused_once_and_goes_on_once(
    aurora: ShopAndClient, borealis: ShopAndClient
) -> None:
    for _ in range(2):
        assert place(aurora.post(f"{PROGRAMME}/pause", resume_mode="skip")) == PROGRAMME
    assert programme(aurora).paused_at is not None
    assert programme(borealis).paused_at is None
    page = aurora.get(PROGRAMME).text
    assert "The programme is paused" in page and 'value="skip" checked' in page

    for _ in range(2):
        assert place(aurora.post(f"{PROGRAMME}/resumption", resume_mode="catch_up")) == PROGRAMME

    assert programme(aurora).paused_at is None
    [pause] = all_of(aurora, ProgrammePause)
    assert pause.catches_up
    assert (
        len(audited(aurora, "programme_paused")) == len(audited(aurora, "programme_resumed")) == 1
    )
