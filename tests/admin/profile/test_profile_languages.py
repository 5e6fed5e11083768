"""R169: the profile, its refusals and its toasts in the language of the person looking."""

import json
from uuid import UUID

import pytest

from shopify_app.admin.languages import HEADER
from tests.admin.cast import ShopAndClient
from tests.admin.profile.test_adjustments import GRANT
from tests.admin.profile.test_profile import order
from tests.admin.profile.test_rewards import have_reward


@pytest.mark.parametrize(
    ("language", "last", "not_yet"),
    [
        ("es", "Última transacción", "Todavía no"),
        ("fr", "Dernière transaction", "Pas encore"),
        ("de", "Letzte Transaktion", "Noch nicht"),
        ("ar", "آخر حركة", "ليس بعد"),
    ],
)
def test_the_overview_speaks_the_language_of_the_person_looking(
    aurora: ShopAndClient, alice: UUID, language: str, last: str, not_yet: str
) -> None:
    page = aurora.get(f"/app/members/{alice}?locale={language}").text

    assert last in page and not_yet in page
    assert "Last transaction" not in page and "Not yet<" not in page


def test_a_refusal_of_the_books_is_said_in_the_language_of_the_page(
    aurora: ShopAndClient, alice: UUID
) -> None:
    answer = aurora.client.post(
        f"/app/members/{alice}/adjustments",
        data={**GRANT, "points": "2000000"},
        headers={**aurora.bearer(), HEADER: "de"},
    )

    assert answer.status_code == 422
    assert "Geben Sie höchstens 1,000,000 Punkte ein" in answer.text


@pytest.mark.parametrize(
    ("points", "told"), [("1", "أُضيفت نقطة واحدة"), ("2", "أُضيفت نقطتان"), ("-3", "خُصمت 3 نقاط")]
)
def test_a_toast_counts_as_the_language_does(
    aurora: ShopAndClient, alice: UUID, points: str, told: str
) -> None:
    aurora.post(f"/app/members/{alice}/adjustments", **GRANT)

    answer = aurora.client.post(
        f"/app/members/{alice}/adjustments",
        data={**GRANT, "points": points, "client_key": f"another-{points}"},
        headers={**aurora.bearer(), HEADER: "ar"},
    )

    assert json.loads(answer.headers["HX-Trigger"])["encore:toast"]["message"] == told


def test_the_timeline_and_the_transactions_speak_the_language(
    aurora: ShopAndClient, alice: UUID
) -> None:
    aurora.post(f"/app/members/{alice}/adjustments", **GRANT)

    timeline = aurora.get(f"/app/members/{alice}?tab=timeline&locale=fr").text
    transactions = aurora.get(f"/app/members/{alice}?tab=transactions&locale=de").text

    assert "Points ajoutés" in timeline and "Motif : " in timeline
    assert "Points added" not in timeline and "Reason:" not in timeline
    assert "Von Hand vergeben: " in transactions and "Granted by hand" not in transactions


def test_why_a_reward_cannot_be_had_is_said_in_the_language(
    aurora: ShopAndClient, alice: UUID
) -> None:
    have_reward(aurora, "Weekend", 90_000)

    page = aurora.get(f"/app/members/{alice}?locale=es").text

    assert "Faltan 90,000 puntos" in page and "are missing" not in page


def test_why_an_order_has_its_points_is_said_in_the_language(
    aurora: ShopAndClient, alice: UUID
) -> None:
    order(aurora, alice, 7, 1_250)

    told = aurora.get(f"/app/members/{alice}/orders/7/points?locale=fr").text

    assert "€12.50 × 1 par unité = 12.5" in told
    assert "Au total, arrondi à l’inférieur : 12 points" in told


def test_a_refused_tier_by_hand_is_said_in_the_language(aurora: ShopAndClient, alice: UUID) -> None:
    answer = aurora.client.post(
        f"/app/members/{alice}/tier",
        data={"mode": "lock", "tier": "", "tier_reason": "", "until": "soon"},
        headers={**aurora.bearer(), HEADER: "fr"},
    )

    assert answer.status_code == 422
    assert "Saisissez un jour, par exemple 2027-01-31" in answer.text
