"""Who was given points together, and what became of theirs: page by page and as a file.

The file holds names and addresses: each download is audited.
"""

import re
from collections.abc import Iterator, Sequence
from uuid import UUID

from flask import Response, g, render_template, request

from loyalty import audit
from loyalty.base.clock import utc_now
from loyalty.base.db import shop_transaction
from loyalty.group_grants.deciding import get_grant
from loyalty.group_grants.giving import HAS_IT
from loyalty.group_grants.tables import GroupGrant
from loyalty.queries.group_grant_members import GrantedRow, list_granted
from shopify_app.admin.csv_files import csv_file, refuse_links
from shopify_app.admin.languages import N_, _, say
from shopify_app.admin.pages import blueprint, enter, parse_id
from shopify_app.platform.admin_auth import admin_page

STATES = {
    "waiting": (N_("Waiting"), "info"),
    "given": (N_("Given"), "success"),
    "skipped": (N_("Got none"), ""),
    "undone": (N_("Taken back"), ""),
    "kept": (N_("Kept them"), "warning"),
}
_REASONS = {
    "merged": N_("Merged into another member"),
    HAS_IT: N_("Has the points of a member merged into them"),
    "archived": N_("Archived"),
    "erased": N_("Erased"),
    "undone before": N_("Taken back before it was their turn"),
}
_SPENT = re.compile(r"Has spent (\d+) of them")
"""How the books write it down, see loyalty.group_grants.undoing."""
_WITHOUT = ("waiting", "skipped")
_BATCH = 50
_FILE_BATCH = 1_000
_HEADER = ("Member", "Email", "Points", "What became of them", "Why", "Expired before")


@blueprint.get("/app/group-grants/<grant_id>/members")
@admin_page
def group_grant_members(grant_id: str) -> str:
    """The members, in one `state` where the address names it; with `after` the next rows alone."""
    wanted, after = parse_id(grant_id), request.args.get("after")
    state = request.args.get("state", "")
    state = state if state in STATES else ""
    with shop_transaction(g.shop_id) as session:
        enter(session)
        grant = get_grant(session, g.shop_id, wanted)
        page = list_granted(
            session, g.shop_id, wanted, state=state or None, after=after, limit=_BATCH
        )
    template = "admin/_group_grant_member_rows.html" if after else "admin/group_grant_members.html"
    return render_template(
        template,
        grant=grant,
        page=page,
        state=state,
        states=STATES,
        tabs=_tabs(grant),
        why=say_why,
        points_of=lambda row: points_of(grant, row),
    )


@blueprint.get("/app/group-grants/<grant_id>/members.csv")
@admin_page
def group_grant_members_file(grant_id: str) -> Response:
    """All of them as a CSV file."""
    wanted = parse_id(grant_id)
    refuse_links()
    with shop_transaction(g.shop_id) as session:
        enter(session)
        grant = get_grant(session, g.shop_id, wanted)
        subject = ("group_grant", str(wanted))
        audit.record(
            session, g.shop_id, g.actor, "group_grant_members_downloaded", subject, now=utc_now()
        )
    return csv_file(f"points-{wanted}.csv", _HEADER, _rows(g.shop_id, grant))


def why(row: GrantedRow) -> str:
    """Why, in words; empty for who was given the points as decided."""
    return _REASONS.get(row.reason or "", row.reason or "")


def say_why(row: GrantedRow) -> str:
    """The same in the language of the page."""
    spent = _SPENT.fullmatch(row.reason or "")
    if spent is None:
        return say(why(row))
    return _("Has spent %(points)s of them", points=g.shop_format.number(int(spent[1])))


def points_of(grant: GroupGrant, row: GrantedRow) -> int | None:
    """How many points the decision moved for the member; None where it moved none."""
    return None if row.state in _WITHOUT else grant.points


def _tabs(grant: GroupGrant) -> list[tuple[str, str, int]]:
    """Code, label and count of all, and of each state that somebody is in."""
    told = (grant.given, grant.skipped, grant.undone, grant.kept)
    counts = dict(zip(("given", "skipped", "undone", "kept"), told, strict=True))
    counts["waiting"] = grant.members - sum(told)
    some = [(code, say(STATES[code][0]), counts[code]) for code in STATES if counts[code] > 0]
    return [("", _("All"), grant.members), *some]


def _rows(shop_id: int, grant: GroupGrant) -> Iterator[Sequence[str | int | None]]:
    """Batch by batch, each in a short transaction: a reader may be slow."""
    after: str | None = None
    grant_id: UUID = grant.id
    while True:
        with shop_transaction(shop_id) as session:
            page = list_granted(session, shop_id, grant_id, after=after, limit=_FILE_BATCH)
        for row in page.rows:
            moved, expired = points_of(grant, row), row.expired_points or None
            yield (row.name, row.email, moved, STATES[row.state][0], why(row), expired)
        if page.next is None:
            return
        after = page.next
