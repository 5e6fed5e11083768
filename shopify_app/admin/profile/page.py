"""One member's page and its batches of orders and events; another shop's member is not found."""

from typing import Any
from uuid import UUID

from flask import g, render_template, request
from sqlalchemy.orm import Session

from loyalty import adjustments
from loyalty.badges.views import list_badges_of
from loyalty.base.clock import utc_now
from loyalty.base.db import shop_transaction
from loyalty.members.tables import Member, TimelineEvent
from loyalty.orders.tables import Order
from loyalty.programme.rules import get_programme
from loyalty.queries.entry_context import (
    EntryContext,
    read_actor_contexts,
    read_entry_contexts,
)
from loyalty.queries.profile import (
    OrderPage,
    Profile,
    get_profile,
    list_orders,
    list_timeline,
)
from loyalty.shops.directory import get_shop
from loyalty.shops.tables import Shop
from loyalty.tiers.views import find_standing
from shopify_app.admin.pages import blueprint, enter, hold, parse_id
from shopify_app.admin.profile.adjustment_form import AdjustmentForm
from shopify_app.admin.profile.consent_tab import read_consent
from shopify_app.admin.profile.coupons import read_coupons
from shopify_app.admin.profile.details import read_details
from shopify_app.admin.profile.emails import read_emails
from shopify_app.admin.profile.erasing import read_erasing
from shopify_app.admin.profile.gone import find_gone
from shopify_app.admin.profile.insight import read_insight
from shopify_app.admin.profile.merging import read_merges
from shopify_app.admin.profile.notes import read_notes
from shopify_app.admin.profile.one_off_form import read_one_offs
from shopify_app.admin.profile.points import read_points
from shopify_app.admin.profile.reach import read_counts, read_reach
from shopify_app.admin.profile.referrals import TAB, read_tab
from shopify_app.admin.profile.rewards import read_rewards
from shopify_app.admin.profile.segments import read_segments
from shopify_app.admin.profile.tier_by_hand import read_tier_form
from shopify_app.admin.profile.timeline_words import entry_id_of
from shopify_app.admin.profile.transactions_tab import read_transactions
from shopify_app.platform.admin_auth import admin_page

_TIMELINE_BATCH = 15
_ORDERS_BATCH = 25
_TABS = (
    *("overview", "transactions", "orders", "consent", "segments", "referrals"),
    *("timeline", "notes"),
)


@blueprint.get("/app/members/<member_id>")
@admin_page
def profile(member_id: str) -> str:
    """The whole page, with the tab that the address names."""
    member, tab = parse_id(member_id), request.args.get("tab", "")
    with shop_transaction(g.shop_id) as session:
        shop = enter(session)
        hold(session.get(Member, (g.shop_id, member)), get_programme(session, g.shop_id))
        if gone := find_gone(session, member):
            return gone
        values = read_figures(session, member)
        values |= read_reach(session, member)
        values["emails"] = read_emails(session, member)
        values |= _read_standing(session, shop, member)
        values |= read_coupons(session, member)
        values |= read_segments(session, member)
        values |= read_one_offs(session, member)
        values |= read_tab(session, member, tab)
        values |= read_details(session, member)
        values |= read_merges(session, member)
        values |= read_erasing(session, member)
        values |= _read_open_tab(session, member, tab)
    return render_template(
        "admin/profile/profile.html",
        **values,
        tab=tab if tab in _TABS and (tab != TAB or values["has_referrals"]) else _TABS[0],
        form=AdjustmentForm.empty(),
        reasons=adjustments.REASONS,
        address=address_lines(values["profile"].address),
    )


@blueprint.get("/app/members/<member_id>/timeline")
@admin_page
def more_timeline(member_id: str) -> str:
    """The next batch of events."""
    member = parse_id(member_id)
    with shop_transaction(g.shop_id) as session:
        enter(session)
        get_profile(session, g.shop_id, member)
        values = _read_timeline(session, member, after=request.args.get("after"))
    return render_template("admin/profile/_events.html", member_id=member, **values)


@blueprint.get("/app/members/<member_id>/orders")
@admin_page
def more_orders(member_id: str) -> str:
    """The next batch of orders."""
    member = parse_id(member_id)
    with shop_transaction(g.shop_id) as session:
        enter(session)
        get_profile(session, g.shop_id, member)
        page = _read_orders(session, member, after=request.args.get("after"))
    return render_template("admin/profile/_order_rows.html", member_id=member, orders=page)


def read_figures(session: Session, member_id: UUID) -> dict[str, Any]:
    """What an adjustment changes: the figures and the newest events. Raises MemberNotFound."""
    found = get_profile(session, g.shop_id, member_id)
    events = _read_timeline(session, member_id, after=None)
    last_order = _last_order(session, found)
    counts = read_counts(session, member_id)
    rewards = read_rewards(session, member_id)
    return {
        "member_id": member_id,
        "profile": found,
        "last_order": last_order,
        **events,
        **counts,
        **rewards,
        **read_insight(session, found),
        **read_points(session, get_shop(session, g.shop_id), found),
    }


def address_lines(address: dict[str, Any] | None) -> list[str]:
    """The lines of a Shopify address that are there."""
    found = address or {}
    town = " ".join(str(found[key]) for key in ("zip", "city") if found.get(key))
    region = [found.get("province_code"), found.get("country_code")]
    lines = [found.get("address1"), found.get("address2"), town, *region]
    return [str(line) for line in lines if line]


def _read_open_tab(session: Session, member_id: UUID, tab: str) -> dict[str, Any]:
    """What the open tab alone shows."""
    if tab == "consent":
        return read_consent(session, member_id)
    if tab == "orders":
        return {"orders": _read_orders(session, member_id, after=None)}
    if tab == "transactions":
        return read_transactions(session, member_id)
    return read_notes(session, member_id) if tab == "notes" else {}


def _read_standing(session: Session, shop: Shop, member_id: UUID) -> dict[str, Any]:
    standing = find_standing(session, shop, member_id, now=utc_now())
    return {
        "standing": standing,
        **read_tier_form(session, standing),
        "badges": list_badges_of(session, g.shop_id, member_id),
    }


def _read_timeline(session: Session, member_id: UUID, *, after: str | None) -> dict[str, Any]:
    page = list_timeline(session, g.shop_id, member_id, after=after, limit=_TIMELINE_BATCH)
    entries = [entry for event in page.events if (entry := entry_id_of(event))]
    contexts = read_entry_contexts(session, g.shop_id, entries)
    return {"timeline": page, "contexts": contexts | _read_actors(session, page.events)}


def _read_actors(session: Session, events: list[TimelineEvent]) -> dict[UUID, EntryContext]:
    """Who did it and where, such as a scan or an enrolment, by the id of an event that says so."""
    told = [event for event in events if "actor" in event.details]
    actors = {event.id: str(event.details["actor"]) for event in told}
    places = {event.id: event.details.get("location") for event in told}
    return read_actor_contexts(session, g.shop_id, actors, places)


def _read_orders(session: Session, member_id: UUID, *, after: str | None) -> OrderPage:
    return list_orders(session, g.shop_id, member_id, after=after, limit=_ORDERS_BATCH)


def _last_order(session: Session, member: Profile) -> str | None:
    """The name of the order behind the last transaction, if it had one."""
    if member.last_entry is None or member.last_entry.order_id is None:
        return None
    order = session.get(Order, (g.shop_id, member.last_entry.order_id))
    return order.name if order else None
