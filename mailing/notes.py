"""Short emails of one shape: a headline, a few lines, one button. The words of each kind are here.

What members typed is put into finished HTML and escaped: it can never become a tag.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Any

from babel.dates import format_date
from babel.numbers import format_decimal
from jinja2 import Environment, StrictUndefined, Template
from mjml import mjml2html

from mailing.card_email import TEMPLATES, CardFacts, Words, locale_of, one_line


@dataclass(frozen=True, slots=True)
class Links:
    """Where an email's buttons may lead."""

    card: str
    verify: str
    unsubscribe: str


@dataclass(frozen=True, slots=True)
class Note:
    """What one email says; `big` is a figure that stands out."""

    subject: str
    headline: str
    lines: tuple[str, ...]
    button: str
    url: str
    big: str | None = None


Write = Callable[[CardFacts, Mapping[str, Any], Links], Note]


def render_note(kind: str, facts: CardFacts, body: Mapping[str, Any], links: Links) -> Words:
    """The email of `kind` about `facts`; `body` is that of the event which asked for it."""
    note = _NOTES[kind](facts, body, links)
    values = {
        "shop": facts.shop,
        "programme": facts.programme,
        "greeting": f"Hello {facts.first_name}," if facts.first_name else "Hello,",
        "unsubscribe": links.unsubscribe,
        "headline": note.headline,
        "preheader": note.lines[0],
        "lines": note.lines,
        "big": note.big,
        "button": note.button,
        "url": note.url,
    }
    return Words(
        subject=one_line(note.subject),
        html=_html().render(values),
        text=_text().render(values),
    )


def points_in_words(facts: CardFacts, points: int) -> str:
    """`1,250 points`, as the shop writes numbers and calls its points."""
    return f"{format_decimal(points, locale=locale_of(facts.locale))} {facts.points_name}"


def _verification(facts: CardFacts, body: Mapping[str, Any], links: Links) -> Note:
    return Note(
        subject=f"Confirm your email address for {facts.programme}",
        headline="Is this your email address?",
        lines=(
            f"Confirm that it is yours, so that {facts.shop} knows where to reach you.",
            "The button works for seven days. If you did not ask for this, do nothing.",
        ),
        button="Confirm my address",
        url=links.verify,
    )


def _birthday(facts: CardFacts, body: Mapping[str, Any], links: Links) -> Note:
    return Note(
        subject=f"Happy birthday from {facts.shop}",
        headline="Happy birthday!",
        lines=("This is our present. It is on your card already.",),
        button="Open my card",
        url=links.card,
        big=f"+{points_in_words(facts, int(body.get('points', 0)))}",
    )


def _expiry_warning(facts: CardFacts, body: Mapping[str, Any], links: Links) -> Note:
    day = format_date(
        date.fromisoformat(body["last_valid_on"]), "long", locale=locale_of(facts.locale)
    )
    points = points_in_words(facts, int(body["points"]))
    if body.get("days") is None:
        return Note(
            subject=f"Your {facts.points_name} of {facts.programme} now expire",
            headline=f"Your {facts.points_name} now expire",
            lines=(
                f"{facts.programme} lets {facts.points_name} expire from now on.",
                f"The first of yours can be spent until {day}, that day included.",
            ),
            button="Open my card",
            url=links.card,
            big=points,
        )
    return Note(
        subject=f"{points} of {facts.programme} expire soon",
        headline=f"You can spend them until {day}",
        lines=(
            f"{points} are gone once that day is over.",
            f"Your card shows all your {facts.points_name}.",
        ),
        button="Open my card",
        url=links.card,
        big=points,
    )


def _adjustment(facts: CardFacts, body: Mapping[str, Any], links: Links) -> Note:
    points = int(body["points"])
    sign, done = ("+", "added to") if points > 0 else ("\N{MINUS SIGN}", "taken from")
    return Note(
        subject=f"Your {facts.points_name} of {facts.programme} have changed",
        headline=f"{facts.shop} has changed your balance",
        lines=(
            f"{points_in_words(facts, abs(points))} were {done} your card.",
            f"You have {facts.points} {facts.points_name} now.",
        ),
        button="Open my card",
        url=links.card,
        big=f"{sign}{points_in_words(facts, abs(points))}",
    )


def _reward(facts: CardFacts, body: Mapping[str, Any], links: Links) -> Note:
    if body["code"] is None:
        return Note(
            subject=f"{body['name']} from {facts.programme}",
            headline=f"{body['name']} is yours",
            lines=(
                f"{facts.shop} has put it on your account as store credit.",
                f"You have {facts.points} {facts.points_name} left.",
            ),
            button="Open my card",
            url=links.card,
        )
    return Note(
        subject=f"Your code for {body['name']}",
        headline=f"{body['name']} is yours",
        lines=(
            "Type this code at checkout, or show it at the till. It works once.",
            *_validity(facts, body),
            f"You have {facts.points} {facts.points_name} left.",
        ),
        button="Open my card",
        url=links.card,
        big=body["code"],
    )


def _coupon(facts: CardFacts, body: Mapping[str, Any], links: Links) -> Note:
    return Note(
        subject=f"{facts.shop} has a coupon for you: {body['name']}",
        headline=body["name"],
        lines=(
            f"{body['worth']}. Type this code at checkout, or show it at the till.",
            *_validity(facts, body),
        ),
        button="Open my card",
        url=links.card,
        big=body["code"],
    )


_PROOF_LETS = {
    "data": ("see your data", "shows your data, or lets you take it away"),
    "erase": ("delete your data", "deletes your data seven days later, and your points with it"),
}


def _proof(facts: CardFacts, body: Mapping[str, Any], links: Links) -> Note:
    if body["purpose"] == "redeem":
        lets, does = f"redeem {body['reward']}", f"redeems {body['reward']}"
    else:
        lets, does = _PROOF_LETS[body["purpose"]]
    return Note(
        subject=f"Your code to {lets}",
        headline=f"Your code to {lets}",
        lines=(
            f"Typed on your card within 15 minutes it {does}.",
            f"Tell it to nobody. If you did not ask for it, do nothing, and tell {facts.shop}: "
            "somebody else may have the link of your card.",
        ),
        button="Open my card",
        url=links.card,
        big=body["code"],
    )


def _erasure(facts: CardFacts, body: Mapping[str, Any], links: Links) -> Note:
    day = format_date(date.fromisoformat(body["erases_on"]), "long", locale=locale_of(facts.locale))
    return Note(
        subject=f"Your data of {facts.programme} will be deleted on {day}",
        headline=f"Your data is deleted on {day}",
        lines=(
            f"You asked for it. Your card stops working then, and {facts.points} "
            f"{facts.points_name} are gone with it.",
            "Until then you can change your mind: open your card and keep it.",
        ),
        button="Open my card",
        url=links.card,
    )


def _validity(facts: CardFacts, body: Mapping[str, Any]) -> tuple[str, ...]:
    if body.get("valid_until") is None:
        return ()
    day = format_date(
        date.fromisoformat(body["valid_until"]), "long", locale=locale_of(facts.locale)
    )
    return (f"It is good until {day}, that day included.",)


_NOTES: dict[str, Write] = {
    "reward": _reward,
    "coupon": _coupon,
    "proof": _proof,
    "erasure": _erasure,
    "adjustment": _adjustment,
    "expiry_warning": _expiry_warning,
    "verification": _verification,
    "birthday": _birthday,
}


@lru_cache(maxsize=1)
def _html() -> Template:
    compiled = mjml2html((TEMPLATES / "note.mjml").read_text())
    return Environment(autoescape=True, undefined=StrictUndefined).from_string(compiled)


@lru_cache(maxsize=1)
def _text() -> Template:
    source = (TEMPLATES / "note.txt").read_text()
    # Plain text: nothing to escape, and a reader must see the names as they are.
    plain = Environment(autoescape=False, undefined=StrictUndefined, keep_trailing_newline=True)
    return plain.from_string(source)
