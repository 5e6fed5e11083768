"""Settings, Till: what a user may grant and redeem in a day, where, and whose PIN vouches.

The invariant: a PIN goes in and never comes out, not even with the form that it was refused in.
"""

from dataclasses import replace
from typing import Any

from flask import Response, g, make_response, render_template, request, url_for
from sqlalchemy.orm import Session
from werkzeug.datastructures import MultiDict
from werkzeug.exceptions import NotFound

from loyalty.base.clock import utc_now
from loyalty.base.db import shop_transaction
from loyalty.base.errors import BadSetting
from loyalty.base.said import said
from loyalty.programme.rules import get_programme
from loyalty.programme.settings import TILL_CAP_MAX, set_till_cap
from loyalty.redemption import velocity
from loyalty.till import limits, managers
from loyalty.till.people import list_users
from shopify_app.admin.languages import _, say
from shopify_app.admin.pages import blueprint, enter, parse_id
from shopify_app.admin.programme.form import Typed, numbers
from shopify_app.admin.responses import go_to
from shopify_app.admin.settings.places import list_places
from shopify_app.platform.admin_auth import admin_page
from wallet import setup

_DAY = ("grant_per_day", "velocity_per_member", "velocity_per_user")
_LIMIT = ("user", "location", "grant", "redeem")
_MANAGER = ("name", "pin")
_NOTHING = Typed(MultiDict())


@blueprint.get("/app/settings/till")
@admin_page
def till_settings() -> str:
    """The page with its three forms."""
    return _page("till.html")


@blueprint.post("/app/settings/till/day")
@admin_page
def save_till_day() -> Response:
    """What counts for every user, and from how many redemptions on one is looked at."""
    form = Typed.of(request)
    try:
        _save_day(form)
    except BadSetting as refusal:
        return _refuse("_till_day.html", refusal, form, _DAY, "day")
    return go_to(url_for("admin.till_settings"), _("Limits saved"))


@blueprint.post("/app/settings/till/limits")
@admin_page
def save_till_limit() -> Response:
    """The limit of a user, a place, or both; an empty number leaves it to the wider limit."""
    form = Typed.of(request)
    try:
        _save_limit(form)
    except BadSetting as refusal:
        return _refuse("_till_limit.html", refusal, form, _LIMIT, "limit")
    return go_to(url_for("admin.till_settings"), _("Limit saved"))


@blueprint.post("/app/settings/till/limits/<int:user_id>/<int:location_id>/remove")
@admin_page
def remove_till_limit(user_id: int, location_id: int) -> Response:
    """Let the wider limit count again."""
    try:
        _set_limit(user_id, location_id, None, None)
    except BadSetting as refusal:
        raise NotFound from refusal
    return go_to(url_for("admin.till_settings"), _("Limit removed"))


@blueprint.post("/app/settings/till/managers")
@admin_page
def save_till_manager() -> Response:
    """A manager with a PIN, or another PIN for one who is there."""
    form = Typed.of(request)
    try:
        with shop_transaction(g.shop_id) as session:
            enter(session)
            managers.set_pin(
                session,
                g.shop_id,
                form.text("name"),
                form.text("pin"),
                secret=setup.current().link_secret,
                actor=g.actor,
                now=utc_now(),
            )
    except BadSetting as refusal:
        kept = replace(form, fields=MultiDict({"name": form.text("name")}))
        return _refuse("_till_manager.html", refusal, kept, _MANAGER, "manager")
    return go_to(url_for("admin.till_settings"), _("PIN saved"))


@blueprint.post("/app/settings/till/managers/<manager_id>/remove")
@admin_page
def remove_till_manager(manager_id: str) -> Response:
    """From now on the PIN vouches for nothing."""
    wanted = parse_id(manager_id)
    with shop_transaction(g.shop_id) as session:
        enter(session)
        known = {row.id: row.name for row in managers.list_managers(session, g.shop_id)}
        if wanted not in known:
            raise NotFound
        managers.remove_manager(session, g.shop_id, known[wanted], actor=g.actor, now=utc_now())
    return go_to(url_for("admin.till_settings"), _("Manager removed"))


def _save_day(form: Typed) -> None:
    cap, per_member, per_user = (_number(form, name, "") for name in _DAY)
    if cap is None or not 0 <= cap <= TILL_CAP_MAX:
        raise BadSetting("grant_per_day", said("Use 0 to %(most)s points a day", most=TILL_CAP_MAX))
    with shop_transaction(g.shop_id) as session:
        enter(session)
        who = {"actor": g.actor, "now": utc_now()}
        set_till_cap(session, g.shop_id, cap, **who)
        velocity.set_limits(session, g.shop_id, per_member=per_member, per_user=per_user, **who)


def _save_limit(form: Typed) -> None:
    user, place = (_number(form, name, str(limits.EACH)) for name in ("user", "location"))
    grant, redeem = (_number(form, name, "") for name in ("grant", "redeem"))
    if grant is None and redeem is None:
        raise BadSetting("grant", said("Enter at least one of the two numbers"))
    assert user is not None and place is not None
    with shop_transaction(g.shop_id) as session:
        if place not in {limits.EACH, *list_places(session)}:
            raise BadSetting("location", said("Choose one of the shop"))
    _set_limit(user, place, grant, redeem)


def _set_limit(user: int, place: int, grant: int | None, redeem: int | None) -> None:
    with shop_transaction(g.shop_id) as session:
        enter(session)
        limits.set_limit(
            session,
            g.shop_id,
            user_id=user,
            location_id=place,
            grant_per_day=grant,
            redeem_per_day=redeem,
            actor=g.actor,
            now=utc_now(),
        )


def _number(form: Typed, name: str, empty: str) -> int | None:
    """What was typed as a whole number; nothing typed is None, or `empty`. Raises BadSetting."""
    text = form.text(name) or empty
    if not text:
        return None
    [found] = numbers([text])
    if not isinstance(found, int):
        raise BadSetting(name, said("Enter a whole number"))
    return found


def _refuse(
    template: str, refusal: BadSetting, form: Typed, known: tuple[str, ...], which: str
) -> Response:
    message = say(refusal)
    if str(refusal)[:1].islower():
        message = _("This %(text)s", text=message)
    refused = form.refused(refusal.field, message, known)
    return make_response(_page(template, **{which: refused}), 422)


def _page(template: str, **forms: Typed) -> str:
    with shop_transaction(g.shop_id) as session:
        enter(session)
        values: dict[str, Any] = {"day": _saved_day(session), "limit": _NOTHING} | forms
        return render_template(
            f"admin/settings/{template}",
            **{"manager": _NOTHING} | values,
            users=list_users(session, g.shop_id),
            places=list_places(session),
            limits=limits.list_limits(session, g.shop_id),
            managers=managers.list_managers(session, g.shop_id),
            each=limits.EACH,
        )


def _saved_day(session: Session) -> Typed:
    programme = get_programme(session, g.shop_id)
    return Typed.showing(
        {
            "grant_per_day": programme.till_grant_cap_per_day,
            "velocity_per_member": programme.velocity_per_member,
            "velocity_per_user": programme.velocity_per_user,
        }
    )
