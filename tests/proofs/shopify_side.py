"""Orders as they are at Shopify: what buyers and merchants do to them, and what Shopify then sends.

Nothing of `loyalty` is known here but the facts that its entry functions take.
"""

from dataclasses import dataclass, field, replace
from datetime import datetime

from loyalty.orders.facts import CodeFacts, OrderFacts, RefundFacts
from tests.factories.facts import a_line, a_refund, an_order


@dataclass(frozen=True)
class SoldLine:
    """Pieces at one price; `discount_minor` is for all of the ordered ones together."""

    line_id: int
    price_minor: int
    quantity: int
    current_quantity: int
    discount_minor: int = 0

    @property
    def basis_minor(self) -> int:
        return self.price_minor * self.quantity - self.discount_minor


@dataclass(frozen=True)
class Back:
    """A refund: pieces by line, or money alone."""

    refund_id: int
    pieces: tuple[tuple[int, int], ...]
    money_minor: int
    at: datetime


@dataclass(frozen=True)
class State:
    """An order at one moment, as orders/updated would tell it."""

    order_id: int
    customer_id: int
    placed_at: datetime
    updated_at: datetime
    lines: tuple[SoldLine, ...]
    refunds: tuple[Back, ...] = ()
    is_paid: bool = True
    cancelled_at: datetime | None = None
    codes: tuple[tuple[str, tuple[int, ...]], ...] = ()
    """Discount codes with the lines that each took something off."""

    @property
    def total_minor(self) -> int:
        return sum(line.basis_minor for line in self.lines)

    @property
    def current_total_minor(self) -> int:
        """What the pieces cost that are still in the order."""
        return sum(line.basis_minor * line.current_quantity // line.quantity for line in self.lines)

    def facts(self) -> OrderFacts:
        """What the handler makes of Shopify's payload."""
        lines = [
            a_line(
                line.line_id,
                quantity=line.quantity,
                current_quantity=line.current_quantity,
                gross_minor=line.price_minor * line.quantity,
                discount_minor=line.discount_minor,
            )
            for line in self.lines
        ]
        return an_order(
            self.order_id,
            *lines,
            customer_id=self.customer_id,
            is_paid=self.is_paid,
            total_minor=self.total_minor,
            current_total_minor=self.current_total_minor,
            created_at=self.placed_at,
            processed_at=self.placed_at,
            updated_at=self.updated_at,
            cancelled_at=self.cancelled_at,
            refunds=tuple(refund_facts(self.order_id, refund) for refund in self.refunds),
            codes=tuple(
                CodeFacts(code, len(lines), tuple((line_id, 1) for line_id in lines))
                for code, lines in self.codes
            ),
        )


def refund_facts(order_id: int, refund: Back) -> RefundFacts:
    """What the handler makes of refunds/create."""
    return a_refund(
        refund.refund_id,
        order_id,
        lines=refund.pieces,
        money_minor=refund.money_minor,
        created_at=refund.at,
    )


@dataclass
class Sale:
    """An order's life: each change makes a new state, and a refund a message of its own."""

    state: State
    sent: list[State | Back] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.sent.append(self.state)

    @property
    def pieces(self) -> list[int]:
        """The line of every piece that is still in the order."""
        return [line.line_id for line in self.state.lines for _ in range(line.current_quantity)]

    def pay(self, at: datetime) -> None:
        self._change(at, is_paid=True)

    def cancel(self, at: datetime) -> None:
        self._change(at, cancelled_at=at)

    def open_again(self, at: datetime) -> None:
        self._change(at, cancelled_at=None)

    def add_line(self, line: SoldLine, at: datetime) -> None:
        self._change(at, lines=(*self.state.lines, line))

    def remove_piece(self, line_id: int, at: datetime) -> None:
        """An edit takes a piece out of the order."""
        self._change(at, lines=self._without({line_id: 1}))

    def remove_code(self, code: str, at: datetime) -> None:
        """An edit takes a discount off the order."""
        self._change(at, codes=tuple(pair for pair in self.state.codes if pair[0] != code))

    def refund_pieces(self, refund_id: int, line_ids: list[int], at: datetime) -> None:
        pieces = {line_id: line_ids.count(line_id) for line_id in line_ids}
        refund = Back(refund_id, tuple(sorted(pieces.items())), 0, at)
        self.sent.append(refund)
        self._change(
            at, lines=self._without(pieces), refunds=(*self.state.refunds, refund), is_paid=True
        )

    def refund_money(self, refund_id: int, money_minor: int, at: datetime) -> None:
        refund = Back(refund_id, (), money_minor, at)
        self.sent.append(refund)
        self._change(at, refunds=(*self.state.refunds, refund))

    def _without(self, pieces: dict[int, int]) -> tuple[SoldLine, ...]:
        return tuple(
            replace(line, current_quantity=line.current_quantity - pieces.get(line.line_id, 0))
            for line in self.state.lines
        )

    def _change(self, at: datetime, **changes: object) -> None:
        assert at > self.state.updated_at
        self.state = replace(self.state, updated_at=at, **changes)  # type: ignore[arg-type]
        self.sent.append(self.state)
