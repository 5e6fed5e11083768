"""What every answer to a customer carries, and the pages for links that lead nowhere."""

from flask import Response, make_response, render_template


def protect(response: Response, policy: str, *, may_be_stored: bool = False) -> Response:
    """The address is the secret: it must not be stored, framed, indexed or passed on."""
    response.headers["Content-Security-Policy"] = policy
    # Not "no-referrer": browsers then leave out the Origin by which we know our own forms.
    response.headers["Referrer-Policy"] = "same-origin"
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["X-Robots-Tag"] = "noindex"
    if not may_be_stored:
        response.headers["Cache-Control"] = "no-store"
    return response


def not_found() -> Response:
    """404: never ours, or of another shop."""
    return _page("This link leads to no card", "Check that you opened all of it.", 404)


def gone() -> Response:
    """410: it was good until a while ago."""
    return _page("This card is no longer here", "Ask the shop for a new link.", 410)


def refused(headline: str, advice: str, status: int) -> Response:
    """What we cannot do, or a form that we do not take; nothing was written."""
    return _page(headline, advice, status)


def _page(headline: str, advice: str, status: int) -> Response:
    page = render_template("wallet/no_card.html", headline=headline, advice=advice)
    return make_response(page, status)
