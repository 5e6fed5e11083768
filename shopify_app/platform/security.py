"""The content security policy of our pages: nothing but what is named, framed by one shop alone."""

from urllib.parse import urlsplit

from shopify_app.platform.settings import current

ANY_SHOP = "https://*.myshopify.com"
_ADMIN = "https://admin.shopify.com"


def content_security_policy(frame_ancestor: str | None) -> str:
    """The policy of a page that `frame_ancestor` (a shop's origin) may frame; None: nobody may."""
    bridge = _origin(current().app_bridge_url)
    directives = {
        "default-src": "'none'",
        "script-src": f"'self' {bridge}",
        "style-src": "'self'",
        "img-src": "'self' data: https://cdn.shopify.com",
        "font-src": "'self' https://cdn.shopify.com",
        "connect-src": f"'self' {bridge}",
        "form-action": "'self'",
        "base-uri": "'none'",
        "object-src": "'none'",
        "frame-ancestors": _ancestors(frame_ancestor),
    }
    return "; ".join(f"{name} {value}" for name, value in directives.items())


def _ancestors(shop_origin: str | None) -> str:
    if shop_origin is None:
        return "'none'"
    return " ".join([shop_origin, _ADMIN, *current().admin_origins.replace(",", " ").split()])


def _origin(address: str) -> str:
    parts = urlsplit(address)
    return f"{parts.scheme}://{parts.netloc}"
