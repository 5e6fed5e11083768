"""What the customer's page shows of bringing friends: the own link, and what came of it.

The invariant: it names none of the friends, and says nothing of what they bought.
"""

from dataclasses import dataclass
from urllib.parse import quote
from uuid import UUID

from babel.numbers import format_decimal
from sqlalchemy.orm import Session

from loyalty.base.clock import utc_now
from loyalty.programme.rules import get_programme
from loyalty.referrals.rules import find_referral_rule
from loyalty.referrals.views import read_referrals
from loyalty.shops.directory import get_shop
from wallet.card_links import referral_url
from wallet.content import locale_of


@dataclass(frozen=True, slots=True)
class Bringing:
    """The own link, an address that writes an email with it, what a friend brings, and what came
    of it so far: friends who bought, and points, in the shop's language. None stands for nothing.
    """

    url: str
    mail_url: str
    reward: str | None
    succeeded: str | None
    earned: str | None


def read_panel(session: Session, shop_id: int, member_id: UUID) -> Bringing | None:
    """The panel of an active member; None while the shop has no referrals."""
    shop = get_shop(session, shop_id)
    found = read_referrals(session, shop, member_id)
    if found is None:
        return None
    programme, locale = get_programme(session, shop_id), locale_of(shop.locale)
    rule = find_referral_rule(session, shop, at=utc_now())
    is_paying = rule is not None and programme.paused_at is None

    def points(number: int) -> str:
        return f"{format_decimal(number, locale=locale)} {programme.points_name}"

    url = referral_url(shop_id, member_id)
    return Bringing(
        url=url,
        mail_url=f"mailto:?subject={quote(shop.name)}&body={quote(url)}",
        reward=points(rule.advocate_points) if rule is not None and is_paying else None,
        succeeded=format_decimal(found.succeeded, locale=locale) if found.succeeded else None,
        earned=points(found.points) if found.points > 0 else None,
    )
