"""Deeds for many members of the list: points with an undo, a segment, the loyalty card.

Before anything is done, the page says for how many; each form counts once.
"""

from gettext import NullTranslations
from typing import Any

from flask import Response, g, make_response, render_template, request, url_for
from sqlalchemy.orm import Session

from loyalty.adjustments import REASONS
from loyalty.base.clock import utc_now
from loyalty.base.db import shop_transaction
from loyalty.base.errors import BadDeed, BadGroupGrant, IdempotencyConflict, SegmentNotFound
from loyalty.base.said import said
from loyalty.group_grants.deciding import give_to_selected
from loyalty.listing.deeds import decide, get_deed
from loyalty.listing.selection import Selection, count_selected
from loyalty.listing.tables import MemberDeed
from loyalty.segments.views import list_segments
from loyalty.tiers.ladder import load_ladder
from mailing import setup as mail_setup
from shopify_app.admin.languages import N_, _, language, say, words_of
from shopify_app.admin.members.deed_form import KINDS, DeedForm
from shopify_app.admin.members.words import chips_of, describe_filters
from shopify_app.admin.pages import blueprint, enter, parse_id
from shopify_app.admin.responses import go_to
from shopify_app.platform.admin_auth import admin_page

_SENT = N_("This form was already sent with other choices. Go back to the list and begin again.")
_GONE = N_("This segment is no longer there. Choose another.")


@blueprint.get("/app/members/deeds/new")
@admin_page
def new_member_deed() -> str:
    """A blank form for those who were ticked or match."""
    form = DeedForm.blank(request.args)
    with shop_transaction(g.shop_id) as session:
        enter(session)
        values = _values(session, form)
    return render_template("admin/members/deed_new.html", **values)


@blueprint.post("/app/members/deeds")
@admin_page
def decide_member_deed() -> Response:
    """Decide it; show how far it is, or the form and what is wrong beside its field."""
    form = DeedForm.of(request.form)
    try:
        with shop_transaction(g.shop_id) as session:
            enter(session)
            where = _decide(session, form)
    except (BadDeed, BadGroupGrant) as refusal:
        return _refuse(form.refused(refusal.field, say(refusal)), refusal.status)
    except SegmentNotFound as refusal:
        return _refuse(form.refused("segment", _(_GONE)), refusal.status)
    except IdempotencyConflict as refusal:
        return _refuse(form.refused("form", _(_SENT)), refusal.status)
    return go_to(where, _("It is on its way"))


@blueprint.get("/app/members/deeds/<deed_id>")
@admin_page
def member_deed(deed_id: str) -> str:
    """How far a deed is; it asks for itself again while that moves."""
    wanted = parse_id(deed_id)
    with shop_transaction(g.shop_id) as session:
        enter(session)
        deed = get_deed(session, g.shop_id, wanted)
        words = _words_of(session, deed)
    title = _(KINDS[deed.kind][0])
    return render_template("admin/members/deed.html", deed=deed, title=title, words=words)


def _decide(session: Session, form: DeedForm) -> str:
    """The address that shows what becomes of it."""
    told: dict[str, Any] = {
        "words": _words(session, form.selection, words_of("en")),
        "client_key": form.client_key,
        "actor": g.actor,
        "now": utc_now(),
    }
    if form.kind == "grant":
        grant = give_to_selected(
            session,
            g.shop_id,
            form.selection,
            points=form.points,
            reason=form.reason,
            tells_members=form.tells_members,
            **told,
        )
        return url_for("admin.group_grant", grant_id=grant.id)
    if form.kind == "card" and not mail_setup.is_on():
        raise BadDeed("form", said("This installation of Encore sends no emails"))
    segment_id = form.segment() if form.kind == "segment" else None
    deed = decide(session, g.shop_id, form.kind, form.selection, segment_id=segment_id, **told)
    return url_for("admin.member_deed", deed_id=deed.id)


def _refuse(form: DeedForm, status: int) -> Response:
    """The form again, in a transaction of its own: the first one was rolled back."""
    with shop_transaction(g.shop_id) as session:
        enter(session)
        values = _values(session, form)
    return make_response(render_template("admin/members/_deed_form.html", **values), status)


def _values(session: Session, form: DeedForm) -> dict[str, Any]:
    title, button = KINDS[form.kind]
    return {
        "form": form,
        "title": _(title),
        "button": _(button),
        "words": _words(session, form.selection, words_of(language())),
        "members": count_selected(session, g.shop_id, form.selection),
        "segments": list_segments(session, g.shop_id),
        "reasons": REASONS,
        "can_tell": mail_setup.is_on(),
    }


def _words_of(session: Session, deed: MemberDeed) -> str:
    """Whom a deed is for, in the page's language; as written down once a name in it is another."""
    selection = Selection.read(deed.selection)
    if _words(session, selection, words_of("en")) != deed.words:
        return deed.words
    return _words(session, selection, words_of(language()))


def _words(session: Session, selection: Selection, speech: NullTranslations) -> str:
    """Who they are: `3 selected members`, or what the list was asked for."""
    if selection.ids is not None:
        count = len(selection.ids)
        pattern = speech.ngettext("%(shown)s selected member", "%(shown)s selected members", count)
        return pattern % {"shown": g.shop_format.number(count)}
    tiers = {str(rung.id): rung.name for rung in load_ladder(session, g.shop_id).rungs}
    segments = {each.id: each.name for each in list_segments(session, g.shop_id)}
    chips = chips_of(selection.asked, tiers, segments, g.shop_format, speech)
    return describe_filters(selection.asked.search, chips, speech)
