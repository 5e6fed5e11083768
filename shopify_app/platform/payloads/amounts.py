"""What the two ways of telling an order leave to be worked out: tips, and gift cards sold."""

from collections.abc import Iterable
from dataclasses import replace

from loyalty.orders.facts import LineFacts


def mark_tips(lines: Iterable[LineFacts], tip_minor: int) -> tuple[LineFacts, ...]:
    """The lines, the tip among them marked. Shopify names no tip line: it is the one without a
    product that costs what the order says was tipped.
    """
    read = tuple(lines)
    if tip_minor <= 0 or any(line.is_tip for line in read):
        return read
    for index, line in enumerate(read):
        if line.product_id is None and not line.is_gift_card and line.gross_minor == tip_minor:
            return (*read[:index], replace(line, is_tip=True), *read[index + 1 :])
    return read


def less_included_tax(price_minor: int, tax_minor: int, *, taxes_included: bool) -> tuple[int, int]:
    """A price without the tax inside it, never below zero; and the tax, which counts only with it.

    Tax is charged on top where prices are net.
    """
    net = price_minor - (tax_minor if taxes_included else 0)
    return max(0, net), tax_minor if net > 0 else 0


def less_gift_cards(current_total_minor: int, lines: Iterable[LineFacts]) -> int:
    """The current total without the gift cards still sold in it: selling one is no revenue yet."""
    gift_cards = sum(
        (line.gross_minor - line.discount_minor) * line.current_quantity // line.quantity
        for line in lines
        if line.is_gift_card and line.quantity
    )
    return max(0, current_total_minor - gift_cards)
