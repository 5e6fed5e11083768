"""One data request: what was asked, who did what, and what was gathered for it.

What was gathered is fetched with a Bearer token alone, and each look at it is audited.
"""

import json
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from flask import Response, g, render_template, request
from sqlalchemy.orm import Session
from werkzeug.exceptions import NotFound

from loyalty import audit
from loyalty.base.clock import utc_now
from loyalty.base.db import shop_transaction
from shopify_app.admin.pages import blueprint, enter, parse_id
from shopify_app.admin.settings.data_requests import describe
from shopify_app.platform import privacy
from shopify_app.platform.admin_auth import admin_page
from shopify_app.platform.tables import PrivacyDocument

_ROWS_MAX = 20


@dataclass(frozen=True, slots=True)
class Section:
    """A part of what is held: its first rows as names and values, and how many there are."""

    title: str
    count: int
    rows: list[list[tuple[str, str]]]


@blueprint.get("/app/settings/privacy/<request_id>")
@admin_page
def data_request(request_id: str) -> str:
    """The request's page; 404 for one of no or another shop."""
    wanted = parse_id(request_id)
    with shop_transaction(g.shop_id) as session:
        enter(session)
        row = privacy.find_request(session, g.shop_id, wanted)
        if row is None:
            raise NotFound
        [shown] = describe(session, [row], utc_now())
    return render_template("admin/settings/data_request.html", shown=shown)


@blueprint.get("/app/settings/privacy/<request_id>/held")
@admin_page
def data_held(request_id: str) -> str:
    """What was gathered, to be read on the page."""
    with shop_transaction(g.shop_id) as session:
        enter(session)
        document = _take_out(session, parse_id(request_id), "privacy_document_seen")
        held = json.loads(document.body)["held"]
    return render_template("admin/settings/_data_held.html", sections=_sections(held))


@blueprint.get("/app/settings/privacy/<request_id>/document")
@admin_page
def data_document(request_id: str) -> Response:
    """What was gathered, as a JSON file; 404 for a request of no or another shop."""
    with shop_transaction(g.shop_id) as session:
        document = _take_out(session, parse_id(request_id), "privacy_document_downloaded")
        body, customer_id = document.body, document.customer_id
    response = Response(body, mimetype="application/json")
    response.headers["Content-Disposition"] = (
        f'attachment; filename="customer-{customer_id}-data.json"'
    )
    response.headers["Cache-Control"] = "no-store"
    return response


def _take_out(session: Session, request_id: UUID, action: str) -> PrivacyDocument:
    """The document of the request, with a trace of who took it; 404 without a token or a document.

    A link that can be opened could be left in a history or sent on.
    """
    document = privacy.find_document(session, g.shop_id, request_id)
    if document is None or "Authorization" not in request.headers:
        raise NotFound
    subject = ("privacy_request", str(request_id))
    audit.record(session, g.shop_id, g.actor, action, subject, now=utc_now())
    return document


def _sections(held: dict[str, list[dict[str, Any]]]) -> list[Section]:
    return [
        Section(title, len(rows), [_fields(row) for row in rows[:_ROWS_MAX]])
        for title, rows in held.items()
        if rows
    ]


def _fields(row: dict[str, Any]) -> list[tuple[str, str]]:
    """What stands in the row, without what is empty."""
    return [
        (name, value if isinstance(value, str) else json.dumps(value, ensure_ascii=False))
        for name, value in row.items()
        if value not in (None, "")
    ]
