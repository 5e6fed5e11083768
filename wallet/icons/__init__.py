"""Icons of the customer's page as inline SVG, so that the policy can forbid everything else."""

from functools import lru_cache
from pathlib import Path

from markupsafe import Markup

FOLDER = Path(__file__).parent


@lru_cache
def icon(name: str) -> Markup:
    """The Lucide icon `name`, as decoration: the words beside it say what it means."""
    svg = (FOLDER / f"{name}.svg").read_text().split("-->", 1)[1].strip()
    return Markup(svg.replace("<svg", '<svg aria-hidden="true" focusable="false"', 1))
