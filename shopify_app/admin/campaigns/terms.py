"""What a campaign says, to whom, and what it brings with it: line by line."""

from uuid import UUID

from flask import g
from sqlalchemy.orm import Session

from loyalty.base.clock import utc_now
from loyalty.campaigns.bringing import list_missing
from loyalty.campaigns.tables import Campaign
from loyalty.coupons.tables import Coupon
from loyalty.programme.tables import Promotion
from loyalty.segments.views import names_of
from loyalty.shops.tables import Shop
from mailing.campaigns import KIND
from mailing.errors import BadTemplate
from mailing.languages import spoken
from mailing.preview import render
from mailing.wording import Draft
from mailing.writing import Words
from shopify_app.admin.campaigns.words import CHANNELS, TOPICS
from shopify_app.admin.formatting import ShopFormat
from shopify_app.admin.languages import _, ngettext
from wallet.campaign_texts import example_push

Line = tuple[str, str]


def list_terms(session: Session, campaign: Campaign) -> list[Line]:
    """A label and its words for each term that the campaign has."""
    words: ShopFormat = g.shop_format
    lines = [
        (_("Segments"), _segments(session, campaign)),
        (
            _("Sent by"),
            ", ".join(label for name, label in CHANNELS.items() if name in campaign.channels),
        ),
        (_("About"), TOPICS.get(campaign.topic, campaign.topic)),
        (_("Held out"), f"{words.number(campaign.holdout_percent)}%"),
        (_("Coupon"), _coupon(session, campaign)),
        (_("Bonus"), words.points(campaign.bonus_points) if campaign.bonus_points else ""),
        (_("Announces"), _promotion(session, campaign)),
        (
            _("Begins"),
            words.moment(campaign.starts_at) if campaign.starts_at else _("When started"),
        ),
        (_("Started"), words.moment(campaign.started_at) if campaign.started_at else ""),
        (_("Orders count for"), _days(campaign.order_days)),
    ]
    return [(label, text) for label, text in lines if text]


def read_letter(session: Session, shop: Shop, campaign: Campaign) -> Words | None:
    """The email as somebody might read it; None where it cannot be one yet."""
    if "email" not in campaign.channels:
        return None
    draft, lacks = draft_of(session, campaign), lacks_of(campaign)
    try:
        return render(session, shop, KIND, language_of(shop), draft, lacks=lacks)
    except BadTemplate:
        return None


def read_push_example(session: Session, shop: Shop, campaign: Campaign) -> str | None:
    """The wallet push as somebody might read it; None where it cannot be one yet."""
    if "push" not in campaign.channels:
        return None
    return example_push(session, shop, campaign, now=utc_now())


def draft_of(session: Session, campaign: Campaign) -> Draft:
    """What its email says."""
    headline = _promotion(session, campaign)
    return Draft(campaign.subject, campaign.text, headline, campaign.button)


def lacks_of(campaign: Campaign) -> tuple[str, ...]:
    """What an example of its email is without."""
    headline = ("headline",) if campaign.promotion_id is None else ()
    return (*list_missing(campaign), *headline)


def language_of(shop: Shop) -> str:
    """The language of what stands around a merchant's words when nobody in particular reads."""
    return spoken(shop.locale) or "en"


def _segments(session: Session, campaign: Campaign) -> str:
    names = names_of(session, campaign.shop_id, [UUID(one) for one in campaign.segment_ids])
    return ", ".join(sorted(names.values())) or _("None yet")


def _coupon(session: Session, campaign: Campaign) -> str:
    if campaign.coupon_id is None:
        return ""
    coupon = session.get(Coupon, (campaign.shop_id, campaign.coupon_id))
    return coupon.name if coupon is not None else ""


def _promotion(session: Session, campaign: Campaign) -> str:
    if campaign.promotion_id is None:
        return ""
    promotion = session.get(Promotion, (campaign.shop_id, campaign.promotion_id))
    return promotion.name if promotion is not None else ""


def _days(days: int) -> str:
    return ngettext("1 day", "%(num)s days", days)
