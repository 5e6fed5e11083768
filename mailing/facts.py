"""What any email may say of its member and shop, as it stood when it was read."""

from dataclasses import dataclass

from sqlalchemy.orm import Session

from loyalty.members.tables import Member, MemberBalance
from loyalty.programme.rules import get_programme
from loyalty.shops.directory import get_shop
from loyalty.tiers.views import list_tiers_of
from mailing.languages import language_of


@dataclass(frozen=True, slots=True)
class Facts:
    """Plain values; `balance` in points. `shop_locale`: how the shop writes numbers and days."""

    shop: str
    reply_to: str | None
    programme: str
    points_name: str
    balance: int
    first_name: str | None
    last_name: str | None = None
    tier: str | None = None
    language: str = "en"
    shop_locale: str = "en"


def read_facts(session: Session, member: Member) -> Facts:
    """What an email to `member` may say now."""
    shop, programme = get_shop(session, member.shop_id), get_programme(session, member.shop_id)
    balance = session.get(MemberBalance, (member.shop_id, member.id))
    rung = list_tiers_of(session, member.shop_id, [member.id]).get(member.id)
    return Facts(
        shop=shop.name,
        reply_to=shop.email,
        programme=programme.name,
        points_name=programme.points_name,
        balance=balance.available if balance else 0,
        first_name=member.first_name,
        last_name=member.last_name,
        tier=rung.name if rung else None,
        language=language_of(session, member, shop.locale),
        shop_locale=shop.locale,
    )
