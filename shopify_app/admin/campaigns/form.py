"""The fields of a campaign's editor, as typed; a refusal gives them back untouched."""

from dataclasses import asdict, dataclass, field, replace
from typing import Any

from werkzeug.datastructures import MultiDict

from loyalty.base.errors import BadCampaign
from loyalty.campaigns.tables import Campaign
from loyalty.campaigns.terms import NAME_MAX
from shopify_app.admin.formatting import ShopFormat
from shopify_app.admin.languages import _

HOLDOUT_PERCENT, ORDER_DAYS = "10", "14"
"""What a new campaign begins with."""


@dataclass(frozen=True, slots=True)
class CampaignForm:
    """What was typed, and what is wrong by field. `starts_at`: a minute on the shop's clock.

    `sends_later`: whether that minute counts; otherwise it goes out once it is started.
    """

    name: str = ""
    topic: str = "offers"
    segment_ids: tuple[str, ...] = ()
    channels: tuple[str, ...] = ("email",)
    subject: str = ""
    text: str = ""
    button: str = ""
    link_path: str = ""
    push_text: str = ""
    coupon_id: str = ""
    bonus_points: str = ""
    promotion_id: str = ""
    holdout_percent: str = HOLDOUT_PERCENT
    order_days: str = ORDER_DAYS
    sends_later: bool = False
    starts_at: str = ""
    errors: dict[str, str] = field(default_factory=dict)

    @classmethod
    def blank(cls, segment_id: str) -> "CampaignForm":
        """A new campaign, to one segment where a link named it."""
        return cls(segment_ids=(segment_id,) if segment_id else ())

    @classmethod
    def of(cls, fields: "MultiDict[str, str]") -> "CampaignForm":
        """The form as it was sent."""
        texts: dict[str, Any] = {name: fields.get(name, "") for name in _TEXTS}
        return cls(
            **texts,
            segment_ids=tuple(fields.getlist("segment_ids")),
            channels=tuple(fields.getlist("channels")),
            sends_later=fields.get("when") == "later",
        )

    @classmethod
    def saved(cls, campaign: Campaign, words: ShopFormat) -> "CampaignForm":
        """The form as the campaign was saved."""
        starts_at = campaign.starts_at
        on_clock = starts_at.astimezone(words.timezone) if starts_at else None
        return cls(
            name=campaign.name,
            topic=campaign.topic,
            segment_ids=tuple(map(str, campaign.segment_ids)),
            channels=tuple(campaign.channels),
            subject=campaign.subject,
            text=campaign.text,
            button=campaign.button,
            link_path=campaign.link_path,
            push_text=campaign.push_text,
            coupon_id=_typed(campaign.coupon_id),
            bonus_points=_typed(campaign.bonus_points),
            promotion_id=_typed(campaign.promotion_id),
            holdout_percent=_typed(campaign.holdout_percent),
            order_days=_typed(campaign.order_days),
            sends_later=on_clock is not None,
            starts_at=f"{on_clock:%Y-%m-%dT%H:%M}" if on_clock else "",
        )

    @classmethod
    def copied(cls, campaign: Campaign, words: ShopFormat) -> "CampaignForm":
        """The same again as a new campaign, for no time yet."""
        form = cls.saved(campaign, words)
        return replace(form, name=f"{form.name} 2"[:NAME_MAX], sends_later=False, starts_at="")

    def given(self) -> dict[str, Any]:
        """The campaign's terms as typed."""
        terms = asdict(self) | {"starts_at": self.starts_at if self.sends_later else ""}
        return {key: value for key, value in terms.items() if key not in ("errors", "sends_later")}

    def check_time(self) -> None:
        """Whoever wants it later says when; raises BadCampaign."""
        if self.sends_later and not self.starts_at.strip():
            raise BadCampaign("starts_at", _("Choose a day and a time"))

    def refused(self, field_name: str, message: str) -> "CampaignForm":
        """The same form with `message` beside the field, or above all when it is none of them."""
        known = field_name in self.given()
        return replace(self, errors={field_name if known else "form": message})


_TEXTS = (
    "name",
    "topic",
    "subject",
    "text",
    "button",
    "link_path",
    "push_text",
    "coupon_id",
    "bonus_points",
    "promotion_id",
    "holdout_percent",
    "order_days",
    "starts_at",
)


def _typed(value: object) -> str:
    return "" if value is None else str(value)
