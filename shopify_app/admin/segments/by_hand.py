"""By hand: staff put a member into a segment, keep them out, or let its rule decide again.

From the segment's page and from the member's own; saying the same twice changes nothing.
"""

import json
from collections.abc import Callable
from typing import Any
from uuid import UUID

from flask import Response, g, make_response, render_template, request
from sqlalchemy.orm import Session
from werkzeug.exceptions import BadRequest

from loyalty.base.clock import utc_now
from loyalty.base.db import shop_transaction
from loyalty.base.errors import (
    LoyaltyError,
    MemberNotActive,
    MemberNotFound,
    SegmentNotFound,
)
from loyalty.members.states import get_active_member
from loyalty.queries.members import list_members
from loyalty.segments import overriding, views
from shopify_app.admin.languages import N_, _
from shopify_app.admin.pages import blueprint, enter, parse_id
from shopify_app.admin.profile.segments import read_segments
from shopify_app.admin.responses import tell
from shopify_app.admin.segments.page import read_members
from shopify_app.platform.admin_auth import admin_page

_FOUND_MAX = 8
_WORDS: dict[str, tuple[Callable[..., bool], str, str]] = {
    "in": (
        overriding.put_in,
        N_("Put into %(segment)s"),
        N_("Put into %(segment)s, once all its members have been counted"),
    ),
    "out": (
        overriding.keep_out,
        N_("Kept out of %(segment)s"),
        N_("Kept out of %(segment)s, once all its members have been counted"),
    ),
    "rule": (
        overriding.clear,
        N_("%(segment)s goes by its rule again"),
        N_("%(segment)s goes by its rule again, once all its members have been counted"),
    ),
}
"""What each button does, what it says then, and what it says while the segment waits."""
_GONE = N_("This segment is no longer there. Choose another.")
_NOT_ACTIVE = N_("This member is not active any more. Nothing was changed.")


@blueprint.get("/app/segments/<segment_id>/finder")
@admin_page
def find_for_segment(segment_id: str) -> str:
    """The first members whose name or email matches the search."""
    wanted = parse_id(segment_id)
    search = request.args.get("search", "").replace("\0", "").strip()[:200]
    with shop_transaction(g.shop_id) as session:
        enter(session)
        segment = views.get_segment(session, g.shop_id, wanted)
        page = list_members(session, g.shop_id, search=search, sort="name", limit=_FOUND_MAX)
    return render_template(
        "admin/segments/_found.html",
        segment=segment,
        search=search,
        found=page.rows if search else [],
        has_more=page.next is not None,
    )


@blueprint.post("/app/segments/<segment_id>/members")
@admin_page
def say_of_segment_member(segment_id: str) -> Response:
    """One member of a segment's page; answer with its members as they are then."""
    wanted, member = parse_id(segment_id), parse_id(request.form.get("member_id", ""))
    error, status, told = "", 200, ""
    try:
        with shop_transaction(g.shop_id) as session:
            told = _say(session, wanted, member)
    except MemberNotActive as refusal:
        error, status = _(_NOT_ACTIVE), refusal.status
    with shop_transaction(g.shop_id) as session:
        enter(session)
        values = read_members(session, views.get_segment(session, g.shop_id, wanted))
    page = render_template("admin/segments/_members.html", **values, error=error)
    answer = make_response(page, status)
    return tell(answer, told) if told else answer


@blueprint.post("/app/members/<member_id>/segments")
@admin_page
def say_of_members_segment(member_id: str) -> Response:
    """One segment of a profile; answer with the card, or with what is wrong."""
    member = parse_id(member_id)
    try:
        with shop_transaction(g.shop_id) as session:
            get_active_member(session, g.shop_id, member)
            told = _say(session, _chosen(), member)
    except MemberNotFound:
        raise
    except LoyaltyError as refusal:
        words = _(_GONE if isinstance(refusal, SegmentNotFound) else _NOT_ACTIVE)
        answer = _show(member, refusal.status, error=words)
        # The dialog has a place for the reason; a button of the card has none.
        return answer if request.form.get("word") == "in" else tell(answer, words)
    answer = _show(member, 200)
    events: dict[str, Any] = {
        "encore:close": {"id": "add-to-segment"},
        "encore:toast": {"message": told},
    }
    answer.headers["HX-Trigger"] = json.dumps(events)
    return answer


def _chosen() -> UUID:
    """Raises SegmentNotFound for what is no id: no segment of ours was chosen."""
    text = request.form.get("segment_id", "")
    try:
        return UUID(text)
    except ValueError as error:
        raise SegmentNotFound(text) from error


def _say(session: Session, segment_id: UUID, member_id: UUID) -> str:
    """What was done, in words. Raises SegmentNotFound, MemberNotFound, MemberNotActive."""
    word = request.form.get("word", "")
    if word not in _WORDS:
        raise BadRequest
    shop = enter(session)
    segment = views.get_segment(session, g.shop_id, segment_id)
    act, told, told_later = _WORDS[word]
    act(session, shop, segment_id, member_id, actor=g.actor, now=utc_now())
    return _(told if segment.refreshed_at else told_later, segment=segment.name)


def _show(member_id: UUID, status: int, *, error: str = "") -> Response:
    """The card; refused, the form of the dialog with the reason. What was refused is undone."""
    with shop_transaction(g.shop_id) as session:
        enter(session)
        values = read_segments(session, member_id, error=error)
    values |= {"member_id": member_id, "out_of_band": not error}
    template = (
        "admin/profile/_add_to_segment.html" if error else "admin/profile/_segments_changed.html"
    )
    return make_response(render_template(template, **values), status)
