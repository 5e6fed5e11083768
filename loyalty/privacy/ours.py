"""The parts of the domain's own tables. The books stay; who they are of does not."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, func, null, or_, select, text, update
from sqlalchemy.orm import Session

from loyalty.actions.tables import CheckIn, MemberAction
from loyalty.audit import AuditRow
from loyalty.badges.tables import MemberBadge
from loyalty.earning.tables import Award, AwardLine
from loyalty.expiry.tables import ExpiryWarning
from loyalty.ledger.tables import (
    Deficit,
    EntryNote,
    FigureMove,
    LedgerEntry,
    Lot,
    LotDebit,
    LotMove,
)
from loyalty.members.consent import MemberConsent
from loyalty.members.facts import normalise_email
from loyalty.members.join_requests import JoinRequest
from loyalty.members.tables import Customer, Member, MemberBalance, TimelineEvent
from loyalty.merging import badges, consents, details, following
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
from loyalty.privacy.parts import (
    Blank,
    Drop,
    Keep,
    Moves,
    Part,
    Person,
    Run,
    Stays,
    by_customer,
    by_either,
    by_member,
)
from loyalty.tiers.tables import MemberTier

_BOOKS = Keep("the shop's books: numbers of a member who is anonymous by now")
_LEDGER = Stays("the ledger moves it, with its dates")
_ORDER = Stays("it follows its order")
_PAST = Stays("it tells of the past")
_WORK = "only says that something is to be done again for the member"

# Numbers and codes: what of an event's or audit row's details names nobody.
_HARMLESS = (
    *("points", "entry", "entry_id", "entry_kind", "platform", "reason_code", "topic", "missing"),
    *("preference", "is_active"),
)


def _is_member(person: Person) -> ColumnElement[bool]:
    return (Member.shop_id == person.shop_id) & Member.id.in_(person.member_ids)


def _is_order_of(model: Any) -> Any:
    """The rows of a table that hangs on orders."""

    def whose(person: Person) -> ColumnElement[bool]:
        orders = select(Order.order_id).where(_orders(person))
        return (model.shop_id == person.shop_id) & model.order_id.in_(orders)

    return whose


def _orders(person: Person) -> ColumnElement[bool]:
    return by_either(Order)(person) | (
        (Order.shop_id == person.shop_id) & Order.order_id.in_(person.order_ids)
    )


def _refund_lines(person: Person) -> ColumnElement[bool]:
    refunds = select(Refund.refund_id).where(_is_order_of(Refund)(person))
    return (RefundLine.shop_id == person.shop_id) & RefundLine.refund_id.in_(refunds)


def _lot_debits(person: Person) -> ColumnElement[bool]:
    lots = select(Lot.id).where(by_member(Lot)(person))
    return (LotDebit.shop_id == person.shop_id) & LotDebit.lot_id.in_(lots)


def _lot_moves(person: Person) -> ColumnElement[bool]:
    ids = person.member_ids
    is_theirs = LotMove.member_id.in_(ids) | LotMove.to_member_id.in_(ids)
    return (LotMove.shop_id == person.shop_id) & is_theirs


def _join_requests(person: Person) -> ColumnElement[bool]:
    """One that waits names nobody but an address."""
    is_theirs = JoinRequest.member_id.in_(person.member_ids) | func.lower(JoinRequest.email).in_(
        [normalise_email(email) for email in person.emails]
    )
    return (JoinRequest.shop_id == person.shop_id) & is_theirs


def _merges(person: Person) -> ColumnElement[bool]:
    ids = person.member_ids
    is_theirs = MemberMerge.survivor_id.in_(ids) | MemberMerge.merged_id.in_(ids)
    return (MemberMerge.shop_id == person.shop_id) & is_theirs


def _merge_rows(person: Person) -> ColumnElement[bool]:
    merges = select(MemberMerge.id).where(_merges(person))
    return (MemberMergeRow.shop_id == person.shop_id) & MemberMergeRow.merge_id.in_(merges)


def _audited(person: Person) -> ColumnElement[bool]:
    """Rows about the person, and rows of what they did themselves."""
    ids = [str(member_id) for member_id in person.member_ids]
    is_about = (AuditRow.subject_kind == "member") & AuditRow.subject_id.in_(ids)
    is_by = (AuditRow.actor_kind == "member") & AuditRow.actor_id.in_(ids)
    return (AuditRow.shop_id == person.shop_id) & or_(is_about, is_by)


def _harmless_details(column: Any) -> Any:
    """`column` with the harmless keys alone, as an SQL expression."""
    pairs = func.jsonb_each(column).table_valued("key", "value")
    kept = select(func.jsonb_object_agg(pairs.c.key, pairs.c.value)).where(
        pairs.c.key.in_(_HARMLESS)
    )
    return func.coalesce(kept.scalar_subquery(), text("'{}'::jsonb"))


def _scrub_timeline(session: Session, person: Person, now: datetime) -> None:
    session.execute(
        update(TimelineEvent)
        .where(by_member(TimelineEvent)(person))
        .values(details=_harmless_details(TimelineEvent.details))
        .execution_options(synchronize_session=False)
    )


def _scrub_audit(session: Session, person: Person, now: datetime) -> None:
    session.execute(
        update(AuditRow)
        .where(_audited(person))
        .values(details=_harmless_details(AuditRow.details))
        .execution_options(synchronize_session=False)
    )


PARTS: Sequence[Part] = (
    Part(
        Member,
        _is_member,
        "Personal details",
        Blank(
            {
                **dict.fromkeys(("first_name", "last_name", "email", "phone"), None),
                "address": null(),
                **dict.fromkeys(("birthday_on", "birthday_changed_on"), None),
                **dict.fromkeys(("email_verified_at", "phone_verified_at"), None),
                **dict.fromkeys(("customer_since", "details_customer_id"), None),
                "email_norm": "",
                "sources": {},
                "state": "erased",
            },
            keeps=(
                *("shop_id", "id", "enrolled_by", "joined_at", "archived_at", "sort_name"),
                "search_text",
            ),
        ),
        details.UNITED,
    ),
    Part(
        Customer,
        by_customer(Customer),
        "Shopify customers",
        Blank(
            {
                **dict.fromkeys(("member_id", "first_name", "last_name", "email", "phone"), None),
                "address": null(),
                **dict.fromkeys(("customer_since", "shopify_updated_at"), None),
                "email_norm": "",
                "has_verified_email": False,
                "has_account": False,
                "redacted_at": lambda now: func.coalesce(Customer.redacted_at, now),
            },
            keeps=("shop_id", "customer_id", "deleted_at"),
        ),
        Moves("points at the survivor"),
    ),
    Part(
        MemberBalance,
        by_member(MemberBalance),
        "Points",
        _BOOKS,
        Stays("the ledger moves the points and the figures"),
    ),
    Part(
        NotificationPreference,
        by_member(NotificationPreference),
        "Notification preferences",
        Drop(),
        consents.SWITCHES_UNITED,
    ),
    Part(
        Order,
        _orders,
        "Orders",
        Blank(
            {"customer_id": None, "ship_to": None},
            keeps=(
                *("shop_id", "order_id", "name", "member_id", "currency", "taxes_included"),
                *("is_test", "is_paid", "is_history", "source_name", "location_id"),
                *("total_minor", "current_total_minor", "created_at", "processed_at"),
                *("cancelled_at", "shopify_updated_at", "assessed_at", "held_back"),
                *("shipping_minor", "shipping_tax_minor"),
            ),
        ),
        Moves("points at the survivor", later=following.orders_of_customers),
    ),
    Part(OrderLineCode, _is_order_of(OrderLineCode), "Codes on lines", _BOOKS, _ORDER),
    Part(OrderCode, _is_order_of(OrderCode), "Codes on orders", _BOOKS, _ORDER),
    Part(OrderLine, _is_order_of(OrderLine), "Order lines", _BOOKS, _ORDER),
    Part(Refund, _is_order_of(Refund), "Refunds", _BOOKS, _ORDER),
    Part(RefundLine, _refund_lines, "Refund lines", _BOOKS, _ORDER),
    Part(
        LedgerEntry,
        by_member(LedgerEntry),
        "Points activity",
        _BOOKS,
        Stays("merge_out and merge_in move the points"),
        secrets=("actor", "idempotency_key"),
    ),
    Part(
        MemberAction,
        by_member(MemberAction),
        "What you did for points",
        _BOOKS,
        Moves("united: what either of the two did counts as done"),
    ),
    Part(
        CheckIn,
        by_member(CheckIn),
        "Visits",
        Drop(),
        Moves("points at the survivor"),
        secrets=("client_key",),
    ),
    Part(
        EntryNote,
        by_member(EntryNote),
        "Notes on points",
        Drop(),
        Stays("it stands beside its entry"),
    ),
    Part(Lot, by_member(Lot), "Points by date", _BOOKS, _LEDGER),
    Part(LotDebit, _lot_debits, "Points spent", _BOOKS, Stays("it follows its lot")),
    Part(Deficit, by_member(Deficit), "Points owed", _BOOKS, _LEDGER),
    Part(
        ExpiryWarning,
        by_member(ExpiryWarning),
        "Warnings of points that expire",
        _BOOKS,
        Stays("it was this member who was told"),
    ),
    Part(FigureMove, by_member(FigureMove), "Figures moved by merging", _BOOKS, _PAST),
    Part(LotMove, _lot_moves, "Points moved by merging", _BOOKS, _PAST),
    Part(
        Award,
        by_member(Award),
        "Awards",
        _BOOKS,
        Moves("follows its order", later=following.awards_of_orders),
    ),
    Part(AwardLine, _is_order_of(AwardLine), "Award lines", _BOOKS, _ORDER),
    Part(
        MemberTier,
        by_member(MemberTier),
        "Tier",
        Blank(
            {"hand_reason": None},
            keeps=(
                *("shop_id", "member_id", "tier_id", "since_at"),
                *("hand_mode", "hand_tier_id", "hand_until_on", "hand_by"),
            ),
        ),
        Stays("worked out anew from what both did; what was set by hand stays with the survivor"),
        # Staff are persons too.
        secrets=("hand_by",),
    ),
    Part(MemberBadge, by_member(MemberBadge), "Badges", _BOOKS, badges.UNITED),
    Part(
        MemberConsent,
        by_member(MemberConsent),
        "Consent to marketing",
        Drop(),
        consents.CONSENTS_UNITED,
    ),
    Part(
        JoinRequest,
        _join_requests,
        "Joining on the web page",
        Drop(),
        Moves("points at the survivor"),
        secrets=("contact_hash", "client_hash"),
    ),
    Part(
        MemberMergeRow,
        _merge_rows,
        None,
        Keep("numbers of rows: without them a merge could not be undone"),
        _PAST,
        withheld="numbers of our own rows",
    ),
    Part(
        MemberMerge,
        _merges,
        "Accounts made one",
        Keep("says which anonymous members were one, and names nobody"),
        _PAST,
        secrets=("actor",),
    ),
    Part(
        TimelineEvent,
        by_member(TimelineEvent),
        "Timeline",
        Run("what happened stays, its words go", _scrub_timeline),
        Moves("united in order of time"),
    ),
    Part(
        AuditRow,
        _audited,
        "What staff did about you",
        Run("who did what stays, its words go", _scrub_audit),
        _PAST,
        # Staff are persons too.
        secrets=("actor_id",),
    ),
    Part(
        OutboxEvent,
        by_member(OutboxEvent),
        None,
        Blank(
            {"body": {}},
            keeps=("shop_id", "id", "kind", "member_id", "state", "created_at"),
        ),
        Stays("what it asks for is asked for again of the survivor"),
        withheld=_WORK,
    ),
    Part(
        Delivery,
        by_member(Delivery),
        None,
        Keep("says which subscriber was told when, and nothing of the person"),
        Stays("what it asks for is asked for again of the survivor"),
        withheld=_WORK,
    ),
)
"""Parents before children; what is erased later must still find its parents' rows."""
