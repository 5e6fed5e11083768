"""Our own words for every email, read from `words/`: one JSON file for each language."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from mailing.catalogue import LANGUAGES, check_language, get_mail

WORDS = Path(__file__).parent / "words"


@dataclass(frozen=True, slots=True)
class Draft:
    """What an email says, with merge fields; each line of `text` is a paragraph.

    An empty `headline` or `button` is left out.
    """

    subject: str
    text: str
    headline: str = ""
    button: str = ""


@dataclass(frozen=True, slots=True)
class Language:
    """What emails share. `points`: how a number of them is written, by CLDR's plural category."""

    points_name: str
    points: Mapping[str, str]
    footer: str
    unsubscribe: str
    apple: str
    google: str
    worth: Mapping[str, str]


def own_words(mail: str, language: str) -> Draft:
    """The words of ours for an email. Raises UnknownMail for what there is not."""
    get_mail(mail)
    check_language(language)
    return _load(language)[1][mail]


def language_words(language: str) -> Language:
    """What all emails of a language share."""
    check_language(language)
    return _load(language)[0]


@lru_cache(maxsize=1)
def usual_points_names() -> frozenset[str]:
    """How points are called where nobody gave them a name, in every language."""
    return frozenset(language_words(language).points_name.casefold() for language in LANGUAGES)


@lru_cache(maxsize=len(LANGUAGES))
def _load(language: str) -> tuple[Language, dict[str, Draft]]:
    found = json.loads((WORDS / f"{language}.json").read_text(encoding="utf-8"))
    mails = {
        name: Draft(**(words | {"text": "\n".join(words["text"])}))
        for name, words in found.pop("mails").items()
    }
    return Language(**found), mails
