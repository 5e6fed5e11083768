"""Staff redeem a reward for a member, take an unused code back, or say whether store credit was
paid; each click counts once.
"""

import json
from uuid import UUID

from flask import Response, g, make_response, render_template, request

from loyalty import adjustments
from loyalty.base.clock import utc_now
from loyalty.base.db import shop_transaction
from loyalty.base.errors import (
    BadReward,
    IdempotencyConflict,
    InsufficientPoints,
    LoyaltyError,
    MemberHasMoved,
    MemberNotActive,
    MemberNotFound,
    NotInDoubt,
    RedemptionNotFound,
)
from loyalty.queries.profile import get_profile
from loyalty.redemption import doubts
from loyalty.redemption.doubts import is_in_doubt
from loyalty.redemption.reserving import Wish
from loyalty.redemption.tables import Redemption
from loyalty.redemption.views import get_redemption
from shopify_app.admin.languages import N_, Words, _, say
from shopify_app.admin.pages import blueprint, enter, parse_id
from shopify_app.admin.profile.adjustment_form import AdjustmentForm
from shopify_app.admin.profile.choice_form import ChoiceForm
from shopify_app.admin.profile.page import read_figures
from shopify_app.admin.profile.rewards import read_redeemed, read_rewards
from shopify_app.platform import redeeming
from shopify_app.platform.admin_auth import admin_page
from wallet.tokens import renew_card

_OVER = Words(
    {
        "used": N_("This was redeemed before, and its code is used"),
        "returning": N_(
            "This was redeemed before and is being taken back. Its code is no good any more"
        ),
        "returned": N_("This was redeemed before and taken back. Redeem it anew"),
    }
)
_VANISHED = (MemberNotFound, MemberNotActive, MemberHasMoved)
"""Whose page says so by itself: see shopify_app.admin.pages."""
_SETTLED = N_("Somebody has said before whether it was paid")
_SENT = N_("This form was already sent for another reward. Choose again.")


@blueprint.get("/app/members/<member_id>/redemptions")
@admin_page
def more_redemptions(member_id: str) -> str:
    """The next batch of what the member redeemed."""
    member = parse_id(member_id)
    with shop_transaction(g.shop_id) as session:
        enter(session)
        get_profile(session, g.shop_id, member)
        page = read_redeemed(session, member, request.args.get("after"))
    return render_template("admin/profile/_redeemed_rows.html", member_id=member, redeemed=page)


@blueprint.post("/app/members/<member_id>/redemptions")
@admin_page
def redeem_reward(member_id: str) -> Response:
    """Redeem the chosen reward; answer with what changed, or with the card and what is wrong."""
    member = parse_id(member_id)
    try:
        redemption = redeeming.redeem(g.shop_id, member, _wish(), actor=g.actor, within=renew_card)
    except _VANISHED:
        raise
    except LoyaltyError as refusal:
        return _refuse(member, refusal, _field_of(refusal))
    return _answer(member, _said(redemption))


@blueprint.post("/app/members/<member_id>/redemptions/<redemption_id>/returns")
@admin_page
def take_back_reward(member_id: str, redemption_id: str) -> Response:
    """Disable the code and give the points back; answer with what changed."""
    member, redemption = parse_id(member_id), parse_id(redemption_id)
    _check_theirs(member, redemption)
    try:
        returned = redeeming.void(g.shop_id, redemption, reason="voided", actor=g.actor)
    except _VANISHED:
        raise
    except LoyaltyError as refusal:
        return _refuse(member, refusal, str(redemption))
    is_done = returned.state == "returned"
    return _answer(
        member, _("Points are back") if is_done else _("The points will be back in a minute")
    )


@blueprint.post("/app/members/<member_id>/redemptions/<redemption_id>/settlements")
@admin_page
def settle_credit(member_id: str, redemption_id: str) -> Response:
    """Staff say whether a store credit in doubt was paid; answer with what changed."""
    member, redemption = parse_id(member_id), parse_id(redemption_id)
    _check_theirs(member, redemption)
    try:
        said = request.form.get("was_paid")
        if said not in ("yes", "no"):
            raise BadReward("answer", _("Answer is neither yes nor no"))
        with shop_transaction(g.shop_id) as session:
            now = utc_now()
            doubts.settle(
                session, g.shop_id, redemption, was_paid=said == "yes", actor=g.actor, now=now
            )
    except _VANISHED:
        raise
    except LoyaltyError as refusal:
        return _refuse(member, refusal, str(redemption))
    return _answer(member, _("Noted as paid") if said == "yes" else _("Points are back"))


def _wish() -> Wish:
    """What was chosen. Raises BadReward for what no form of ours sends."""
    try:
        reward_id = UUID(request.form.get("reward_id", ""))
        client_key = UUID(request.form.get("client_key", ""))
    except ValueError as error:
        raise BadReward("reward", _("Reward is not chosen")) from error
    points = request.form.get("redeem_points", "").strip()
    if points and not (points.isascii() and points.isdigit() and 0 < int(points) < 10**15):
        raise BadReward("points", _("Points are no whole number"))
    return Wish(
        reward_id=reward_id,
        channel="admin",
        client_key=client_key,
        points=int(points) if points else None,
        sends_email="sends_email" in request.form,
    )


def _check_theirs(member_id: UUID, redemption_id: UUID) -> None:
    with shop_transaction(g.shop_id) as session:
        if get_redemption(session, g.shop_id, redemption_id).member_id != member_id:
            raise RedemptionNotFound(str(redemption_id))


def _said(redemption: Redemption) -> str:
    """What became of it by now: a form that comes again finds the redemption of the first time."""
    if is_in_doubt(redemption):
        return _("It is not known whether the store credit was paid: say so below")
    if redemption.state == "reserved" and redemption.code is None:
        return _("Redeemed. The store credit is being paid and will be there in a minute")
    if redemption.state == "reserved":
        return _("Redeemed. The code is being made and will be here in a minute")
    if redemption.state == "used" and redemption.code is None:
        return _("Redeemed. The store credit is paid")
    if redemption.state in _OVER:
        return _OVER[redemption.state]
    return _("Redeemed. The code is %(code)s", code=redemption.code)


def _answer(member_id: UUID, message: str) -> Response:
    with shop_transaction(g.shop_id) as session:
        enter(session)
        figures = read_figures(session, member_id)
    page = render_template(
        "admin/profile/_adjusted.html",
        **figures,
        form=AdjustmentForm.empty(),
        reasons=adjustments.REASONS,
        out_of_band=True,
    )
    response = make_response(page)
    response.headers["HX-Trigger"] = json.dumps(
        {"encore:toast": {"message": message}, "pointschanged": {}}
    )
    return response


def _field_of(refusal: LoyaltyError) -> str:
    """The name of the field that is at fault; none for a click that was sent twice."""
    if isinstance(refusal, IdempotencyConflict):
        return ""
    is_by_points = isinstance(refusal, InsufficientPoints) or (
        isinstance(refusal, BadReward) and refusal.field == "points"
    )
    has_points = bool(request.form.get("redeem_points", "").strip())
    return "redeem_points" if is_by_points and has_points else "reward_id"


def _refuse(member_id: UUID, refusal: LoyaltyError, name: str) -> Response:
    """The card again with the reason at `name`, a field's or the id of a redemption.

    What was refused was rolled back or given back.
    """
    known = {IdempotencyConflict: _SENT, NotInDoubt: _SETTLED}.get(type(refusal))
    words = _(known) if known else say(refusal)
    form = ChoiceForm.of(request.form, "reward_id").refused(name, words)
    with shop_transaction(g.shop_id) as session:
        enter(session)
        values = read_figures(session, member_id) | read_rewards(session, member_id, form=form)
    return make_response(render_template("admin/profile/_rewards.html", **values), refusal.status)
