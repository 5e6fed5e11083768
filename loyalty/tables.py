"""Every table of the domain, imported in one place so that metadata is whole."""

from loyalty.audit import AuditRow
from loyalty.earning.tables import Award, AwardLine
from loyalty.ledger.tables import Deficit, EntryNote, LedgerEntry, Lot, LotDebit
from loyalty.members.tables import Customer, Member, MemberBalance, TimelineEvent
from loyalty.orders.tables import Order, OrderLine, Refund, RefundLine
from loyalty.outbox import Delivery, OutboxEvent
from loyalty.preferences import NotificationPreference
from loyalty.programme.tables import EarningRule, Programme
from loyalty.shops.tables import Location, Shop, ShopDirectory, StaffMember
from loyalty.till.tables import TillAllowance

__all__ = [
    "AuditRow",
    "Award",
    "AwardLine",
    "Customer",
    "Deficit",
    "Delivery",
    "EarningRule",
    "EntryNote",
    "LedgerEntry",
    "Location",
    "Lot",
    "LotDebit",
    "Member",
    "MemberBalance",
    "NotificationPreference",
    "Order",
    "OrderLine",
    "OutboxEvent",
    "Programme",
    "Refund",
    "RefundLine",
    "Shop",
    "ShopDirectory",
    "StaffMember",
    "TillAllowance",
    "TimelineEvent",
]
