"""An email as nobody gets it: of a member who does not exist, with links that lead nowhere."""

from collections.abc import Collection
from datetime import timedelta
from typing import Any

from sqlalchemy.orm import Session

from loyalty.base.clock import today_in
from loyalty.programme.rules import get_programme
from loyalty.shops.tables import Shop
from loyalty.tiers.ladder import load_ladder
from mailing.catalogue import check_language, get_mail
from mailing.facts import Facts
from mailing.look_store import load_look
from mailing.looks import Look
from mailing.wording import Draft
from mailing.writing import Links, Words, write

FIRST_NAME, LAST_NAME, BALANCE = "Alex", "Martin", 1250
NOWHERE = "https://example.com/"
"""A name that is reserved for examples: it never leads to anybody."""

_CODE = "ABC-123-DEF"
_NAMES = {
    "en": "Free coffee",
    "es": "Café gratis",
    "fr": "Café offert",
    "de": "Gratis-Kaffee",
    "ar": "قهوة مجانية",
}
_PROMOTIONS = {
    "en": "Double points",
    "es": "Puntos dobles",
    "fr": "Points doublés",
    "de": "Doppelte Punkte",
    "ar": "نقاط مضاعفة",
}


def render(
    session: Session,
    shop: Shop,
    mail: str,
    language: str,
    draft: Draft,
    look: Look | None = None,
    *,
    lacks: Collection[str] = (),
) -> Words:
    """The email that `draft` makes, in the shop's colours unless others are given.

    `lacks`: what the example is without, such as the code of a campaign that has no coupon.
    Raises BadTemplate, with the place, and UnknownMail.
    """
    check_language(language)
    programme = get_programme(session, shop.shop_id)
    rungs = load_ladder(session, shop.shop_id).rungs if programme.tiers_on else ()
    facts = Facts(
        shop=shop.name,
        reply_to=shop.email,
        programme=programme.name,
        points_name=programme.points_name,
        balance=BALANCE,
        first_name=FIRST_NAME,
        last_name=LAST_NAME,
        tier=rungs[-1].name if rungs else None,
        language=language,
        shop_locale=shop.locale,
    )
    links = Links(NOWHERE, NOWHERE, NOWHERE, NOWHERE, NOWHERE)
    look = look or load_look(session, shop.shop_id)
    body = {key: value for key, value in _body(shop, language).items() if key not in lacks}
    return write(get_mail(mail), draft, facts, body, links, look)


def _body(shop: Shop, language: str) -> dict[str, Any]:
    """Something for every field of every email."""
    soon = (today_in(shop.timezone) + timedelta(days=30)).isoformat()
    worth = {"kind": "fixed_amount", "amount_minor": 500, "minimum_minor": 3000}
    return {
        "points": 250,
        "cost": 1000,
        "last_valid_on": soon,
        "valid_until": soon,
        "erases_on": soon,
        "gathered_on": soon,
        "reward": _NAMES[language],
        "coupon": _NAMES[language],
        "code": _CODE,
        "bonus_points": 50,
        "promotion": _PROMOTIONS[language],
        "promotion_until": soon,
        "worth": worth | {"currency": shop.currency},
    }
