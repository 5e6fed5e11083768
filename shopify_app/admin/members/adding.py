"""Staff make somebody a member by hand: Shopify's customer is looked up, or made.

The invariant: what was typed stays in the form until it is right; sent twice it finds the first.
"""

from dataclasses import dataclass, field, replace

from flask import Response, g, make_response, render_template, request, url_for
from werkzeug.datastructures import MultiDict

from loyalty.base.db import shop_transaction
from loyalty.base.errors import BadContact
from shopify_app.admin.languages import N_, _, say
from shopify_app.admin.pages import blueprint, enter
from shopify_app.admin.responses import go_to
from shopify_app.platform.admin_auth import admin_page
from shopify_app.platform.errors import ShopifyError
from shopify_app.platform.people import Enrolled, add_member, read_newcomer

_NO_ANSWER = N_("Shopify did not answer. Nothing was changed. Please try again.")
_REFUSED = (N_("Consent to emails needs an email address"),)
"""What shopify_app.platform.people says, for the translators; `say` finds it by its English."""


@dataclass(frozen=True, slots=True)
class MemberForm:
    """What was typed, and what is wrong by field."""

    name: str = ""
    contact: str = ""
    country: str = ""
    wants_emails: bool = False
    has_proof: bool = False
    errors: dict[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, fields: "MultiDict[str, str]") -> "MemberForm":
        """The form as it was sent."""
        return cls(
            name=fields.get("name", "").replace("\0", "")[:500],
            contact=fields.get("contact", "").replace("\0", "")[:500],
            country=fields.get("country", "").strip().upper()[:2],
            wants_emails="wants_emails" in fields,
            has_proof="has_proof" in fields,
        )


@blueprint.get("/app/members/new")
@admin_page
def new_member() -> str:
    """A blank form."""
    return _page(MemberForm())


@blueprint.post("/app/members")
@admin_page
def create_member() -> Response:
    """Enrol them and show their profile; or the form, and what is wrong beside its field."""
    form = MemberForm.of(request.form)
    try:
        enrolled = _add(form)
    except BadContact as refusal:
        return _refuse(replace(form, errors={refusal.field: say(refusal)}), refusal.status)
    except ShopifyError:
        return _refuse(replace(form, errors={"form": _(_NO_ANSWER)}), 409)
    told = _("They were a member already") if enrolled.was_known else _("Member added")
    return go_to(url_for("admin.profile", member_id=enrolled.member_id), told)


def _add(form: MemberForm) -> Enrolled:
    newcomer = read_newcomer(form.name, form.contact, country=form.country or None)
    return add_member(
        g.shop_id,
        newcomer,
        said_yes_to=("email",) if form.wants_emails else (),
        has_proved_contact=form.has_proof,
        actor=g.actor,
    )


def _refuse(form: MemberForm, status: int) -> Response:
    with shop_transaction(g.shop_id) as session:
        enter(session)
        return make_response(render_template("admin/members/_form.html", form=form), status)


def _page(form: MemberForm) -> str:
    with shop_transaction(g.shop_id) as session:
        enter(session)
        return render_template("admin/members/new.html", form=form)
