"""The campaigns of a shop: all of them, and one with what it is doing and what can be done to it.

A step that the campaign's state does not allow changes nothing and says why.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from flask import Response, g, make_response, render_template, request, url_for
from sqlalchemy.orm import Session
from werkzeug.exceptions import BadRequest

from loyalty.base.clock import utc_now
from loyalty.base.db import shop_transaction
from loyalty.base.errors import BadCampaign, BadCampaignState
from loyalty.campaigns import running, saving, views
from loyalty.campaigns.tables import Campaign
from loyalty.shops.tables import Shop
from shopify_app.admin.campaigns.forecast import fingerprint
from shopify_app.admin.campaigns.result import read_outcome, read_progress
from shopify_app.admin.campaigns.terms import list_terms, read_letter, read_push_example
from shopify_app.admin.campaigns.words import CHANNELS, sentence, state_badge
from shopify_app.admin.languages import N_, _
from shopify_app.admin.pages import blueprint, enter, parse_id
from shopify_app.admin.responses import go_to, look_again, tell
from shopify_app.platform.admin_auth import admin_page

_BATCH = 50
_MOVING = ("scheduled", "preparing", "sending", "paused")
_CHANGED = N_("The campaign was changed since you looked. Look again, then start it.")
_STEPS: dict[str, tuple[Callable[..., Campaign], str]] = {
    "start": (running.start, N_("Campaign started")),
    "pause": (running.pause, N_("Campaign paused")),
    "resume": (running.resume, N_("Campaign goes on")),
    "stop": (running.stop, N_("Campaign stopped")),
}


@dataclass(frozen=True, slots=True)
class Listed:
    """A campaign in the list. `people`, `sent`: None while nobody was looked for."""

    id: UUID
    name: str
    channels: str
    state: tuple[str, str]
    at: datetime
    people: int | None
    sent: int | None


@dataclass(frozen=True, slots=True)
class ListedPage:
    """A batch of campaigns, and where the next one begins."""

    rows: list[Listed]
    next: str | None


@blueprint.get("/app/campaigns")
@admin_page
def campaigns() -> str:
    """The list; with `after` the next batch of rows alone."""
    after = request.args.get("after")
    with shop_transaction(g.shop_id) as session:
        enter(session)
        found = views.list_campaigns(session, g.shop_id, after=after, limit=_BATCH)
    page = ListedPage([_listed(row.campaign, row.counts) for row in found.rows], found.next)
    template = "admin/campaigns/_rows.html" if after else "admin/campaigns/campaigns.html"
    return render_template(template, page=page)


@blueprint.get("/app/campaigns/<campaign_id>")
@admin_page
def campaign(campaign_id: str) -> Response:
    """One campaign; whoever has `seen` it in another state is sent for the whole page."""
    wanted, seen = parse_id(campaign_id), request.args.get("seen")
    with shop_transaction(g.shop_id) as session:
        shop = enter(session)
        found = saving.get_campaign(session, g.shop_id, wanted)
        if seen and seen != found.state:
            return look_again(url_for("admin.campaign", campaign_id=wanted), "#campaign")
        # Who only asks how far it is gets the rest of the page without the costly result.
        values = _read(session, shop, found, with_result=not seen)
    return make_response(render_template("admin/campaigns/campaign.html", **values))


@blueprint.post("/app/campaigns/<campaign_id>/steps")
@admin_page
def step_campaign(campaign_id: str) -> Response:
    """Start, pause, resume, stop or delete it; answer with its page as it is then."""
    wanted, step = parse_id(campaign_id), request.form.get("step", "")
    if step == "remove":
        return _remove(wanted)
    if step not in _STEPS:
        raise BadRequest
    take, done = _STEPS[step]
    try:
        with shop_transaction(g.shop_id) as session:
            shop = enter(session)
            if step == "start":
                _check_seen(saving.lock_campaign(session, g.shop_id, wanted))
            take(session, shop, wanted, actor=g.actor, now=utc_now())
    except (BadCampaign, BadCampaignState) as refusal:
        return _show(wanted, refusal.status, error=sentence(refusal))
    return tell(_show(wanted, 200), _(done))


def _remove(campaign_id: UUID) -> Response:
    try:
        with shop_transaction(g.shop_id) as session:
            enter(session)
            saving.remove_campaign(session, g.shop_id, campaign_id, actor=g.actor, now=utc_now())
    except BadCampaignState as refusal:
        return _show(campaign_id, refusal.status, error=sentence(refusal))
    return go_to(url_for("admin.campaigns"), _("Campaign deleted"))


def _check_seen(campaign: Campaign) -> None:
    """What is started is what the forecast was shown for. Raises BadCampaignState."""
    if campaign.state == "draft" and request.form.get("seen") != fingerprint(campaign):
        raise BadCampaignState(_(_CHANGED))


def _show(campaign_id: UUID, status: int, *, error: str = "") -> Response:
    """The page afresh, in a transaction of its own: a refusal rolled the first one back."""
    with shop_transaction(g.shop_id) as session:
        shop = enter(session)
        values = _read(session, shop, saving.get_campaign(session, g.shop_id, campaign_id))
    return make_response(
        render_template("admin/campaigns/campaign.html", **values, error=error), status
    )


def _read(
    session: Session, shop: Shop, found: Campaign, *, with_result: bool = True
) -> dict[str, Any]:
    has_begun = found.state not in ("draft", "scheduled")
    live = {"progress": read_progress(session, found)} if has_begun else {}
    if has_begun and with_result:
        live |= read_outcome(session, shop, found)
    return {
        "campaign": found,
        "state": state_badge(found.state),
        "is_moving": found.state in _MOVING or _is_stopping(found),
        "terms": list_terms(session, found),
        "letter": read_letter(session, shop, found) if with_result else None,
        "push": read_push_example(session, shop, found) if with_result else None,
        "shop_name": shop.name,
        **live,
    }


def _is_stopping(found: Campaign) -> bool:
    """Whether it is still to be written down who gets nothing any more."""
    return found.state == "stopped" and found.done_at is None


def _listed(found: Campaign, counts: Mapping[str, int]) -> Listed:
    has_people = found.prepared_at is not None
    return Listed(
        id=found.id,
        name=found.name,
        channels=_channels(found),
        state=state_badge(found.state),
        at=found.started_at or found.starts_at or found.created_at,
        people=sum(counts.values()) if has_people else None,
        sent=counts.get("sent", 0) if has_people else None,
    )


def _channels(found: Campaign) -> str:
    named = [label for name, label in CHANNELS.items() if name in found.channels]
    if len(named) < len(CHANNELS):
        return "".join(named)
    return _("%(first)s and %(second)s", first=named[0], second=named[1])
