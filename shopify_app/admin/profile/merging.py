"""Merge into…: who it may be, both side by side with what would come of it, the merge and its undo.

The invariant: nothing is merged that was not seen before, and for 30 days it can be undone.
"""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from babel.lists import format_list
from flask import Response, g, make_response, render_template, request, url_for
from sqlalchemy.orm import Session

from loyalty.base.clock import utc_now
from loyalty.base.db import shop_transaction
from loyalty.base.errors import BadMerge, MemberHasMoved, MemberNotFound
from loyalty.members.matching import list_candidates
from loyalty.merging.checks import get_merge, list_merges
from loyalty.merging.merging import merge
from loyalty.merging.preview import Preview, preview
from loyalty.merging.tables import MemberMerge
from loyalty.merging.undoing import undo
from loyalty.queries.members import list_members
from loyalty.queries.profile import Profile, get_profile
from shopify_app.admin.languages import N_, _, language, say
from shopify_app.admin.pages import blueprint, enter, parse_id
from shopify_app.admin.profile.gone import find_gone
from shopify_app.admin.profile.words import CONSENT_WORDS, FIELD_LABELS
from shopify_app.admin.responses import go_to, tell
from shopify_app.platform.admin_auth import admin_page

_FOUND_MAX = 8
_CHANGED = N_("One of the two has changed meanwhile. Reload the page.")
_DETAILS = FIELD_LABELS | {"address": N_("address"), "birthday_on": N_("birthday on")}
_CONSENTS = {
    "email": N_("Consent to email: %(word)s, the stricter of the two."),
    "sms": N_("Consent to SMS: %(word)s, the stricter of the two."),
}
_SILENT = N_("never said anything")


@dataclass(frozen=True, slots=True)
class ShownMerge:
    """A merge that can be undone, and whom the member took in."""

    merge: MemberMerge
    name: str


def read_merges(session: Session, member_id: UUID) -> dict[str, Any]:
    """Whom the member took in and can still be parted from, newest first."""
    now = utc_now()
    open_merges = [
        one
        for one in list_merges(session, g.shop_id, member_id)
        if one.survivor_id == member_id and one.state == "done" and now < one.undo_until
    ]
    return {
        "merges": [
            ShownMerge(one, get_profile(session, g.shop_id, one.merged_id).name)
            for one in open_merges
        ]
    }


@blueprint.get("/app/members/<member_id>/merge")
@admin_page
def merging_page(member_id: str) -> str:
    """Choose whom the member goes into; with `into`, see what would come of it."""
    member, into = parse_id(member_id), request.args.get("into", "")
    with shop_transaction(g.shop_id) as session:
        enter(session)
        if gone := find_gone(session, member):
            return gone
        values = _read(session, get_profile(session, g.shop_id, member), into)
    return render_template("admin/profile/merge.html", **values)


@blueprint.post("/app/members/<member_id>/merge")
@admin_page
def merge_member(member_id: str) -> Response:
    """Let the chosen member take this one in; answer with the way to who stays."""
    member, survivor = parse_id(member_id), parse_id(request.form.get("into", ""))
    try:
        with shop_transaction(g.shop_id) as session:
            shop = enter(session)
            merge(session, shop, survivor, member, actor=g.actor, now=utc_now())
    except (BadMerge, MemberHasMoved) as refusal:
        return tell(make_response("", refusal.status), _words(refusal))
    return go_to(url_for("admin.profile", member_id=survivor), _("Merged. It can be undone here."))


@blueprint.post("/app/merges/<merge_id>/undo")
@admin_page
def undo_merge(merge_id: str) -> Response:
    """Make two members of one again; answer with the way to who stayed."""
    wanted = parse_id(merge_id)
    try:
        with shop_transaction(g.shop_id) as session:
            shop = enter(session)
            survivor = get_merge(session, g.shop_id, wanted).survivor_id
            undo(session, shop, wanted, actor=g.actor, now=utc_now())
    except (BadMerge, MemberHasMoved) as refusal:
        return tell(make_response("", refusal.status), _words(refusal))
    return go_to(url_for("admin.profile", member_id=survivor), _("They are two members again"))


def _words(refusal: Exception) -> str:
    return f"{say(refusal)}." if isinstance(refusal, BadMerge) else _(_CHANGED)


def _read(session: Session, member: Profile, into: str) -> dict[str, Any]:
    search = request.args.get("search", "").replace("\0", "").strip()[:200]
    seen, error = _preview(session, member.id, into) if into else (None, "")
    return {
        "member": member,
        "seen": seen,
        "error": error,
        "search": search,
        "likely": list_candidates(session, g.shop_id, member.id),
        "found": _find(session, member.id, search) if search else [],
        "taken": _list_details(seen) if seen else "",
        "consents": _list_consents(seen) if seen else [],
    }


def _preview(session: Session, member_id: UUID, into: str) -> tuple[Preview | None, str]:
    """What would come of it, or why it cannot be."""
    try:
        survivor = UUID(into)
        return preview(session, g.shop_id, survivor, member_id, now=utc_now()), ""
    except (ValueError, MemberNotFound):
        return None, _("There is no such member. Choose another.")
    except BadMerge as refusal:
        return None, f"{say(refusal)}."


def _list_details(seen: Preview) -> str:
    """What the one who stays takes from the other: `First name, Phone`."""
    labels = [_(_DETAILS[name]) for name in seen.filled]
    return format_list(labels, "unit", locale=language()) if labels else ""


def _list_consents(seen: Preview) -> list[str]:
    """The word on each channel that either of them spoke of."""
    words = CONSENT_WORDS | {None: _SILENT}
    return [_(_CONSENTS[channel], word=_(words[word])) for channel, word in seen.consents.items()]


def _find(session: Session, member_id: UUID, search: str) -> list[Any]:
    page = list_members(session, g.shop_id, search=search, sort="name", limit=_FOUND_MAX)
    return [row for row in page.rows if row.id != member_id]
