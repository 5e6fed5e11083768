"""Every text that the pages mark for translation, and the tool that keeps `translations/` in step.

    python -m tests.admin.messages missing shopify_app/admin/members   what lacks a translation
    python -m tests.admin.messages fill members words.json             write translations down
    python -m tests.admin.messages drop                                forget what nobody says

`words.json` is a list of {"en": …, "es": …, "fr": …, "de": …, "ar": …}; a text with a count has the
language's forms as a list in each.
"""

import fcntl
import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from babel.messages.catalog import Catalog
from babel.messages.extract import extract
from babel.messages.pofile import read_po, write_po

from shopify_app.admin.languages import FOLDER, LANGUAGES

ROOT = Path(__file__).parents[2]
TRANSLATED = LANGUAGES[1:]
_KEYWORDS = {"_": None, "N_": None, "gettext": None, "said": None, "ngettext": (1, 2)}
_SOURCES = (
    ("python", "shopify_app/admin/**/*.py"),
    ("python", "loyalty/**/*.py"),
    ("python", "shopify_app/platform/**/*.py"),
    ("python", "mailing/*.py"),
    ("python", "wallet/**/*.py"),
    ("python", "jobs/**/*.py"),
    ("jinja2.ext:babel_extract", "shopify_app/admin/templates/**/*.html"),
)
_OPTIONS = {"newstyle_gettext": "true", "silent": "false"}

_HEADER = """\
msgid ""
msgstr ""
"Language: {language}\\n"
"Content-Type: text/plain; charset=utf-8\\n"
"Plural-Forms: {plurals}\\n"

"""
_PLURALS = {
    # Zero, one, two, few, many, other, as Unicode has them; Babel's own takes many for other.
    "ar": "nplurals=6; plural=(n==0 ? 0 : n==1 ? 1 : n==2 ? 2 : n%100>=3 && n%100<=10 ? 3 :"
    " n%100>=11 ? 4 : 5);"
}

Id = str | tuple[str, str]


@dataclass
class Message:
    """A text of the code, with its plural if it counts, and the files that say it."""

    id: Id
    places: set[str] = field(default_factory=set)


def extract_all() -> dict[Id, Message]:
    """What the code says, by its English."""
    found: dict[Id, Message] = {}
    for method, pattern in _SOURCES:
        for path in sorted(ROOT.glob(pattern)):
            for said in _messages_of(method, path):
                place = str(path.relative_to(ROOT))
                found.setdefault(said, Message(said)).places.add(place)
    return found


def _messages_of(method: str, path: Path) -> Iterator[Id]:
    with path.open("rb") as file:
        for _line, text, _notes, _context in extract(
            method, file, keywords=_KEYWORDS, options=_OPTIONS
        ):
            if text and (isinstance(text, str) or text[0]):
                yield text if isinstance(text, str) else (text[0], text[1])


def read(language: str) -> dict[str, Catalog]:
    """The catalogues of a language by room."""
    found = {}
    for path in sorted((FOLDER / language).glob("*.po")):
        with path.open("rb") as file:
            found[path.stem] = read_po(file, locale=language)
    return found


def missing(language: str) -> list[Message]:
    """What the code says and the language does not."""
    known = {
        message.id for catalog in read(language).values() for message in catalog if message.string
    }
    return [message for key, message in extract_all().items() if key not in known]


def _show_missing(prefixes: list[str]) -> None:
    lacking = {
        message.id: message
        for language in TRANSLATED
        for message in missing(language)
        if any(place.startswith(tuple(prefixes or [""])) for place in message.places)
    }
    print(json.dumps(list(lacking), ensure_ascii=False, indent=1))


def _fill(room: str, words: list[dict[str, Any]]) -> None:
    with (ROOT / "tests/admin/messages.py").open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        for language in TRANSLATED:
            catalog = read(language).get(room) or Catalog(locale=language)
            for entry in words:
                # What is added again would keep the translation that it had.
                catalog.delete(_key(entry["en"]))
                catalog.add(_key(entry["en"]), _key(entry[language]))
            _write(language, room, catalog)


def _key(text: Any) -> Any:
    return tuple(text) if isinstance(text, list) else text


def _drop() -> None:
    said = extract_all()
    for language in TRANSLATED:
        for room, catalog in read(language).items():
            for message in list(catalog):
                if message.id and _key(message.id) not in said:
                    catalog.delete(message.id)
            _write(language, room, catalog)


def _write(language: str, room: str, catalog: Catalog) -> None:
    kept = Catalog(locale=language)
    for message in catalog:
        if message.id:
            kept.add(message.id, message.string)
    with (FOLDER / language / f"{room}.po").open("wb") as file:
        plurals = _PLURALS.get(language, kept.plural_forms)
        file.write(_HEADER.format(language=language, plurals=plurals).encode())
        write_po(file, kept, width=0, sort_output=True, omit_header=True)


if __name__ == "__main__":
    command, *rest = sys.argv[1:]
    if command == "missing":
        _show_missing(rest)
    elif command == "fill":
        _fill(rest[0], json.loads(Path(rest[1]).read_text()))
    elif command == "drop":
        _drop()
