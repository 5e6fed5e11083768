"""What every page inside Shopify admin shares: its shop, its filters, headers and error pages."""

from typing import Any
from uuid import UUID

import structlog
from flask import Blueprint, Response, g, make_response, render_template, request, url_for
from sqlalchemy.orm import Session
from werkzeug.exceptions import HTTPException, NotFound

from loyalty.base import clock
from loyalty.base.errors import LoyaltyError, MemberHasMoved, MemberNotActive
from loyalty.shops.directory import get_shop
from loyalty.shops.tables import Shop
from shopify_app.admin import assets, languages, responses, wording
from shopify_app.admin.formatting import ShopFormat, text_direction
from shopify_app.admin.languages import _
from shopify_app.admin.profile import timeline_words
from shopify_app.admin.wording import script_words
from shopify_app.platform.admin_auth import admin_page
from shopify_app.platform.settings import current

log = structlog.get_logger()

blueprint = Blueprint(
    "admin",
    __name__,
    template_folder="templates",
    static_folder="static",
    static_url_path="/app/static",
)


def enter(session: Session) -> Shop:
    """The shop of this request, and from now on its format for every filter."""
    shop = get_shop(session, g.shop_id)
    g.shop_locale = shop.locale
    g.shop_format = ShopFormat.of(shop.locale, shop.timezone)
    return shop


def hold(*rows: object) -> None:
    """Keep rows to the end of the request: a session forgets what nobody holds, and asks again."""
    g.held_rows = rows


def parse_id(text: str) -> UUID:
    """A public id from an address; what is none is not found."""
    try:
        return UUID(text)
    except ValueError as error:
        raise NotFound from error


@blueprint.context_processor
def _words_for_templates() -> dict[str, Any]:
    return {
        "app_bridge_key": current().shopify_api_key,
        "app_bridge_url": current().app_bridge_url,
        "icon": assets.icon,
        "static_url": assets.static_url,
        "language_tag": str(_format().locale).replace("_", "-"),
        "page_language": languages.language(),
        "direction": text_direction(languages.language()),
        "script_words": script_words,
    }


def _format() -> ShopFormat:
    """The shop's format; plain English in UTC on a page that knows no shop."""
    found: ShopFormat | None = g.get("shop_format")
    return found or ShopFormat.of("en", "UTC")


@blueprint.record_once
def _register_filters(state: Any) -> None:
    """Filters by name: what a template writes behind a bar."""
    languages.teach(state.app.jinja_env)
    filters = state.app.jinja_env.filters
    for name in ("number", "signed", "money", "day", "calendar_day", "moment", "birthday"):
        filters[name] = lambda value, _name=name: getattr(_format(), _name)(value)
    filters["in_points"] = lambda points: _format().points(points)
    filters["age"] = lambda at: _format().age(at, clock.utc_now())
    filters["heading_id"] = lambda text: f"about-{text.lower().replace(' ', '-')}"
    filters["said"] = timeline_words.say


@blueprint.after_request
def _finish(response: Response) -> Response:
    if response.status_code in (403, 503) and request.method == "GET":
        # The door's own refusals are bare words; a person gets a page.
        response.set_data(_error_page(response.status_code)[0])
    return responses.finish(response)


@blueprint.get("/app/<path:_unknown>")
@admin_page
def nowhere(_unknown: str) -> str:
    """Any other address below ours: a page with a way back, inside the admin."""
    raise NotFound


@blueprint.errorhandler(LoyaltyError)
def _show_refusal(error: LoyaltyError) -> Response:
    """A page; a form or a button, which shows none, says in a toast what became of its thing."""
    if isinstance(error, MemberNotActive | MemberHasMoved) and "member_id" in (
        request.view_args or {}
    ):
        return _lead_to_member(error.status)
    response = make_response(*_error_page(error.status))
    is_gone = error.status == 404 and request.method == "POST"
    return responses.tell(response, _(wording.GONE)) if is_gone else response


def _lead_to_member(status: int) -> Response:
    """Whoever changes a member who vanished meanwhile is led to the page that says so."""
    address = url_for("admin.profile", member_id=(request.view_args or {})["member_id"])
    response = responses.go_to(address, _(wording.VANISHED))
    response.status_code = status
    return response


@blueprint.errorhandler(HTTPException)
def _show_http_error(error: HTTPException) -> Any:
    if error.response is not None:
        return error.response
    return _error_page(error.code or 500)


@blueprint.errorhandler(Exception)
def _show_crash(error: Exception) -> tuple[str, int]:
    log.error("request_crashed", exc_info=error)
    return _error_page(500)


def _error_page(status: int) -> tuple[str, int]:
    title, message = wording.ERRORS.get(status, wording.ERRORS[500])
    return render_template("admin/error.html", title=_(title), message=_(message)), status
