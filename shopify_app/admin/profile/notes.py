"""The profile's tab Notes: what staff wrote about a member, and the form for one more."""

from dataclasses import dataclass, field, replace
from typing import Any
from uuid import UUID, uuid4

from flask import Response, g, make_response, render_template, request, url_for
from sqlalchemy.orm import Session

from loyalty.base.clock import utc_now
from loyalty.base.db import shop_transaction
from loyalty.base.errors import BadMessage, IdempotencyConflict
from loyalty.members.notes import NOTE_MAX, add_note, list_notes
from loyalty.queries.entry_context import read_actor_contexts
from loyalty.queries.profile import get_profile
from shopify_app.admin.languages import N_, _, say
from shopify_app.admin.pages import blueprint, enter, parse_id
from shopify_app.admin.responses import go_to
from shopify_app.platform.admin_auth import admin_page

TAB = "notes"
_BATCH = 50
_SENT = N_("This form was already saved with another text. Look at the notes, then save again.")


@dataclass(frozen=True, slots=True)
class NoteForm:
    """What was typed, the key that makes a resend count once, and what is wrong by field."""

    client_key: str
    text: str = ""
    errors: dict[str, str] = field(default_factory=dict)


def read_notes(session: Session, member_id: UUID, form: NoteForm | None = None) -> dict[str, Any]:
    """The newest notes with who wrote them, and the form."""
    return {
        **_read_batch(session, member_id, None),
        "note_form": form or NoteForm(str(uuid4())),
        "note_max": NOTE_MAX,
    }


@blueprint.get("/app/members/<member_id>/notes")
@admin_page
def more_notes(member_id: str) -> str:
    """The next batch of notes."""
    member = parse_id(member_id)
    with shop_transaction(g.shop_id) as session:
        enter(session)
        get_profile(session, g.shop_id, member)
        values = _read_batch(session, member, request.args.get("after"))
    return render_template("admin/profile/_note_rows.html", member_id=member, **values)


@blueprint.post("/app/members/<member_id>/notes")
@admin_page
def write_note(member_id: str) -> Response:
    """Write the note down; answer with the way to the tab, or with the form and the reason."""
    member = parse_id(member_id)
    form = NoteForm(request.form.get("client_key", ""), request.form.get("note_text", ""))
    try:
        with shop_transaction(g.shop_id) as session:
            enter(session)
            key = _key(form.client_key)
            ids = g.shop_id, member
            add_note(session, *ids, form.text, key=key, actor=g.actor, now=utc_now())
    except BadMessage as refusal:
        return _refuse(member, replace(form, errors={refusal.field: say(refusal)}), 422)
    except IdempotencyConflict as refusal:
        fresh = replace(form, client_key=str(uuid4()), errors={"text": _(_SENT)})
        return _refuse(member, fresh, refusal.status)
    return go_to(url_for("admin.profile", member_id=member, tab=TAB), _("Note saved"))


def _read_batch(session: Session, member_id: UUID, after: str | None) -> dict[str, Any]:
    notes = list_notes(session, g.shop_id, member_id, limit=_BATCH, after=after)
    actors = {note.id: str(note.details.get("actor", "")) for note in notes.rows}
    authors = read_actor_contexts(session, g.shop_id, actors, {})
    return {"notes": notes, "note_authors": authors}


def _key(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError as error:
        raise BadMessage("text", _("Reload the page and try again")) from error


def _refuse(member_id: UUID, form: NoteForm, status: int) -> Response:
    with shop_transaction(g.shop_id) as session:
        enter(session)
        get_profile(session, g.shop_id, member_id)
        values = read_notes(session, member_id, form)
    page = render_template("admin/profile/_note_form.html", member_id=member_id, **values)
    return make_response(page, status)
