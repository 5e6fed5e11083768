"""Phones and passes as JSON, and as what a template needs to draw them.

Invariant: only colours that `passjson` let through, and images that are whole PNGs, are drawn.
"""

import base64
import re
from html import unescape
from typing import Any

import segno
from jinja2.utils import urlize
from markupsafe import Markup, escape

from sandbox.apple.passfields import GROUPS, all_fields
from sandbox.apple.passjson import style_of
from sandbox.apple.phone import Card, Phone
from sandbox.apple.updates import balance_of

QR = "PKBarcodeFormatQR"
ANCHOR = re.compile(r"""<a\s+href=(["'])(https?://[^"'<>]+)\1\s*>([^<]*)</a>""")
DRAWN_IMAGES = ("logo", "strip", "thumbnail", "icon")


def phone_json(phone: Phone) -> dict[str, Any]:
    """Return all there is to know about a phone."""
    return {
        "id": phone.id,
        "device_library_id": phone.device_id,
        "push_token": phone.push_token,
        "online": phone.online,
        "idle": phone.line.idle,
        "passes": [card_json(phone, card) for card in phone.list_cards()],
        "lock_screen": list(phone.updates.lock_screen),
        "timeline": list(phone.updates.timeline),
        "requests": list(phone.diary)[-100:],
    }


def card_json(phone: Phone, card: Card) -> dict[str, Any]:
    """Return one pass of the phone."""
    content = card.bundle.content
    url = content.get("webServiceURL", "")
    tag = phone.updates.tags.get((url, card.bundle.key[0]))
    return {
        "pass_type_id": card.bundle.key[0],
        "serial": card.bundle.key[1],
        "team_id": content["teamIdentifier"],
        "registration": card.registration,
        "last_modified": card.last_modified,
        "tag": tag[0] if tag else None,
        "updated_at": card.updated_at.isoformat(),
        "balance": balance_of(content),
        "fields": {key: field["value"] for key, field in all_fields(content).items()},
        "pass": content,
        "files": sorted(card.bundle.files),
    }


def card_view(card: Card) -> dict[str, Any]:
    """Return what the card's template draws."""
    content = card.bundle.content
    style = content[style_of(content) or ""]
    return {
        "content": content,
        "registration": card.registration,
        "updated_at": card.updated_at,
        "background": content.get("backgroundColor", "rgb(44, 44, 46)"),
        "foreground": content.get("foregroundColor", "rgb(255, 255, 255)"),
        "label": content.get("labelColor", content.get("foregroundColor", "rgb(235, 235, 245)")),
        "images": _images(card.bundle.files),
        "barcode": _barcode(content),
        **{group: style.get(group, []) for group in GROUPS},
        "back": [_back_field(field) for field in style.get("backFields", [])],
    }


def _back_field(field: dict[str, Any]) -> dict[str, Any]:
    """Return {"label", "html"}: the back of a pass makes addresses into links, as iOS does."""
    rich = field.get("attributedValue")
    html = _with_anchors(rich) if isinstance(rich, str) else urlize(str(field["value"]))
    return {"label": field.get("label") or field["key"], "html": Markup(html)}


def _with_anchors(rich: str) -> str:
    """Keep `<a href>`, the one tag that attributedValue knows, and escape everything else."""
    parts, at = [], 0
    for anchor in ANCHOR.finditer(rich):
        link = Markup('<a href="{}">{}</a>').format(unescape(anchor[2]), unescape(anchor[3]))
        parts += [escape(rich[at : anchor.start()]), link]
        at = anchor.end()
    return "".join([*parts, escape(rich[at:])])


def _images(files: dict[str, bytes]) -> dict[str, str]:
    """Return {name: data URL}, each image in its sharpest size."""
    images = {}
    for name in DRAWN_IMAGES:
        sizes = [files[f"{name}{size}.png"] for size in ("@3x", "@2x", "")
                 if f"{name}{size}.png" in files]  # fmt: skip
        if sizes:
            images[name] = f"data:image/png;base64,{base64.b64encode(sizes[0]).decode()}"
    return images


def _barcode(content: dict[str, Any]) -> dict[str, str] | None:
    """Return the first barcode; `svg` is empty for a format that is not drawn here."""
    barcodes = list(content.get("barcodes", []))
    if "barcode" in content:
        barcodes.append(content["barcode"])
    if not barcodes:
        return None
    barcode = barcodes[0]
    svg = ""
    if barcode["format"] == QR:
        code = segno.make(barcode["message"], micro=False, error="m")
        svg = code.svg_inline(border=0, omitsize=True, svgclass="qr", lineclass=None)
    return {
        "svg": svg,
        "format": barcode["format"].removeprefix("PKBarcodeFormat"),
        "message": barcode["message"],
        "alt": barcode.get("altText", ""),
    }
