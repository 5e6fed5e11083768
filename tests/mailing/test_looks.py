"""The colours of emails: whatever is chosen can be read, and nothing else gets into a style."""

import itertools

import pytest

from mailing.errors import BadTemplate
from mailing.looks import CONTRAST_MIN, Look, check_look, contrast, standing_out


def test_what_stands_on_any_colour_can_be_read() -> None:
    steps = ("00", "33", "66", "77", "99", "cc", "ff")
    colours = [f"#{r}{g}{b}" for r, g, b in itertools.product(steps, repeat=3)]

    assert min(contrast(standing_out(colour), colour) for colour in colours) >= CONTRAST_MIN


def test_the_contrast_is_that_of_the_guidelines() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


def test_a_pale_brand_is_no_colour_of_links() -> None:
    assert Look(brand="#ffe08a").colours()["link"] != "#ffe08a"
    assert Look(brand="#6b2c6f").colours()["link"] == "#6b2c6f"


@pytest.mark.parametrize(
    "colour", ["", "red", "#fff", "#12345g", "#123456;}", "url(x)", "#1234567", "＃123456"]
)
def test_what_is_no_colour_is_refused_with_its_field(colour: str) -> None:
    with pytest.raises(BadTemplate) as refused:
        check_look({"brand": "#123456", "button": colour, "paper": "#ffffff"})

    assert refused.value.field == "button"


def test_capitals_and_spaces_are_no_fault() -> None:
    given = {"brand": " #ABCDEF ", "button": "#000000", "paper": "#FFFFFF"}

    assert check_look(given) == Look("#abcdef", "#000000", "#ffffff")
