"""The languages of the pages: English is what the code says, the others are in `translations/`."""

from functools import cache
from gettext import GNUTranslations, NullTranslations
from io import BytesIO
from pathlib import Path
from typing import Any

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from flask import g, has_request_context, request
from jinja2 import Environment

from loyalty.base.said import Said

LANGUAGES = ("en", "es", "fr", "de", "ar")
FOLDER = Path(__file__).parent / "translations"
HEADER = "Encore-Language"
"""What a swap says of the document that it belongs to."""


def language() -> str:
    """The language of the person looking, which Shopify names; without one, the shop's."""
    if not has_request_context():
        return LANGUAGES[0]
    if "asked_language" not in g:
        # Each of a page's hundreds of words asks for it.
        g.asked_language = _known(request.args.get("locale"), request.headers.get(HEADER))
    return g.asked_language or _known(g.get("shop_locale")) or LANGUAGES[0]


def _known(*tags: str | None) -> str | None:
    """The first of these tags whose language is one of ours."""
    languages = (tag.partition("-")[0].lower() for tag in tags if tag)
    return next((language for language in languages if language in LANGUAGES), None)


def _(text: str, /, **values: Any) -> str:
    """The text in the language of the page, its `%(name)s` filled; a literal percent is `%%`."""
    return words_of(language()).gettext(text) % values


def ngettext(one: str, many: str, num: int, /, **values: Any) -> str:
    """The same for a count; `%(num)s` is the number as digits, unless `values` writes it better."""
    return words_of(language()).ngettext(one, many, num) % {"num": num, **values}


def N_(text: str) -> str:
    """Mark a text of a table to be translated; who shows it calls `_`."""
    return text


class Words(dict[str, str]):
    """A table of marked texts, each in the language of the page when it is looked up."""

    def __getitem__(self, code: str) -> str:
        return _(super().__getitem__(code))

    def get(self, code: str, default: Any = None) -> Any:
        """The text of the code; `default` as it is."""
        text = super().get(code)
        return default if text is None else _(text)

    def items(self) -> Any:
        """The codes with their texts, in their order."""
        return [(code, self[code]) for code in self]


def say(text: object) -> str:
    """A sentence of the books, or an error's, in the language of the page."""
    if isinstance(text, Exception):
        text = text.args[0] if text.args else ""
    if isinstance(text, Said):
        return words_of(language()).gettext(text.pattern) % {
            name: say(value) if isinstance(value, Said) else value
            for name, value in text.values.items()
        }
    return words_of(language()).gettext(str(text)) if text else ""


@cache
def words_of(language: str) -> NullTranslations:
    """Every word of a language, read once; English needs none."""
    words = NullTranslations()
    for path in sorted((FOLDER / language).glob("*.po")):
        words.add_fallback(_read(path, language))
    return words


def _read(path: Path, language: str) -> GNUTranslations:
    with path.open("rb") as file:
        catalog = read_po(file, locale=language)
    compiled = BytesIO()
    write_mo(compiled, catalog)
    compiled.seek(0)
    return GNUTranslations(compiled)


def teach(templates: Environment) -> None:
    """Let templates write `_('…')` and `{% trans %}`, which escape what they fill in."""
    templates.add_extension("jinja2.ext.i18n")
    templates.install_gettext_callables(  # type: ignore[attr-defined]
        gettext=lambda text: words_of(language()).gettext(text),
        ngettext=lambda one, many, num: words_of(language()).ngettext(one, many, num),
        newstyle=True,
    )
    templates.filters["say"] = say
    # A name is a person's own, but for what the books say of whoever has none.
    templates.finalize = lambda value: say(value) if isinstance(value, Said) else value
