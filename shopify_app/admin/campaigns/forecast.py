"""Who would get a campaign and who not, and why: shown before anybody can start it."""

import hashlib
import json
from dataclasses import dataclass

from flask import g, render_template

from loyalty.base.clock import utc_now
from loyalty.base.db import shop_transaction
from loyalty.base.errors import BadCampaign, CountTooSlow
from loyalty.campaigns import saving
from loyalty.campaigns.forecast import Forecast, forecast
from loyalty.campaigns.running import check_ready
from loyalty.campaigns.tables import Campaign
from loyalty.campaigns.terms import FIELDS
from loyalty.campaigns.words import in_words
from shopify_app.admin.campaigns.words import CHANNELS, sentence
from shopify_app.admin.languages import say
from shopify_app.admin.pages import blueprint, enter, parse_id
from shopify_app.platform.admin_auth import admin_page


@dataclass(frozen=True, slots=True)
class Reason:
    """How many a channel would not reach, and why."""

    channel: str
    words: str
    count: int


@blueprint.get("/app/campaigns/<campaign_id>/forecast")
@admin_page
def campaign_forecast(campaign_id: str) -> str:
    """The card that the campaign's page asks for, with the way to start it; or why it cannot be."""
    wanted = parse_id(campaign_id)
    with shop_transaction(g.shop_id) as session:
        shop = enter(session)
        campaign = saving.get_campaign(session, g.shop_id, wanted)
        values = {"campaign": campaign, "seen": fingerprint(campaign)}
        try:
            check_ready(session, shop, campaign, now=utc_now())
            found = forecast(session, shop, campaign, now=utc_now())
        except (BadCampaign, CountTooSlow) as refusal:
            return render_template(
                "admin/campaigns/_forecast.html", **values, error=sentence(refusal)
            )
    return render_template(
        "admin/campaigns/_forecast.html", **values, forecast=found, reasons=_reasons(found)
    )


def fingerprint(campaign: Campaign) -> str:
    """What the campaign is, in short: another one once any of its terms is changed."""
    terms = [str(getattr(campaign, field)) for field in FIELDS]
    return hashlib.sha256(json.dumps(terms).encode()).hexdigest()


def _reasons(found: Forecast) -> list[Reason]:
    """The most frequent first."""
    reasons = [
        Reason(CHANNELS[channel], say(in_words(reason)), count)
        for (channel, reason), count in found.reasons.items()
    ]
    return sorted(reasons, key=lambda one: (-one.count, one.channel, one.words))
