"""The catalogue of facts that criteria may ask about, and those of a member, typed.

The invariant: every fact in `FACTS` is a field of `MemberFacts` of the same name, so that an
evaluator in Python and one in SQL know the same facts. Declared here, loaded in `loading.py`.
"""

from dataclasses import dataclass, fields
from datetime import date
from enum import StrEnum
from uuid import UUID

from loyalty.base.said import said


class Kind(StrEnum):
    """What a fact's value is: decides which operators and values fit it."""

    COUNT = "count"
    POINTS = "points"
    MONEY = "money"
    DAY = "day"
    TRUTH = "truth"
    TEXT = "text"
    ID = "id"


NUMBERS = (Kind.COUNT, Kind.POINTS, Kind.MONEY)


class Source(StrEnum):
    """Where facts come from: those of one source are loaded together, in one query."""

    MEMBER = "member"
    BALANCE = "balance"
    ORDERS = "orders"
    TIER = "tier"
    ENTRIES = "entries"
    ACTIONS = "actions"
    LOTS = "lots"
    COUPONS = "coupons"
    CONSENT = "consent"
    CARDS = "cards"
    BOUNCES = "bounces"
    INSIGHT = "insight"


@dataclass(frozen=True, slots=True)
class Fact:
    """A fact by `name`, with the words that a person reads.

    `choices`: all that a text can be; without any it can be anything. `most`: no number is larger.
    `is_country`: the two letters of one. `may_be_unknown`: a number that there may be none of,
    which is not nought: no comparison with it holds.
    """

    name: str
    kind: Kind
    source: Source
    title: str
    choices: tuple[str, ...] = ()
    most: int | None = None
    is_country: bool = False
    may_be_unknown: bool = False


@dataclass(frozen=True, slots=True)
class MemberFacts:
    """What is known of a member on the shop's day `today`; money in minor units of shop money.

    Orders are paid, no tests and not cancelled. A day that never was is None, and no comparison
    with it holds, nor with a country that is not known; a birthday that is not has the month 0.
    Points that expire within N days are gone once a day up to `today` + N is over.
    Coupons are codes that the member was given; those to use are ready. What orders say of them is
    as of the last run of insight.
    """

    today: date
    joined_on: date
    member_years: int
    customer_since_on: date | None
    enrolled_by: str
    has_verified_email: bool
    has_birthday: bool
    birthday_month: int
    country: str | None
    has_email: bool
    available_points: int
    pending_points: int
    lifetime_earned: int
    lifetime_burned: int
    last_active_on: date | None
    order_count: int
    total_spend: int
    average_order: int
    first_order_on: date | None
    last_order_on: date | None
    has_birthday_month_order: bool
    tier: UUID | None
    is_in_top_tier: bool
    referral_count: int
    redemption_count: int
    last_redemption_on: date | None
    has_had_pass: bool
    check_in_count: int
    expiring_7_days: int
    expiring_30_days: int
    coupon_count: int
    ready_coupon_count: int
    email_consent: str
    sms_consent: str
    has_card_now: bool
    has_apple_card: bool
    has_google_card: bool
    has_hard_bounce: bool
    has_soft_bounce: bool
    churn_risk: str
    predicted_spend: int | None
    health: int | None


ENROLLED_BY = ("account", "order", "backfill", "join_page", "staff", "till")
CONSENTS = ("subscribed", "asked", "unsubscribed", "none")
"""`asked`: a tick whose address is not proved yet; `none`: nothing was ever said."""
CHURN_RISKS = ("not_yet", "new", "low", "medium", "high")
"""`new`: has not ordered yet; `not_yet`: nothing can be said."""

FACTS: dict[str, Fact] = {
    fact.name: fact
    for fact in (
        Fact("joined_on", Kind.DAY, Source.MEMBER, said("Joined")),
        Fact("member_years", Kind.COUNT, Source.MEMBER, said("Whole years as a member")),
        Fact("customer_since_on", Kind.DAY, Source.MEMBER, said("Customer since")),
        Fact("enrolled_by", Kind.TEXT, Source.MEMBER, said("Enrolled by"), ENROLLED_BY),
        Fact("has_verified_email", Kind.TRUTH, Source.MEMBER, said("Email verified")),
        Fact("has_birthday", Kind.TRUTH, Source.MEMBER, said("Birthday known")),
        Fact(
            "birthday_month",
            Kind.COUNT,
            Source.MEMBER,
            said("Month of the birthday, 1 to 12"),
            most=12,
        ),
        Fact(
            "country",
            Kind.TEXT,
            Source.MEMBER,
            said("Country, as its two letters"),
            is_country=True,
        ),
        Fact("has_email", Kind.TRUTH, Source.MEMBER, said("Has an email address")),
        Fact("available_points", Kind.POINTS, Source.BALANCE, said("Points available")),
        Fact("pending_points", Kind.POINTS, Source.BALANCE, said("Points on hold")),
        Fact("lifetime_earned", Kind.POINTS, Source.BALANCE, said("Points earned, lifetime")),
        Fact("lifetime_burned", Kind.POINTS, Source.BALANCE, said("Points spent, lifetime")),
        Fact("last_active_on", Kind.DAY, Source.BALANCE, said("Last earned or spent points")),
        Fact("order_count", Kind.COUNT, Source.ORDERS, said("Orders")),
        Fact("total_spend", Kind.MONEY, Source.ORDERS, said("Total spend")),
        Fact("average_order", Kind.MONEY, Source.ORDERS, said("Average order")),
        Fact("first_order_on", Kind.DAY, Source.ORDERS, said("First order")),
        Fact("last_order_on", Kind.DAY, Source.ORDERS, said("Last order")),
        Fact(
            "has_birthday_month_order",
            Kind.TRUTH,
            Source.ORDERS,
            said("Ordered in the birthday month"),
        ),
        Fact("tier", Kind.ID, Source.TIER, said("Tier")),
        Fact("is_in_top_tier", Kind.TRUTH, Source.TIER, said("In the top tier")),
        Fact("referral_count", Kind.COUNT, Source.ENTRIES, said("Friends referred")),
        Fact("redemption_count", Kind.COUNT, Source.ENTRIES, said("Rewards redeemed")),
        Fact("last_redemption_on", Kind.DAY, Source.ENTRIES, said("Last redeemed a reward")),
        Fact("has_had_pass", Kind.TRUTH, Source.ACTIONS, said("Has had a pass")),
        Fact("check_in_count", Kind.COUNT, Source.ACTIONS, said("Check-ins that counted")),
        Fact("expiring_7_days", Kind.POINTS, Source.LOTS, said("Points expiring within 7 days")),
        Fact("expiring_30_days", Kind.POINTS, Source.LOTS, said("Points expiring within 30 days")),
        Fact("coupon_count", Kind.COUNT, Source.COUPONS, said("Coupons given")),
        Fact("ready_coupon_count", Kind.COUNT, Source.COUPONS, said("Coupons not used yet")),
        Fact("email_consent", Kind.TEXT, Source.CONSENT, said("Email marketing"), CONSENTS),
        Fact("sms_consent", Kind.TEXT, Source.CONSENT, said("SMS marketing"), CONSENTS),
        Fact("has_card_now", Kind.TRUTH, Source.CARDS, said("Has the card on a phone")),
        Fact("has_apple_card", Kind.TRUTH, Source.CARDS, said("Has the card in Apple Wallet")),
        Fact("has_google_card", Kind.TRUTH, Source.CARDS, said("Has the card in Google Wallet")),
        Fact("has_hard_bounce", Kind.TRUTH, Source.BOUNCES, said("Emails bounce")),
        Fact(
            "has_soft_bounce",
            Kind.TRUTH,
            Source.BOUNCES,
            said("Emails bounced, and may arrive again"),
        ),
        Fact("churn_risk", Kind.TEXT, Source.INSIGHT, said("Churn risk"), CHURN_RISKS),
        Fact(
            "predicted_spend",
            Kind.MONEY,
            Source.INSIGHT,
            said("Predicted spend, next 12 months"),
            may_be_unknown=True,
        ),
        Fact("health", Kind.COUNT, Source.INSIGHT, said("Health, 0 to 100"), may_be_unknown=True),
    )
}
"""All facts by name."""

assert FACTS.keys() <= {field.name for field in fields(MemberFacts)}
