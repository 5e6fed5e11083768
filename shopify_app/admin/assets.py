"""Icons and addresses of static files. Only SVG is inlined, so that the CSP can be strict."""

from functools import lru_cache
from hashlib import sha256
from pathlib import Path

from flask import url_for
from markupsafe import Markup, escape

STATIC = Path(__file__).parent / "static"


@lru_cache
def icon(name: str, label: str = "") -> Markup:
    """The Polaris icon `name` as inline SVG: decoration, or an image that says `label`."""
    svg = (STATIC / "vendor" / "polaris-icons" / f"{name}Icon.svg").read_text()
    speech = f'role="img" aria-label="{escape(label)}"' if label else 'aria-hidden="true"'
    return Markup(svg.replace("<svg ", f'<svg class="icon" {speech} ', 1))


def static_url(filename: str) -> str:
    """The address of a static file; it changes with its content, so caches may keep it."""
    return url_for("admin.static", filename=filename, v=_digest(filename))


@lru_cache
def _digest(filename: str) -> str:
    return sha256((STATIC / filename).read_bytes()).hexdigest()[:12]
