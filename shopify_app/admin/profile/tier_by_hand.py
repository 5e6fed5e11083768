"""A tier set by hand from the profile: a floor or a lock, with its reason and last day; or none.

The invariant: a refused form comes back with what was typed, and nothing is written.
"""

from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any
from uuid import UUID

from flask import Response, g, make_response, render_template, request, url_for
from sqlalchemy.orm import Session
from werkzeug.datastructures import MultiDict

from loyalty.base.clock import utc_now
from loyalty.base.db import shop_transaction
from loyalty.base.errors import BadTier, TierNotFound
from loyalty.queries.profile import get_profile
from loyalty.shops.tables import Shop
from loyalty.tiers.by_hand import clear_tier_by_hand, set_tier_by_hand
from loyalty.tiers.ladder import load_ladder
from loyalty.tiers.views import Standing
from shopify_app.admin.languages import N_, _, say
from shopify_app.admin.pages import blueprint, enter, parse_id
from shopify_app.admin.responses import go_to
from shopify_app.platform.admin_auth import admin_page

_GONE = N_("This tier is no longer there. Choose another.")


@dataclass(frozen=True, slots=True)
class TierForm:
    """What was typed, and what is wrong by field. `tier` is an id, or empty for no tier."""

    mode: str = "floor"
    tier: str = ""
    reason: str = ""
    until: str = ""
    errors: dict[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, fields: "MultiDict[str, str]") -> "TierForm":
        """The form as it was sent."""
        return cls(
            mode=fields.get("mode", ""),
            tier=fields.get("tier", ""),
            reason=fields.get("tier_reason", ""),
            until=fields.get("until", ""),
        )

    @classmethod
    def standing(cls, standing: Standing) -> "TierForm":
        """What is set by hand now, to be changed; else a floor at the tier that is held."""
        tier = str(standing.tier.id) if standing.tier else ""
        if standing.hand_mode is None:
            return cls(tier=tier)
        until = standing.hand_until_on.isoformat() if standing.hand_until_on else ""
        return cls(standing.hand_mode, tier, standing.hand_reason or "", until)

    def refused(self, field_name: str, message: str) -> "TierForm":
        """The same form with `message` beside the field."""
        return replace(self, errors={field_name: message})

    def chosen_tier(self) -> UUID | None:
        """The chosen tier; raises BadTier for what is no id."""
        try:
            return UUID(self.tier) if self.tier else None
        except ValueError as error:
            raise BadTier("tier", _(_GONE)) from error

    def last_day(self) -> date | None:
        """The last day of it; raises BadTier for what is no day."""
        try:
            return date.fromisoformat(self.until) if self.until else None
        except ValueError as error:
            raise BadTier("until", _("Enter a day, such as 2027-01-31")) from error


def read_tier_form(session: Session, standing: Standing | None) -> dict[str, Any]:
    """The dialog of the profile; nothing while tiers are off or the member is not active."""
    if standing is None:
        return {}
    return _values(session, TierForm.standing(standing), standing.hand_mode is not None)


@blueprint.post("/app/members/<member_id>/tier")
@admin_page
def set_tier(member_id: str) -> Response:
    """Hold the member at a tier; answer with the way to their page, or the form and the reason."""
    member, form = parse_id(member_id), TierForm.of(request.form)
    try:
        with shop_transaction(g.shop_id) as session:
            _set(session, enter(session), member, form)
    except BadTier as refusal:
        return _refuse(member, form.refused(refusal.field, say(refusal)), refusal.status)
    except TierNotFound:
        return _refuse(member, form.refused("tier", _(_GONE)), 422)
    return go_to(url_for("admin.profile", member_id=member), _("Tier set by hand"))


@blueprint.post("/app/members/<member_id>/tier/free")
@admin_page
def free_tier(member_id: str) -> Response:
    """Let orders and points decide again; saying it twice changes nothing."""
    member = parse_id(member_id)
    with shop_transaction(g.shop_id) as session:
        shop = enter(session)
        was_set = clear_tier_by_hand(session, shop, member, actor=g.actor, now=utc_now())
    told = _("The tier goes by the rules again") if was_set else _("It went by the rules already")
    return go_to(url_for("admin.profile", member_id=member), told)


def _set(session: Session, shop: Shop, member_id: UUID, form: TierForm) -> None:
    set_tier_by_hand(
        session,
        shop,
        member_id,
        mode=form.mode,
        tier_id=form.chosen_tier(),
        reason=form.reason,
        until_on=form.last_day(),
        actor=g.actor,
        now=utc_now(),
    )


def _refuse(member_id: UUID, form: TierForm, status: int) -> Response:
    with shop_transaction(g.shop_id) as session:
        enter(session)
        get_profile(session, g.shop_id, member_id)
        values = _values(session, form, is_held=False)
    page = render_template("admin/profile/_tier_by_hand.html", member_id=member_id, **values)
    return make_response(page, status)


def _values(session: Session, form: TierForm, is_held: bool) -> dict[str, Any]:
    rungs = load_ladder(session, g.shop_id).rungs
    return {"tier_form": form, "tier_choices": rungs, "is_held_by_hand": is_held}
