"""Cards as a person sees them on the phone, made of what Google holds."""

import io
from typing import Any

import segno
from flask import request

from sandbox.google.store import Resource
from sandbox.google.world import World


def wants_html() -> bool:
    """Whether the client names HTML; */* is JSON."""
    return "text/html" in [mimetype for mimetype, _ in request.accept_mimetypes]


def card_view(world: World, resource: Resource) -> dict[str, Any]:
    """What the card shows: texts, colours, code, links, and the notifications it made."""
    content = resource.content
    found = world.store.find("LoyaltyClass", content["classId"])
    of_class = found.content if found else {}
    points = content.get("loyaltyPoints", {})
    barcode = content.get("barcode", {})
    return {
        "id": resource.id,
        "issuer": of_class.get("issuerName", ""),
        "programme": of_class.get("programName", ""),
        "logo": of_class.get("programLogo", {}).get("sourceUri", {}).get("uri", ""),
        "colour": of_class.get("hexBackgroundColor", "#3c4043"),
        "name_label": of_class.get("accountNameLabel", "Name"),
        "name": content.get("accountName", ""),
        "id_label": of_class.get("accountIdLabel", "Account"),
        "account": content.get("accountId", ""),
        "points_label": points.get("label", ""),
        "points": next(iter(points.get("balance", {}).values()), ""),
        "is_active": content["state"].upper() == "ACTIVE",
        "code": _code(barcode.get("value", "")),
        "code_text": barcode.get("alternateText", ""),
        "texts": content.get("textModulesData", []),
        "links": content.get("linksModuleData", {}).get("uris", []),
        "places": len(content.get("merchantLocations", [])),
        "shown": resource.shown[::-1],
        "silenced": resource.silenced,
        "version": resource.version,
        "has_users": resource.has_users,
    }


def object_json(resource: Resource) -> dict[str, Any]:
    """Everything about an object, for programs."""
    return {
        "id": resource.id,
        "content": resource.content,
        "has_users": resource.has_users,
        "version": resource.version,
        "shown": resource.shown,
        "notices": len(resource.notices),
        "silenced": resource.silenced,
        "saved_times": resource.saved_times,
    }


def _code(value: str) -> str:
    if not value:
        return ""
    drawn = io.BytesIO()
    segno.make(value, micro=False, error="m").save(
        drawn, kind="svg", xmldecl=False, svgns=True, border=1, scale=4, omitsize=True
    )
    return drawn.getvalue().decode()
