"""What every control request says: its shop and its JSON."""

from __future__ import annotations

from typing import Any

from flask import request

from .store.shop import Shop
from .world import World


def named_shop(world: World) -> Shop:
    """The shop that the request names; LookupError for one that is not here."""
    body = request.get_json(silent=True) or {}
    domain = body.get("shop") or request.args.get("shop") or world.settings.shops[0]
    if domain not in world.shops:
        raise LookupError(f"shop {domain}")
    return world.shops[domain]


def body() -> dict[str, Any]:
    """The request's JSON object; an empty one when there is none."""
    return request.get_json(silent=True) or {}
