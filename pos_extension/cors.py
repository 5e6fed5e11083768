"""Which web pages may call the till's API: Shopify's own, and in the sandbox the till page.

Every answer below /pos/v1 says so, errors too: else the till sees no more than a failed fetch.
"""

from flask import Response, request

PREFIX = "/pos/v1/"
# https://shopify.dev/docs/api/pos-ui-extensions/latest/server-communication (read 2026-11-22)
SHOPIFY_ORIGINS = frozenset({"https://cdn.shopify.com", "https://extensions.shopifycdn.com"})

_further: frozenset[str] = frozenset()


def configure(further_origins: str) -> None:
    """Let these origins (a comma list) call too; the composition root does this once."""
    global _further
    _further = frozenset(part.strip() for part in further_origins.split(",") if part.strip())


def answer_preflight() -> Response | None:
    """A preflight carries no token; it is answered before anyone asks for one."""
    is_preflight = request.method == "OPTIONS" and request.path.startswith(PREFIX)
    return Response(status=204) if is_preflight else None


def allow(response: Response) -> Response:
    """Mark an answer below our prefix as one that these origins may read."""
    if not request.path.startswith(PREFIX):
        return response
    headers = response.headers
    headers.add("Vary", "Origin")
    headers["Cache-Control"] = "no-store"
    origin = request.headers.get("Origin", "")
    if origin not in SHOPIFY_ORIGINS | _further:
        return response
    headers["Access-Control-Allow-Origin"] = origin
    if request.method == "OPTIONS":
        headers["Access-Control-Allow-Methods"] = "GET, POST, DELETE"
        headers["Access-Control-Allow-Headers"] = "Authorization, Content-Type"
        headers["Access-Control-Max-Age"] = "600"
    return response
