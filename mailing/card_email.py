""" "Here is your loyalty card": the words, as HTML from MJML and as text.

The MJML is compiled once, before anything of a member's is put in: what people typed is
escaped into finished HTML and can never become a tag.
"""

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from babel import Locale, UnknownLocaleError
from babel.numbers import format_decimal
from jinja2 import Environment, StrictUndefined, Template
from mjml import mjml2html
from sqlalchemy.orm import Session

from loyalty.members.tables import Member, MemberBalance
from loyalty.programme.rules import get_programme
from loyalty.shops.directory import get_shop
from mailing.setup import CardLinks

TEMPLATES = Path(__file__).parent / "templates"


@dataclass(frozen=True, slots=True)
class CardFacts:
    """What the email says, as it stood when it was read; `points` as the shop writes numbers."""

    shop: str
    reply_to: str | None
    programme: str
    points: str
    points_name: str
    first_name: str | None
    locale: str = "en"


@dataclass(frozen=True, slots=True)
class Words:
    """An email's subject and its two parts, which say the same."""

    subject: str
    html: str
    text: str


def read_facts(session: Session, member: Member) -> CardFacts:
    """What the card email of `member` says now."""
    shop, programme = get_shop(session, member.shop_id), get_programme(session, member.shop_id)
    balance = session.get(MemberBalance, (member.shop_id, member.id))
    return CardFacts(
        shop=shop.name,
        reply_to=shop.email,
        programme=programme.name,
        points=format_decimal(balance.available if balance else 0, locale=locale_of(shop.locale)),
        points_name=programme.points_name,
        first_name=member.first_name,
        locale=shop.locale,
    )


def render(facts: CardFacts, links: CardLinks, unsubscribe: str) -> Words:
    """The email about `facts`, with a button for each wallet that `links` can reach."""
    values = {
        "shop": facts.shop,
        "programme": facts.programme,
        "points": facts.points,
        "points_name": facts.points_name,
        "first_name": facts.first_name,
        "preheader": f"You have {facts.points} {facts.points_name}. Keep the card on your phone.",
        "page": links.page,
        "apple": links.apple,
        "google": links.google,
        "unsubscribe": unsubscribe,
    }
    return Words(
        subject=one_line(f"Here is your loyalty card of {facts.shop}"),
        html=_html().render(values),
        text=_text().render(values),
    )


@lru_cache(maxsize=1)
def _html() -> Template:
    compiled = mjml2html((TEMPLATES / "card.mjml").read_text())
    return Environment(autoescape=True, undefined=StrictUndefined).from_string(compiled)


@lru_cache(maxsize=1)
def _text() -> Template:
    source = (TEMPLATES / "card.txt").read_text()
    # Plain text: nothing to escape, and a reader must see the names as they are.
    plain = Environment(autoescape=False, undefined=StrictUndefined, keep_trailing_newline=True)
    return plain.from_string(source)


def one_line(text: str) -> str:
    """`text` as a header can hold it."""
    return " ".join(text.split())


def locale_of(name: str) -> Locale:
    """The shop's language as Shopify writes it (`pt-BR`), English if we cannot speak it."""
    try:
        return Locale.parse(name, sep="-")
    except (ValueError, UnknownLocaleError):
        return Locale("en")
