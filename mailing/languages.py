"""Which language a member is written to in: the one they shop in, else the shop's, else English."""

from babel import Locale, UnknownLocaleError
from sqlalchemy import select
from sqlalchemy.orm import Session

from loyalty.members.tables import Customer, Member
from mailing.catalogue import LANGUAGES

_ELSE = "en"


def language_of(session: Session, member: Member, shop_locale: str) -> str:
    """A language of ours. Of several customers the one who tells the details tells it, too."""
    told = session.scalar(
        select(Customer.locale)
        .where(
            Customer.shop_id == member.shop_id,
            Customer.member_id == member.id,
            Customer.locale.is_not(None),
        )
        .order_by(
            (Customer.customer_id == member.details_customer_id).desc(),
            Customer.shopify_updated_at.desc().nulls_last(),
            Customer.customer_id,
        )
        .limit(1)
    )
    return spoken(told) or spoken(shop_locale) or _ELSE


def spoken(locale: str | None) -> str | None:
    """The language of a locale such as `pt-BR`, if emails are written in it."""
    language = (locale or "").replace("_", "-").split("-")[0].lower()
    return language if language in LANGUAGES else None


def locale_in(language: str, shop_locale: str) -> Locale:
    """How numbers and days are written: the shop's way, if that is in the language at all."""
    return locale_of(shop_locale) if spoken(shop_locale) == language else Locale(language)


def locale_of(name: str) -> Locale:
    """The locale as Shopify writes it (`pt-BR`), English if we cannot speak it."""
    try:
        return Locale.parse(name, sep="-")
    except (ValueError, UnknownLocaleError):
        return Locale(_ELSE)
