"""Error pages: JSON for programs, a small page for people. No page says more than the fact."""

import structlog
from flask import Flask, Response, g, jsonify, make_response, request
from markupsafe import escape
from werkzeug.exceptions import HTTPException, InternalServerError

from loyalty.base.errors import LoyaltyError

log = structlog.get_logger()

_WORDS = {
    400: "This request could not be read.",
    401: "Please open Encore from your Shopify admin again.",
    403: "You may not do this.",
    404: "There is nothing here.",
    405: "This cannot be done here.",
    410: "This is no longer here.",
    411: "This request must say how long it is.",
    413: "That is too much at once.",
    429: "That was too often. Please wait a moment.",
    500: "Something went wrong on our side. We have been told.",
    503: "Encore cannot answer just now. Please try again in a moment.",
}
_PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Encore</title>
<p>{words}</p>
<p><small>{request_id}</small></p>
</html>
"""


def init_app(app: Flask) -> None:
    """Answer every error of `app`; a blueprint's own handlers come first."""
    app.register_error_handler(LoyaltyError, _refused)
    app.register_error_handler(HTTPException, _http)
    app.register_error_handler(Exception, _crashed)


def _refused(error: LoyaltyError) -> Response:
    log.info("refused", code=error.code)
    return _answer(error.status, error.code, _WORDS.get(error.status, "This cannot be done now."))


def _http(error: HTTPException) -> Response:
    if error.response is not None or error.code is None:
        return make_response(error)
    words = _WORDS.get(error.code, error.name)
    response = _answer(error.code, error.name.lower().replace(" ", "_"), words)
    for name, value in error.get_headers():
        if name.lower() not in ("content-type", "content-length"):
            response.headers[name] = value
    return response


def _crashed(error: Exception) -> Response:
    log.error("request_crashed", exc_info=error)
    return _http(InternalServerError())


def _answer(status: int, code: str, words: str) -> Response:
    request_id = g.get("request_id", "")
    if _wants_page():
        page = _PAGE.format(words=escape(words), request_id=escape(request_id))
        response = Response(page, status, content_type="text/html; charset=utf-8")
    else:
        error = {"code": code, "message": words, "request_id": request_id}
        response = jsonify(error=error)
        response.status_code = status
    response.headers["Cache-Control"] = "no-store"
    return response


def _wants_page() -> bool:
    """Browsers name text/html; phones' Wallet, Shopify and scripts do not."""
    best = request.accept_mimetypes.best_match(("application/json", "text/html"))
    return best == "text/html" and "text/html" in request.headers.get("Accept", "")
