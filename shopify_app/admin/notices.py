"""What the merchant must know before anything else on Home: lost access, permissions, deadlines."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlencode

from flask import g, url_for
from sqlalchemy import select
from sqlalchemy.orm import Session

from loyalty.campaigns.tables import Campaign
from loyalty.shops.tables import Shop
from shopify_app.admin import wording
from shopify_app.admin.languages import _, ngettext, say
from shopify_app.platform import privacy, scopes
from shopify_app.platform.settings import current
from shopify_app.platform.tables import Installation

_HEALED_SHOWN = timedelta(days=1)
_CAMPAIGNS_MAX = 5


@dataclass(frozen=True, slots=True)
class Notice:
    """A banner: `lines` under its title, and what to do. `is_top`: the link leaves the frame."""

    title: str
    tone: str
    lines: list[str]
    address: str = ""
    label: str = ""
    is_top: bool = False


def read_notices(session: Session, shop: Shop, *, now: datetime) -> list[Notice]:
    """The banners of the shop, the most urgent first."""
    installation = session.get(Installation, shop.shop_id)
    found = [
        _access(shop, installation, now),
        _permissions(installation),
        _deadlines(privacy.count_urgent(session, shop.shop_id, now=now)),
        _campaigns(session, shop),
    ]
    return [notice for notice in found if notice is not None]


def _access(shop: Shop, installation: Installation | None, now: datetime) -> Notice | None:
    if installation is None or installation.lost_at is None:
        return None
    words = g.shop_format
    if shop.status == "needs_reauth":
        lines = [_(wording.LOST, since=words.moment(installation.lost_at))]
        return Notice(
            _("Encore has lost its access to your shop"),
            "critical",
            lines,
            _grant_address(shop),
            _("Connect again"),
            is_top=True,
        )
    healed_at = installation.healed_at
    if healed_at is None or now - healed_at > _HEALED_SHOWN:
        return None
    times = {"since": words.moment(installation.lost_at), "until": words.moment(healed_at)}
    return Notice(_("Encore is connected again"), "success", [_(wording.HEALED, **times)])


def _permissions(installation: Installation | None) -> Notice | None:
    granted = installation.scopes.split(",") if installation else []
    missing = scopes.missing(granted) if installation else []
    if not missing:
        return None
    whys = {scope: _(wording.SCOPES.get(scope, wording.SCOPE_UNNAMED)) for scope in missing}
    lines = [_("%(name)s: %(text)s", name=scope, text=why) for scope, why in whys.items()]
    title = ngettext("Encore lacks a permission", "Encore lacks permissions", len(missing))
    address = _grant_address(None)
    return Notice(title, "warning", lines, address, _("Give permission"), is_top=True)


def _deadlines(urgent: int) -> Notice | None:
    if not urgent:
        return None
    title = ngettext(
        "A data request is due within a week",
        "%(num)s data requests are due within a week",
        urgent,
    )
    address = url_for("admin.data_requests")
    return Notice(title, "critical", [_(wording.URGENT)], address, _("See data requests"))


def _campaigns(session: Session, shop: Shop) -> Notice | None:
    """What was being sent and cannot go on until somebody has looked."""
    is_halted = (Campaign.state == "paused") & Campaign.error.is_not(None)
    halted = session.scalars(
        select(Campaign)
        .where(Campaign.shop_id == shop.shop_id, is_halted)
        .order_by(Campaign.id)
        .limit(_CAMPAIGNS_MAX)
    ).all()
    if not halted:
        return None
    title = ngettext("A campaign waits for you", "Campaigns wait for you", len(halted))
    lines = [
        _("%(name)s: %(text)s", name=campaign.name, text=say(campaign.error)) for campaign in halted
    ]
    return Notice(title, "warning", lines, url_for("admin.campaigns"), _("See campaigns"))


def _grant_address(shop: Shop | None) -> str:
    """The start of the authorization-code grant, outside the frame."""
    domain = shop.domain if shop else g.shop_domain
    return f"{current().app_url.rstrip('/')}/auth?{urlencode({'shop': domain})}"
