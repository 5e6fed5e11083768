"""Tables of the programme: one row of settings per shop, and its earning rules."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Numeric
from sqlalchemy.orm import Mapped, mapped_column

from loyalty.base.db import Base


class Programme(Base):
    """A shop's settings. `enrolment`: everyone (account or paid order) or joiners.

    `money_refunds`: prorate (money-only refunds take points back) or ignore.
    `till_grant_cap_per_day`: points that one user of the till may grant in a day.
    `sends_card_email`: whoever joins by themselves is sent their card.
    `has_join_page`: people can join on a public page, which links to `terms_url`.
    Tiers: `tier_metric` spend or points, `tier_cycle` lifetime, calendar, enrolment or rolling.
    `tier_version` rises with each reason to look at all members anew. `standing_seen_on`: the
    shop's day for which all tiers and badges were looked at; None since the tiers were changed.
    `counts_tax`, `counts_shipping`: they earn, too. `claim_days`: how long an order without a
    customer may be claimed; `guest_claim_days`: one of a customer who is no member.
    `paused_at`: since then nothing earns or redeems; `resume_mode` (catch_up, skip): what
    becomes of what was paid meanwhile.
    `expiry_mode`: never, days (per lot), months (to that month's end) or inactivity (of
    `expiry_days`), in force since the shop's day `expiry_since`, looked at up to
    `expiry_checked_on`.
    `negative_balance`: allow, or clamp (reversing spent points stops at zero).
    `velocity_per_member`, `velocity_per_user`: redemptions of one member, or by one user of the
    till or admin, within 24 hours; those beyond are flagged.
    """

    __tablename__ = "programme"
    __table_args__ = (
        CheckConstraint("hold_days >= 0", name="hold_days"),
        CheckConstraint("enrolment in ('everyone', 'joiners')", name="enrolment"),
        CheckConstraint("money_refunds in ('prorate', 'ignore')", name="money_refunds"),
        CheckConstraint("till_grant_cap_per_day >= 0", name="till_grant_cap_per_day"),
        CheckConstraint("tier_metric in ('spend', 'points')", name="tier_metric"),
        CheckConstraint(
            "tier_cycle in ('lifetime', 'calendar', 'enrolment', 'rolling')", name="tier_cycle"
        ),
        CheckConstraint("tier_grace_days between 0 and 365", name="tier_grace_days"),
        CheckConstraint("claim_days >= 0", name="claim_days"),
        CheckConstraint("guest_claim_days >= 0", name="guest_claim_days"),
        CheckConstraint("resume_mode in ('catch_up', 'skip')", name="resume_mode"),
        CheckConstraint(
            "(expiry_mode = 'never' and expiry_since is null) or (expiry_since is not null and "
            "((expiry_mode in ('days', 'inactivity') and expiry_days > 0)"
            " or (expiry_mode = 'months' and expiry_months > 0)))",
            name="expiry",
        ),
        CheckConstraint("negative_balance in ('allow', 'clamp')", name="negative_balance"),
        CheckConstraint("velocity_per_member > 0", name="velocity_per_member"),
        CheckConstraint("velocity_per_user > 0", name="velocity_per_user"),
        ForeignKeyConstraint(["shop_id"], ["shop.shop_id"], name="fk_programme__shop"),
    )

    shop_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    name: Mapped[str]
    points_name: Mapped[str]
    enrolment: Mapped[str]
    hold_days: Mapped[int]
    money_refunds: Mapped[str]
    till_grant_cap_per_day: Mapped[int] = mapped_column(server_default="500")
    sends_card_email: Mapped[bool] = mapped_column(default=True, server_default="true")
    has_join_page: Mapped[bool] = mapped_column(default=True, server_default="true")
    terms_url: Mapped[str | None]
    tiers_on: Mapped[bool] = mapped_column(default=False, server_default="false")
    tier_metric: Mapped[str] = mapped_column(default="spend", server_default="spend")
    tier_cycle: Mapped[str] = mapped_column(default="lifetime", server_default="lifetime")
    tier_grace_days: Mapped[int] = mapped_column(default=30, server_default="30")
    tier_counts_grants: Mapped[bool] = mapped_column(default=False, server_default="false")
    tier_counts_imports: Mapped[bool] = mapped_column(default=False, server_default="false")
    tier_version: Mapped[int] = mapped_column(default=0, server_default="0")
    standing_seen_on: Mapped[date | None]
    counts_tax: Mapped[bool] = mapped_column(default=False, server_default="false")
    counts_shipping: Mapped[bool] = mapped_column(default=False, server_default="false")
    claim_days: Mapped[int] = mapped_column(default=30, server_default="30")
    guest_claim_days: Mapped[int] = mapped_column(default=90, server_default="90")
    paused_at: Mapped[datetime | None]
    resume_mode: Mapped[str | None]
    expiry_mode: Mapped[str] = mapped_column(default="never", server_default="never")
    expiry_days: Mapped[int | None]
    expiry_months: Mapped[int | None]
    expiry_since: Mapped[date | None]
    expiry_checked_on: Mapped[date | None]
    negative_balance: Mapped[str] = mapped_column(default="allow", server_default="allow")
    velocity_per_member: Mapped[int] = mapped_column(default=5, server_default="5")
    velocity_per_user: Mapped[int] = mapped_column(default=50, server_default="50")


class ProgrammePause(Base):
    """A pause that is over. `catches_up`: what was paid meanwhile earned when it ended.

    pk (shop_id, id): the few pauses a shop ever had are read together.
    """

    __tablename__ = "programme_pause"
    __table_args__ = (
        ForeignKeyConstraint(["shop_id"], ["shop.shop_id"], name="fk_programme_pause__shop"),
    )

    shop_id: Mapped[int] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    paused_at: Mapped[datetime]
    resumed_at: Mapped[datetime]
    catches_up: Mapped[bool]


RULE_KINDS = (
    "order",
    "signup",
    "verified_email",
    "pass_installed",
    "birthday",
    "check_in",
    "social_follow",
    "referral",
)


class EarningRule(Base):
    """What earns: an order's money (`gives` per_unit), or an event once (fixed).

    `version` rises with each change; `conditions` is typed by loyalty/earning/conditions.py.
    `priority`: the exclusive rule nearest 1 takes a line. `fault`: why it earns nothing, as
    met at run time. pk (shop_id, id): awards name the rule that made them.
    """

    __tablename__ = "earning_rule"
    __table_args__ = (
        CheckConstraint("points_per_unit > 0", name="points_per_unit"),
        CheckConstraint("rounding in ('floor', 'half_up', 'ceil')", name="rounding"),
        CheckConstraint(f"kind in {RULE_KINDS}", name="kind"),
        CheckConstraint("gives in ('per_unit', 'fixed')", name="gives"),
        CheckConstraint("priority >= 1", name="priority"),
        ForeignKeyConstraint(["shop_id"], ["shop.shop_id"], name="fk_earning_rule__shop"),
    )

    shop_id: Mapped[int] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    name: Mapped[str]
    kind: Mapped[str] = mapped_column(default="order", server_default="order")
    gives: Mapped[str] = mapped_column(default="per_unit", server_default="per_unit")
    points_per_unit: Mapped[Decimal | None] = mapped_column(Numeric)
    fixed_points: Mapped[int | None]
    rounding: Mapped[str]
    starts_on: Mapped[date | None]
    ends_on: Mapped[date | None]
    is_exclusive: Mapped[bool] = mapped_column(default=False, server_default="false")
    priority: Mapped[int] = mapped_column(default=100, server_default="100")
    conditions: Mapped[dict[str, Any]] = mapped_column(default=dict, server_default="{}")
    limits: Mapped[dict[str, Any]] = mapped_column(default=dict, server_default="{}")
    version: Mapped[int]
    is_active: Mapped[bool]
    created_at: Mapped[datetime]
    fault: Mapped[str | None]
    fault_at: Mapped[datetime | None]


class EarningRuleVersion(Base):
    """A rule as it was in one version; `facts` has its settings by name.

    pk (shop_id, rule_id, version): an explanation reads the version its award names.
    """

    __tablename__ = "earning_rule_version"
    __table_args__ = (
        ForeignKeyConstraint(["shop_id"], ["shop.shop_id"], name="fk_earning_rule_version__shop"),
        ForeignKeyConstraint(
            ["shop_id", "rule_id"],
            ["earning_rule.shop_id", "earning_rule.id"],
            name="fk_earning_rule_version__earning_rule",
        ),
    )

    shop_id: Mapped[int] = mapped_column(primary_key=True)
    rule_id: Mapped[UUID] = mapped_column(primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True)
    facts: Mapped[dict[str, Any]]
    saved_at: Mapped[datetime]


class Promotion(Base):
    """A multiplier for a time, on points per amount. pk (shop_id, id): award lines name it."""

    __tablename__ = "promotion"
    __table_args__ = (
        ForeignKeyConstraint(["shop_id"], ["shop.shop_id"], name="fk_promotion__shop"),
    )

    shop_id: Mapped[int] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    name: Mapped[str]
    multiplier: Mapped[Decimal] = mapped_column(Numeric)
    starts_on: Mapped[date | None]
    ends_on: Mapped[date | None]
    conditions: Mapped[dict[str, Any]] = mapped_column(default=dict, server_default="{}")
    version: Mapped[int]
    is_active: Mapped[bool]
    created_at: Mapped[datetime]
    fault: Mapped[str | None]
    fault_at: Mapped[datetime | None]
