"""Every table of the domain, imported in one place so that metadata is whole."""

from loyalty.actions.tables import CheckIn, FollowLink, MemberAction, Reader
from loyalty.audit import AuditRow
from loyalty.automatic_emails import EmailSwitch
from loyalty.badges.tables import Badge, MemberBadge
from loyalty.campaigns.tables import Campaign, CampaignRecipient
from loyalty.catalogue.tables import Collection, Product, ProductCollection
from loyalty.coupons.tables import Coupon, CouponCode
from loyalty.earning.tables import Award, AwardLine
from loyalty.expiry.tables import ExpiryChange, ExpiryWarning
from loyalty.group_grants.tables import GroupGrant, GroupGrantMember
from loyalty.insights.tables import InsightRun, MemberInsight
from loyalty.ledger.tables import (
    Deficit,
    EntryNote,
    FigureMove,
    LedgerEntry,
    Lot,
    LotDebit,
    LotMove,
)
from loyalty.liability.tables import LiabilitySetting
from loyalty.listing.tables import MemberDeed, MemberListing, SavedView
from loyalty.member_messages.tables import MemberMessage
from loyalty.members.consent import MemberConsent
from loyalty.members.join_requests import JoinRequest
from loyalty.members.tables import Customer, Member, MemberBalance, TimelineEvent
from loyalty.merging.tables import MemberMerge, MemberMergeRow
from loyalty.orders.tables import (
    Order,
    OrderCode,
    OrderLine,
    OrderLineCode,
    Refund,
    RefundLine,
)
from loyalty.outbox import Delivery, OutboxEvent
from loyalty.preferences import NotificationPreference
from loyalty.programme.tables import (
    EarningRule,
    EarningRuleVersion,
    Programme,
    ProgrammePause,
    Promotion,
)
from loyalty.proofs.tables import EmailChallenge
from loyalty.redemption.tables import Redemption
from loyalty.redemption.use_table import RedemptionUse
from loyalty.referrals.tables import Referral, ReferralEmail, ReferralSettings
from loyalty.rewards.tables import Reward, RewardCode
from loyalty.segments.tables import Segment, SegmentMember, SegmentMove, SegmentOverride
from loyalty.shops.tables import Location, Shop, ShopDirectory, StaffMember
from loyalty.tiers.tables import MemberTier, Tier
from loyalty.till.tables import TillAllowance, TillCode, TillLimit, TillManager, TillTry

__all__ = [
    "AuditRow",
    "Award",
    "AwardLine",
    "Badge",
    "Campaign",
    "CampaignRecipient",
    "CheckIn",
    "Collection",
    "Coupon",
    "CouponCode",
    "Customer",
    "Deficit",
    "Delivery",
    "EarningRule",
    "EarningRuleVersion",
    "EmailChallenge",
    "EmailSwitch",
    "EntryNote",
    "ExpiryChange",
    "ExpiryWarning",
    "FigureMove",
    "FollowLink",
    "GroupGrant",
    "GroupGrantMember",
    "InsightRun",
    "JoinRequest",
    "LedgerEntry",
    "LiabilitySetting",
    "Location",
    "Lot",
    "LotDebit",
    "LotMove",
    "Member",
    "MemberAction",
    "MemberBadge",
    "MemberBalance",
    "MemberConsent",
    "MemberDeed",
    "MemberInsight",
    "MemberListing",
    "MemberMerge",
    "MemberMergeRow",
    "MemberMessage",
    "MemberTier",
    "NotificationPreference",
    "Order",
    "OrderCode",
    "OrderLine",
    "OrderLineCode",
    "OutboxEvent",
    "Product",
    "ProductCollection",
    "Programme",
    "ProgrammePause",
    "Promotion",
    "Reader",
    "Redemption",
    "RedemptionUse",
    "Referral",
    "ReferralEmail",
    "ReferralSettings",
    "Refund",
    "RefundLine",
    "Reward",
    "RewardCode",
    "SavedView",
    "Segment",
    "SegmentMember",
    "SegmentMove",
    "SegmentOverride",
    "Shop",
    "ShopDirectory",
    "StaffMember",
    "Tier",
    "TillAllowance",
    "TillCode",
    "TillLimit",
    "TillManager",
    "TillTry",
    "TimelineEvent",
]
