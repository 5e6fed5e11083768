"""The segments of a shop: all of them, and one with its rule, its members, and who is kept out.

The file of members holds names and addresses: each download is audited.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from flask import Response, g, render_template, request, url_for
from sqlalchemy import select
from sqlalchemy.orm import Session

from loyalty import audit
from loyalty.base.clock import day_in, utc_now
from loyalty.base.db import shop_transaction
from loyalty.base.errors import BadCriteria
from loyalty.campaigns.tables import Campaign
from loyalty.queries.segment_members import (
    SegmentMemberRow,
    count_kept_out,
    list_kept_out,
    list_segment_members,
    list_segment_moves,
)
from loyalty.segments import saving, views
from loyalty.segments.tables import Segment
from loyalty.shops.tables import Shop
from shopify_app.admin.csv_files import csv_file, refuse_links
from shopify_app.admin.languages import _, say
from shopify_app.admin.pages import blueprint, enter, parse_id
from shopify_app.admin.responses import go_to
from shopify_app.admin.segments.rule_form import form_of, is_group
from shopify_app.admin.segments.rule_values import Values
from shopify_app.admin.segments.words import GROUPS
from shopify_app.platform.admin_auth import admin_page

_BATCH = 50
_FILE_BATCH = 1_000
_HEADER = ("First name", "Last name", "Email", "Phone", "Points", "Joined", "In it since", "How")
_LISTS = {"out": list_kept_out, "moves": list_segment_moves}
_HOW = {"in": "by hand", "out": "kept out", None: "by rule"}


@dataclass(frozen=True, slots=True)
class Listed:
    """A segment in the list; `uses`: the campaigns that are addressed to it and not over."""

    segment: Segment
    uses: list[str]


@blueprint.get("/app/segments")
@admin_page
def segments() -> str:
    """The list."""
    with shop_transaction(g.shop_id) as session:
        enter(session)
        uses = _uses(session)
        rows = [
            Listed(segment, uses.get(str(segment.id), []))
            for segment in views.list_segments(session, g.shop_id)
        ]
    return render_template("admin/segments/segments.html", rows=rows)


@blueprint.get("/app/segments/<segment_id>")
@admin_page
def segment(segment_id: str) -> str:
    """One segment, and of its members what `show` says; with `after` the next rows alone."""
    wanted, after = parse_id(segment_id), request.args.get("after")
    with shop_transaction(g.shop_id) as session:
        shop = enter(session)
        found = views.get_segment(session, g.shop_id, wanted)
        values = read_members(session, found, after=after)
        if not after:
            values |= _read_rule(session, shop, found)
            values["uses"] = _uses(session).get(str(wanted), [])
    return render_template(
        "admin/segments/_rows.html" if after else "admin/segments/segment.html", **values
    )


@blueprint.get("/app/segments/<segment_id>/members.csv")
@admin_page
def segment_file(segment_id: str) -> Response:
    """All who belong as a CSV file, the newest members first."""
    wanted = parse_id(segment_id)
    refuse_links()
    with shop_transaction(g.shop_id) as session:
        shop = enter(session)
        views.get_segment(session, g.shop_id, wanted)
        subject = ("segment", str(wanted))
        audit.record(
            session, g.shop_id, g.actor, "segment_members_downloaded", subject, now=utc_now()
        )
    return csv_file(f"segment-{wanted}.csv", _HEADER, _file_rows(shop, wanted))


@blueprint.post("/app/segments/<segment_id>/removal")
@admin_page
def remove_segment(segment_id: str) -> Response:
    """Retire it: nobody belongs any more, and campaigns cannot choose it."""
    wanted = parse_id(segment_id)
    with shop_transaction(g.shop_id) as session:
        enter(session)
        saving.retire_segment(session, g.shop_id, wanted, actor=g.actor, now=utc_now())
    return go_to(url_for("admin.segments"), _("Segment deleted"))


def read_members(session: Session, found: Segment, *, after: str | None = None) -> dict[str, Any]:
    """A batch of who belongs; or, where the address says so, is kept out, or came and went."""
    show = request.args.get("show", "")
    listed: Callable[..., Any] = _LISTS.get(show, list_segment_members)
    return {
        "segment": found,
        "show": show if show in _LISTS else None,
        "page": listed(session, g.shop_id, found.id, after=after, limit=_BATCH),
        "kept_out": count_kept_out(session, g.shop_id, found.id),
    }


def _read_rule(session: Session, shop: Shop, found: Segment) -> dict[str, Any]:
    """The rule as groups of conditions; none for one by hand, or one that is not read any more."""
    values, rule, rule_error = Values.of(session, shop), None, say(found.error)
    try:
        rule = form_of(found.criteria, values) if found.criteria is not None else None
    except BadCriteria as error:
        rule_error = say(error)
    return {
        "rule": rule,
        "rule_error": rule_error,
        "values": values,
        "group_words": GROUPS,
        "is_group": is_group,
    }


def _uses(session: Session) -> dict[str, list[str]]:
    """The names of campaigns that go on or are to go, by the id of each of their segments."""
    found: dict[str, list[str]] = {}
    statement = (
        select(Campaign.name, Campaign.segment_ids)
        .where(Campaign.shop_id == g.shop_id, Campaign.state.not_in(("done", "stopped")))
        .order_by(Campaign.id.desc())
    )
    for name, segment_ids in session.execute(statement):
        for segment_id in segment_ids:
            found.setdefault(segment_id, []).append(name)
    return found


def _file_rows(shop: Shop, segment_id: UUID) -> Iterator[Sequence[str | int | None]]:
    """Batch by batch, each in a short transaction: a reader may be slow."""
    after: str | None = None
    while True:
        with shop_transaction(shop.shop_id) as session:
            page = list_segment_members(
                session, shop.shop_id, segment_id, after=after, limit=_FILE_BATCH
            )
        yield from (_file_row(row, shop.timezone) for row in page.rows)
        if page.next is None:
            return
        after = page.next


def _file_row(row: SegmentMemberRow, timezone: str) -> Sequence[str | int | None]:
    return (
        *(row.first_name, row.last_name, row.email, row.phone, row.points),
        *(day_in(timezone, row.joined_at).isoformat(), day_in(timezone, row.since).isoformat()),
        _HOW[row.word],
    )
