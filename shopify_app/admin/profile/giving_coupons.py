"""Staff give a member a coupon; each click counts once, whoever sends it again."""

import json
from uuid import UUID

from flask import Response, g, make_response, render_template, request

from loyalty.base.db import shop_transaction
from loyalty.base.errors import BadCoupon, CouponNotFound, IdempotencyConflict, LoyaltyError
from loyalty.coupons.assigning import HAD_IT, NO_CODE_LEFT, UNKNOWN
from loyalty.members.states import get_active_member
from shopify_app.admin.languages import N_, Words, _, say
from shopify_app.admin.pages import blueprint, enter, parse_id
from shopify_app.admin.profile.choice_form import ChoiceForm
from shopify_app.admin.profile.coupons import read_coupons
from shopify_app.admin.profile.page import read_figures
from shopify_app.platform import coupon_codes
from shopify_app.platform.admin_auth import admin_page

_SENT = N_("This form was already sent for another coupon. Choose again.")
_UNKNOWN = N_("There is no such coupon any more")
_REFUSED = Words(
    {
        UNKNOWN: N_("The member is no member"),
        "is archived": N_("The member is archived"),
        "is merged": N_("The member is merged"),
        "is erased": N_("The member is erased"),
        HAD_IT: N_("The member has had it as many times as allowed"),
        NO_CODE_LEFT: N_("No code is left"),
    }
)


@blueprint.post("/app/members/<member_id>/coupons")
@admin_page
def give_coupon(member_id: str) -> Response:
    """Give the chosen coupon; answer with what changed, or with the card and what is wrong."""
    member = parse_id(member_id)
    with shop_transaction(g.shop_id) as session:
        get_active_member(session, g.shop_id, member)
    try:
        code, state = _give(member)
    except LoyaltyError as refusal:
        return _refuse(member, refusal)
    if state == "gone":
        return _answer(member, _("This code is gone. Give the coupon anew"))
    if state == "making":
        return _answer(member, _("Coupon given. The code is being made"))
    return _answer(member, _("Coupon given. The code is %(code)s", code=code))


def _give(member_id: UUID) -> tuple[str, str]:
    """The code and its state. Raises BadCoupon for what no form of ours sends, and refusals."""
    try:
        coupon_id = UUID(request.form.get("coupon_id", ""))
        client_key = UUID(request.form.get("client_key", ""))
    except ValueError as error:
        raise BadCoupon("coupon", _("A coupon is not chosen")) from error
    handed = coupon_codes.hand_out(
        g.shop_id,
        coupon_id,
        [member_id],
        batch_id=client_key,
        sends_email="sends_email" in request.form,
        actor=g.actor,
    )
    if reason := handed.refused.get(member_id):
        raise BadCoupon("member", _(_REFUSED[reason]))
    given = handed.given[member_id]
    return given.code, given.state


def _answer(member_id: UUID, message: str) -> Response:
    with shop_transaction(g.shop_id) as session:
        enter(session)
        values = read_figures(session, member_id) | read_coupons(session, member_id)
    page = render_template("admin/profile/_coupon_given.html", **values, out_of_band=True)
    response = make_response(page)
    response.headers["HX-Trigger"] = json.dumps({"encore:toast": {"message": message}})
    return response


def _refuse(member_id: UUID, refusal: LoyaltyError) -> Response:
    """The card again with the reason; what was refused was rolled back."""
    words, name = say(refusal), "coupon_id"
    if isinstance(refusal, IdempotencyConflict):
        words, name = _(_SENT), ""
    elif isinstance(refusal, CouponNotFound):
        words = _(_UNKNOWN)
    form = ChoiceForm.of(request.form, "coupon_id").refused(name, words)
    with shop_transaction(g.shop_id) as session:
        enter(session)
        values = read_figures(session, member_id) | read_coupons(session, member_id, form=form)
    return make_response(render_template("admin/profile/_coupons.html", **values), refusal.status)
