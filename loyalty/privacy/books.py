"""The parts of orders, of the ledger and of what was earned: kept, less what names somebody."""

from collections.abc import Sequence

from loyalty.actions.tables import CheckIn, MemberAction
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
from loyalty.merging import following
from loyalty.orders.tables import (
    Order,
    OrderCode,
    OrderLine,
    OrderLineCode,
    Refund,
    RefundLine,
)
from loyalty.privacy.parts import BOOKS, Blank, Drop, Moves, Part, Stays, by_member
from loyalty.privacy.whose import (
    hangs_on_order,
    is_lot_debit,
    is_lot_move,
    is_order,
    is_refund_line,
)

_LEDGER = Stays("the ledger moves it, with its dates")
_ORDER = Stays("it follows its order")
_PAST = Stays("it tells of the past")

PARTS: Sequence[Part] = (
    Part(
        Order,
        is_order,
        "Orders",
        Blank(
            {"customer_id": None, "ship_to": None, "email_mark": None},
            keeps=(
                *("shop_id", "order_id", "name", "member_id", "currency", "taxes_included"),
                *("is_test", "is_paid", "is_history", "source_name", "location_id"),
                *("total_minor", "current_total_minor", "created_at", "processed_at"),
                "paid_at",
                *("cancelled_at", "shopify_updated_at", "assessed_at", "held_back"),
                *("shipping_minor", "shipping_tax_minor"),
            ),
        ),
        Moves("points at the survivor", later=following.orders_of_customers),
    ),
    Part(OrderLineCode, hangs_on_order(OrderLineCode), "Codes on lines", BOOKS, _ORDER),
    Part(OrderCode, hangs_on_order(OrderCode), "Codes on orders", BOOKS, _ORDER),
    Part(OrderLine, hangs_on_order(OrderLine), "Order lines", BOOKS, _ORDER),
    Part(Refund, hangs_on_order(Refund), "Refunds", BOOKS, _ORDER),
    Part(RefundLine, is_refund_line, "Refund lines", BOOKS, _ORDER),
    Part(
        LedgerEntry,
        by_member(LedgerEntry),
        "Points activity",
        BOOKS,
        Stays("merge_out and merge_in move the points"),
        secrets=("actor", "idempotency_key"),
    ),
    Part(
        MemberAction,
        by_member(MemberAction),
        "What you did for points",
        BOOKS,
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
    Part(Lot, by_member(Lot), "Points by date", BOOKS, _LEDGER),
    Part(LotDebit, is_lot_debit, "Points spent", BOOKS, Stays("it follows its lot")),
    Part(Deficit, by_member(Deficit), "Points owed", BOOKS, _LEDGER),
    Part(
        ExpiryWarning,
        by_member(ExpiryWarning),
        "Warnings of points that expire",
        BOOKS,
        Stays("it was this member who was told"),
    ),
    Part(FigureMove, by_member(FigureMove), "Figures moved by merging", BOOKS, _PAST),
    Part(LotMove, is_lot_move, "Points moved by merging", BOOKS, _PAST),
    Part(
        Award,
        by_member(Award),
        "Awards",
        BOOKS,
        Moves("follows its order", later=following.awards_of_orders),
    ),
    Part(AwardLine, hangs_on_order(AwardLine), "Award lines", BOOKS, _ORDER),
)
