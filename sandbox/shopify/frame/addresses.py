"""How addresses in the admin and in the app correspond."""

from __future__ import annotations

import base64

from ..store.shop import Shop


def host_parameter(shop: Shop) -> str:
    """The `host` of a link into the app: base64 of where the admin of this shop is."""
    where = f"admin.shopify.com/store/{shop.handle}"
    return base64.b64encode(where.encode()).decode().rstrip("=")


def app_path(path: str) -> str:
    """The app's path for a path of the admin: `members` and `app/members` are `/app/members`."""
    path = path.strip("/")
    if path in ("", "app"):
        return "/app"
    return f"/{path}" if path.startswith("app/") else f"/app/{path}"
