"""The words of the pages behind an email's links, one file a language, and in which they are shown.

Every language of the emails has one; a test holds that none lacks a word.
"""

import json
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any
from uuid import UUID

from babel import Locale
from sqlalchemy.orm import Session
from werkzeug.datastructures import LanguageAccept

from loyalty.members.tables import Member
from loyalty.shops.tables import Shop
from mailing.catalogue import LANGUAGES
from mailing.languages import language_of, spoken

WORDS = Path(__file__).parent / "page_words"


@dataclass(frozen=True, slots=True)
class PageWords:
    """A language's words by name, and the direction in which it is read."""

    language: str
    direction: str
    words: dict[str, Any]


def words_for(session: Session, shop: Shop, member_id: UUID) -> PageWords:
    """The words in the member's language; in the shop's for somebody who is no more."""
    member = session.get(Member, (shop.shop_id, member_id))
    if member is None:
        return page_words(spoken(shop.locale) or "en")
    return page_words(language_of(session, member, shop.locale))


def browser_words(accepted: LanguageAccept) -> PageWords:
    """Of whom we know nothing else, the browser tells the language."""
    return page_words(accepted.best_match(LANGUAGES) or "en")


@lru_cache(maxsize=len(LANGUAGES))
def page_words(language: str) -> PageWords:
    """The words in `language`, one of LANGUAGES."""
    words = json.loads((WORDS / f"{language}.json").read_text(encoding="utf-8"))
    return PageWords(language, Locale(language).text_direction, words)
