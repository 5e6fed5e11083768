"""Settings, Programme, Referrals: whether there are any, and the claims that a person must look at.

The invariant: what was said of a claim is said once; a second word changes nothing.
"""

from typing import Any
from uuid import UUID

from flask import Response, g, render_template, request, url_for
from sqlalchemy import select
from sqlalchemy.orm import Session

from loyalty.base.clock import day_in, utc_now
from loyalty.base.db import shop_transaction
from loyalty.base.errors import NotFlagged
from loyalty.coupons.saving import list_handed_out
from loyalty.coupons.tables import Coupon
from loyalty.members.tables import Member
from loyalty.referrals import reviewing
from loyalty.referrals.rules import find_referral_rule
from loyalty.referrals.settings import read_settings, save_settings
from loyalty.shops.tables import Shop
from shopify_app.admin.languages import _
from shopify_app.admin.pages import blueprint, enter, parse_id
from shopify_app.admin.programme.form import Typed
from shopify_app.admin.responses import go_to
from shopify_app.platform import referrals
from shopify_app.platform.admin_auth import admin_page

_LISTED_MAX = 100


@blueprint.get("/app/settings/programme/referrals")
@admin_page
def programme_referrals() -> str:
    """The settings, and the claims that wait, the oldest first."""
    with shop_transaction(g.shop_id) as session:
        shop = enter(session)
        settings = read_settings(session, g.shop_id)
        form = Typed.showing({"is_on": settings.is_on, "coupon_id": settings.coupon_id})
        rule = find_referral_rule(session, shop, at=utc_now())
        return render_template(
            "admin/programme/referrals.html",
            form=form,
            rule=rule,
            coupons=_coupons(session, shop, settings.coupon_id),
            claims=_claims(session),
        )


@blueprint.post("/app/settings/programme/referrals")
@admin_page
def save_referrals() -> Response:
    """Switch referrals, and choose the friend's coupon or none."""
    form = Typed.of(request)
    chosen = form.text("coupon_id")
    with shop_transaction(g.shop_id) as session:
        enter(session)
        save_settings(
            session,
            g.shop_id,
            is_on=form.has("is_on"),
            coupon_id=parse_id(chosen) if chosen else None,
            drops_coupon=not chosen,
            actor=g.actor,
            now=utc_now(),
        )
    return go_to(url_for("admin.programme_referrals"), _("Referrals saved"))


@blueprint.post("/app/settings/programme/referrals/<referral_id>/approval")
@admin_page
def approve_referral(referral_id: str) -> Response:
    """Let the claim go on: the friend's first order decides."""
    wanted = parse_id(referral_id)
    try:
        referrals.approve(g.shop_id, wanted, actor=g.actor)
    except NotFlagged:
        return _decided_before()
    return go_to(url_for("admin.programme_referrals"), _("Referral accepted"))


@blueprint.post("/app/settings/programme/referrals/<referral_id>/refusal")
@admin_page
def reject_referral(referral_id: str) -> Response:
    """End the claim: nobody is paid for it, ever."""
    wanted = parse_id(referral_id)
    try:
        with shop_transaction(g.shop_id) as session:
            shop = enter(session)
            reviewing.reject(session, shop, wanted, actor=g.actor, now=utc_now())
    except NotFlagged:
        return _decided_before()
    return go_to(url_for("admin.programme_referrals"), _("Referral refused"))


def _decided_before() -> Response:
    return go_to(url_for("admin.programme_referrals"), _("This was decided already"))


def _coupons(session: Session, shop: Shop, chosen: UUID | None) -> dict[str, str]:
    """What a friend can be given; the one that is chosen, whatever became of it."""
    found = list(list_handed_out(session, shop.shop_id, day_in(shop.timezone, utc_now())))
    if chosen is not None and chosen not in {coupon.id for coupon in found}:
        found.append(session.get_one(Coupon, (shop.shop_id, chosen)))
    return {"": _("No coupon")} | {str(coupon.id): coupon.name for coupon in found}


def _claims(session: Session) -> list[dict[str, Any]]:
    """Who brought whom, and when, with their names."""
    flagged = reviewing.list_flagged(session, g.shop_id, limit=_LISTED_MAX)
    wanted = {one.advocate_id for one in flagged} | {one.friend_id for one in flagged}
    rows = session.execute(
        select(Member.id, Member.first_name, Member.last_name).where(
            Member.shop_id == g.shop_id, Member.id.in_(wanted)
        )
    )
    names = {row.id: f"{row.first_name or ''} {row.last_name or ''}".strip() for row in rows}
    return [
        {
            "id": one.referral_id,
            "at": one.claimed_at,
            "advocate_id": one.advocate_id,
            "advocate": names.get(one.advocate_id) or _("Somebody without a name"),
            "friend_id": one.friend_id,
            "friend": names.get(one.friend_id) or _("Somebody without a name"),
        }
        for one in flagged
    ]
