"""Codes made and deleted in bulk, aside, as Shopify does: asking is one thing, done is another.

`seconds_per_object` of the bulk operations is how long each code takes.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from .store.discounts import BulkCreation, BulkCreationCode, Discount, Job, RedeemCode

if TYPE_CHECKING:
    from .admin_api.context import Context


def add_later(context: Context, creation: BulkCreation) -> None:
    """Add the codes one after another; each that is refused keeps its errors."""

    def run() -> None:
        for wanted in creation.wanted:
            time.sleep(context.world.bulk.seconds_per_object)
            with context.world.lock:
                _add(context, creation, wanted)
        creation.done = True

    _aside(context, run)


def delete_later(context: Context, discount: Discount, ids: list[int | None], job: Job) -> None:
    """Take the codes with these ids off the discount."""

    def run() -> None:
        time.sleep(context.world.bulk.seconds_per_object)
        with context.world.lock:
            discount.codes = [code for code in discount.codes if code.id not in ids]
            job.done = True

    _aside(context, run)


def _aside(context: Context, run: Callable[[], None]) -> None:
    def after_stalling() -> None:
        context.world.faults.stall("bulk")
        run()

    threading.Thread(target=after_stalling, daemon=True).start()


def _add(context: Context, creation: BulkCreation, wanted: BulkCreationCode) -> None:
    from .admin_api.mutations.discount_checks import code_errors

    shop = context.shop
    discount = shop.find("DiscountCodeNode", creation.discount_id)
    wanted.errors = list(code_errors(context, wanted.code))
    if discount is not None and not wanted.errors:
        made = RedeemCode(shop.next_id("DiscountRedeemCode"), wanted.code)
        discount.codes.append(made)
        wanted.redeem_code = made
