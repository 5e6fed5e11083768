"""The members list: one keyset page of one shop, filtered, searched and sorted as its address says.

The number of all who match is asked for by a request of its own when it takes a count.
"""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from flask import Response, g, make_response, render_template, request
from sqlalchemy.orm import Session

from loyalty.base.db import shop_transaction
from loyalty.base.errors import ListTooSlow
from loyalty.listing.filters import CHOICES
from loyalty.listing.finding import count_matching
from loyalty.programme.rules import get_programme
from loyalty.queries.members import TOTAL_CAP, MemberPage, list_members
from loyalty.segments.views import get_segment, list_segments
from loyalty.shops.tables import Shop
from loyalty.tiers.ladder import Rung, load_ladder
from loyalty.tiers.views import list_tiers_of
from shopify_app.admin.formatting import ShopFormat
from shopify_app.admin.languages import _, language, ngettext, words_of
from shopify_app.admin.members.asked import Asked
from shopify_app.admin.members.saved_views import read_views
from shopify_app.admin.members.words import COLUMNS, NO_TIER, TITLES, WORDS, Chip, chips_of
from shopify_app.admin.pages import blueprint, enter
from shopify_app.platform.admin_auth import admin_page

_TOTAL_MAX = TOTAL_CAP - 1
_NOBODY = MemberPage([], None, None, None)


@dataclass(frozen=True, slots=True)
class Panel:
    """What the filters can be chosen from, and which are on."""

    tiers: list[tuple[str, str]]
    segments: list[tuple[UUID, str]]
    chips: list[Chip]


@blueprint.get("/app/members")
@admin_page
def members() -> Response:
    """The list, or an invitation when there is nobody yet."""
    asked = Asked.of(request.args)
    try:
        values, status = read_list(asked), 200
    except ListTooSlow as refusal:
        values, status = _read_frame(asked), refusal.status
    return make_response(render_template("admin/members/members.html", **values), status)


@blueprint.get("/app/members/total")
@admin_page
def members_total() -> str:
    """How many match, as words."""
    asked = Asked.of(request.args)
    try:
        with shop_transaction(g.shop_id) as session:
            shop = enter(session)
            total = count_matching(session, g.shop_id, shop.timezone, asked.filters, most=TOTAL_CAP)
    except ListTooSlow:
        return _("Many members")
    return describe_total(total, g.shop_format)


def describe_total(total: int | None, words: ShopFormat) -> str:
    """`1 member`, `1,234 members` or `10,000+ members`; nothing when it was not counted."""
    if total is None:
        return ""
    if total > _TOTAL_MAX:
        return _("%(most)s+ members", most=words.number(_TOTAL_MAX))
    return ngettext("%(shown)s member", "%(shown)s members", total, shown=words.number(total))


def read_list(asked: Asked) -> dict[str, Any]:
    """What the page shows. Raises ListTooSlow, SegmentNotFound."""
    with shop_transaction(g.shop_id) as session:
        shop = enter(session)
        if asked.filters.segment is not None:
            get_segment(session, g.shop_id, asked.filters.segment)
        page = list_members(
            session,
            g.shop_id,
            asked=asked.filters,
            sort=asked.sort,
            after=asked.after,
            before=asked.before,
            limit=asked.size,
        )
        tiers = list_tiers_of(session, g.shop_id, [row.id for row in page.rows])
        return _values(session, shop, asked, page, tiers) | {"is_too_slow": False}


def _read_frame(asked: Asked) -> dict[str, Any]:
    """The same without its rows, in a transaction of its own: the first one is over."""
    with shop_transaction(g.shop_id) as session:
        return _values(session, enter(session), asked, _NOBODY, {}) | {"is_too_slow": True}


def _values(
    session: Session, shop: Shop, asked: Asked, page: MemberPage, tiers: dict[UUID, Rung]
) -> dict[str, Any]:
    has_tiers = get_programme(session, shop.shop_id).tiers_on
    return {
        "asked": asked,
        "views": read_views(session, asked),
        "view_name": "",
        "view_error": "",
        "page": page,
        "total": describe_total(page.total, g.shop_format),
        "has_tiers": has_tiers,
        "tiers": tiers,
        "panel": _panel(session, asked, has_tiers),
        "columns": {name: each for name, each in COLUMNS.items() if has_tiers or name != "tier"},
        "titles": TITLES,
        "words": WORDS,
        "choices": CHOICES,
        "no_tier": NO_TIER,
    }


def _panel(session: Session, asked: Asked, has_tiers: bool) -> Panel:
    rungs = load_ladder(session, g.shop_id).rungs if has_tiers else ()
    tiers = {str(rung.id): rung.name for rung in rungs}
    segments = {segment.id: segment.name for segment in list_segments(session, g.shop_id)}
    speech = words_of(language())
    chips = list(chips_of(asked.filters, tiers, segments, g.shop_format, speech))
    return Panel(list(tiers.items()), list(segments.items()), chips)
