"""Details of a member changed here, field by field: what was changed is ours, the rest Shopify's.

The invariant: a field that was left as it stood keeps its source.
"""

from dataclasses import dataclass, field, replace
from typing import Any
from uuid import UUID

from flask import Response, g, make_response, render_template, request, url_for
from sqlalchemy.orm import Session

from loyalty.base.clock import utc_now
from loyalty.base.db import shop_transaction
from loyalty.base.errors import BadBirthday, BadContact, MemberNotFound
from loyalty.members.editing import FIELDS, edit_details, follow_shopify
from loyalty.members.tables import Member
from loyalty.shops.tables import Shop
from shopify_app.admin.languages import N_, Words, _, say
from shopify_app.admin.pages import blueprint, enter, parse_id
from shopify_app.admin.profile.birthday import PARTS, save_birthday, standing_birthday
from shopify_app.admin.profile.words import FIELD_LABELS, SOURCES
from shopify_app.admin.responses import go_to
from shopify_app.platform.admin_auth import admin_page

_TAKE = Words(
    {
        "first_name": N_("Take first name from Shopify again"),
        "last_name": N_("Take last name from Shopify again"),
        "email": N_("Take email from Shopify again"),
        "phone": N_("Take phone from Shopify again"),
    }
)
_TAKEN = Words(
    {
        "first_name": N_("First name comes from Shopify again"),
        "last_name": N_("Last name comes from Shopify again"),
        "email": N_("Email comes from Shopify again"),
        "phone": N_("Phone comes from Shopify again"),
    }
)
_NOTHING_TAKEN = N_("Nothing comes from Shopify again")


@dataclass(frozen=True, slots=True)
class DetailsForm:
    """What was typed by field, what the form had shown there, and what is wrong by field."""

    typed: dict[str, str]
    was: dict[str, str]
    errors: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Source:
    """Where a field comes from, in words. `is_local`: Shopify's news leaves it alone."""

    label: str
    is_local: bool


def read_details(
    session: Session, member_id: UUID, form: DetailsForm | None = None
) -> dict[str, Any]:
    """The sources by field, and the form with what stands there. Raises MemberNotFound."""
    member = _get(session, member_id)
    sources = {
        name: Source(_(SOURCES[member.sources.get(name, "shopify")]), _is_local(member, name))
        for name in FIELDS
    }
    return {
        "sources": sources,
        "details_form": form or DetailsForm(_standing(member), _standing(member)),
        "field_labels": FIELD_LABELS,
        "follow_labels": _TAKE,
        "months": g.shop_format.months(),
    }


@blueprint.post("/app/members/<member_id>/details")
@admin_page
def change_details(member_id: str) -> Response:
    """Keep what was changed; answer with the way to the page, or with the form and the reason."""
    member = parse_id(member_id)
    names = (*FIELDS, *PARTS)
    typed = {name: request.form.get(f"detail_{name}", "") for name in names}
    was = {name: request.form[f"was_{name}"] for name in names if f"was_{name}" in request.form}
    form = DetailsForm(typed, was)
    try:
        with shop_transaction(g.shop_id) as session:
            shop = enter(session)
            changed = _changed(_get(session, member), form)
            _save(session, shop, member, form, changed)
    except (BadContact, BadBirthday) as refusal:
        return _refuse(member, replace(form, errors={refusal.field: say(refusal)}), refusal.status)
    told = _("Details saved") if changed else _("Nothing was changed")
    return go_to(url_for("admin.profile", member_id=member), told)


@blueprint.post("/app/members/<member_id>/details/shopify")
@admin_page
def follow_details(member_id: str) -> Response:
    """Let one field be Shopify's again, as it has it now."""
    member, name = parse_id(member_id), request.form.get("field", "")
    with shop_transaction(g.shop_id) as session:
        shop = enter(session)
        fields = [name] if name in FIELDS else []
        follow_shopify(session, shop, member, fields, actor=g.actor, now=utc_now())
    told = _(_TAKEN.get(name, _NOTHING_TAKEN))
    return go_to(url_for("admin.profile", member_id=member), told)


def _get(session: Session, member_id: UUID) -> Member:
    member = session.get(Member, (g.shop_id, member_id))
    if member is None:
        raise MemberNotFound(str(member_id))
    return member


def _is_local(member: Member, name: str) -> bool:
    return member.sources.get(name) == "local"


def _standing(member: Member) -> dict[str, str]:
    return {name: getattr(member, name) or "" for name in FIELDS} | standing_birthday(member)


def _save(
    session: Session, shop: Shop, member_id: UUID, form: DetailsForm, changed: dict[str, str]
) -> None:
    contact = {name: text for name, text in changed.items() if name in FIELDS}
    edit_details(session, shop, member_id, contact, actor=g.actor, now=utc_now())
    if len(contact) < len(changed):
        save_birthday(session, shop, member_id, form.typed, utc_now())


def _changed(member: Member, form: DetailsForm) -> dict[str, str]:
    """What was typed over; a blank before or behind it is no change, nor is what came meanwhile."""
    before = _standing(member) | form.was
    return {name: text for name, text in form.typed.items() if text.strip() != before[name]}


def _refuse(member_id: UUID, form: DetailsForm, status: int) -> Response:
    with shop_transaction(g.shop_id) as session:
        enter(session)
        values = read_details(session, member_id, form)
    page = render_template("admin/profile/_details_form.html", member_id=member_id, **values)
    return make_response(page, status)
