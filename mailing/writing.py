"""One email as its reader sees it: subject, HTML from MJML, and the same as text.

The MJML is compiled before anything of a merchant's or member's is put in: their words are
escaped into finished HTML and can never become a tag.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from babel import Locale
from jinja2 import Environment, StrictUndefined, Template
from mjml import mjml2html

from loyalty.base.said import said
from mailing.catalogue import COMMON_FIELDS, Mail
from mailing.errors import BadTemplate
from mailing.facts import Facts
from mailing.looks import Look
from mailing.merging import Parts, fill, fill_title, read
from mailing.text_links import fill_lines, shown, typed
from mailing.values import Body, values_of
from mailing.wording import Draft, language_words

TEMPLATES = Path(__file__).parent / "templates"
LENGTHS_MAX = {"subject": 200, "headline": 200, "text": 10_000, "button": 40}

_PREHEADER_MAX = 140


@dataclass(frozen=True, slots=True)
class Links:
    """Where an email's buttons lead. `card` is what the button opens unless the email says."""

    card: str
    unsubscribe: str
    verify: str = ""
    apple: str | None = None
    google: str | None = None


@dataclass(frozen=True, slots=True)
class Words:
    """An email's subject and its two parts, which say the same."""

    subject: str
    html: str
    text: str


@dataclass(frozen=True, slots=True)
class Checked:
    """A draft that can be an email, read into its parts."""

    subject: Sequence[Parts]
    headline: Sequence[Parts]
    text: Sequence[Parts]
    button: Sequence[Parts]


def check(mail: Mail, draft: Draft) -> Checked:
    """`draft` as `mail` can send it. Raises BadTemplate for the first thing that is wrong."""
    read_in = {name: _read(mail, name, getattr(draft, name)) for name in LENGTHS_MAX}
    for name in ("subject", "text"):
        if not read_in[name]:
            raise BadTemplate(name, said("Write something here"))
    if mail.leads == "verify" and not read_in["button"]:
        raise BadTemplate("button", said("This email is of no use without its button"))
    return Checked(**read_in)


def write(
    mail: Mail, draft: Draft, facts: Facts, body: Body, links: Links, look: Look | None = None
) -> Words:
    """The email that `draft` makes of `facts` and of `body`, that of the event which asked for it.

    Raises BadTemplate for a draft that can be none.
    """
    checked, values = check(mail, draft), values_of(mail, facts, body)
    shared = language_words(facts.language)
    figure = fill(read(mail.figure, mail.fields, field="figure"), values)
    lines = fill_lines(checked.text, values)
    parts: dict[str, Any] = {
        "shop": facts.shop,
        "programme": facts.programme,
        "headline": fill_title(checked.headline, values),
        "figure": figure[0] if figure else "",
        "lines": lines,
        "typed": [typed(line) for line in lines],
        "preheader": " ".join(map(shown, lines))[:_PREHEADER_MAX],
        "wallets": _wallets(mail, facts, links),
        "button": fill_title(checked.button, values),
        "url": body.get("url") or (links.verify if mail.leads == "verify" else links.card),
        "footer": fill_title(read(shared.footer, COMMON_FIELDS, field="footer"), values),
        "unsubscribe": shared.unsubscribe,
        "unsubscribe_url": links.unsubscribe,
    }
    return Words(
        subject=fill_title(checked.subject, values),
        html=_html(look or Look(), facts.language).render(parts),
        text=_text().render(parts),
    )


def _read(mail: Mail, name: str, source: str) -> Sequence[Parts]:
    longest = LENGTHS_MAX[name]
    if len(source) > longest:
        raise BadTemplate(name, said("Use at most %(most)s characters", most=f"{longest:,}"))
    if name != "text" and "\n" in source.strip():
        raise BadTemplate(name, said("Write it in one line"), 2)
    return read(source, mail.fields, field=name)


def _wallets(mail: Mail, facts: Facts, links: Links) -> list[tuple[str, str]]:
    if mail.leads != "wallets":
        return []
    shared = language_words(facts.language)
    both = ((shared.apple, links.apple), (shared.google, links.google))
    return [(label, url) for label, url in both if url]


@lru_cache(maxsize=64)
def _html(look: Look, language: str) -> Template:
    source = (TEMPLATES / "letter.mjml").read_text(encoding="utf-8")
    direction = Locale(language).text_direction
    marks = look.colours() | {"language": language, "direction": direction}
    for name, value in marks.items():
        source = source.replace(f"[[{name}]]", value)
    environment = Environment(autoescape=True, undefined=StrictUndefined)
    return environment.from_string(mjml2html(source))


@lru_cache(maxsize=1)
def _text() -> Template:
    source = (TEMPLATES / "letter.txt").read_text(encoding="utf-8")
    # Plain text: nothing to escape, and a reader must see the names as they are.
    plain = Environment(autoescape=False, undefined=StrictUndefined, keep_trailing_newline=True)
    return plain.from_string(source)
