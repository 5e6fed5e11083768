"""The colours of a shop's emails. Whatever is chosen, what stands on a colour can be read.

Text is black or white, whichever stands out more: one of the two always has 4.5:1 and more.
https://www.w3.org/TR/WCAG21/#contrast-minimum (read 2026-11-22)
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, fields

from loyalty.base.said import said
from mailing.errors import BadTemplate

INK, WHITE, BLACK = "#17141a", "#ffffff", "#000000"
CONTRAST_MIN = 4.5

_COLOUR = re.compile(r"#[0-9a-f]{6}")


@dataclass(frozen=True, slots=True)
class Look:
    """Three colours as `#rrggbb`: the head's, the buttons' and the one around the sheet."""

    brand: str = "#6b2c6f"
    button: str = INK
    paper: str = "#efe9f2"

    def colours(self) -> dict[str, str]:
        """Every colour of an email, by its name in the template."""
        is_readable = contrast(self.brand, WHITE) >= CONTRAST_MIN
        return {
            "brand": self.brand,
            "on_brand": standing_out(self.brand),
            "button": self.button,
            "on_button": standing_out(self.button),
            "paper": self.paper,
            "on_paper": standing_out(self.paper),
            # On the white sheet the shop's own colour, where it can be read there.
            "link": self.brand if is_readable else INK,
        }


def check_look(given: Mapping[str, str]) -> Look:
    """The look of a form's colours. Raises BadTemplate, which names the one at fault."""
    colours = {field.name: given.get(field.name, "").strip().lower() for field in fields(Look)}
    for name, colour in colours.items():
        if not _COLOUR.fullmatch(colour):
            raise BadTemplate(name, said("Write a colour such as #6b2c6f"))
    return Look(**colours)


def standing_out(colour: str) -> str:
    """Black or white: which can be read better on `colour`."""
    return max((WHITE, BLACK), key=lambda text: contrast(text, colour))


def contrast(one: str, other: str) -> float:
    """How much two colours stand out from each other: 1 to 21."""
    lighter, darker = sorted((_light(one), _light(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def _light(colour: str) -> float:
    channels = (int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5))
    red, green, blue = (
        value / 12.92 if value <= 0.03928 else ((value + 0.055) / 1.055) ** 2.4
        for value in channels
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
