"""kill -9 while a coupon's codes are made: what is left is made once, and told once."""

import multiprocessing
import signal
from pathlib import Path
from uuid import UUID

import pytest

from loyalty.base import db, faults
from shopify_app.platform.coupon_codes import make_codes
from tests.platform.shopify import Shopify
from tests.platform.test_coupon_codes import (
    a_coupon,
    alice,
    aurora,
    codes,
    discounts,
    give,
    order_with,
    times_told,
)

__all__ = ["alice", "aurora"]  # fixtures


@pytest.mark.parametrize("point", ["coupon_discount_made", "coupon_codes_asked"])
def test_what_a_killed_worker_left_is_made_once(
    aurora: int, alice: UUID, shopify: Shopify, tmp_path: Path, point: str
) -> None:
    coupon_id = a_coupon(aurora)
    give(aurora, coupon_id, alice)
    before, (asked,) = discounts(shopify), codes(aurora, coupon_id)

    assert _die_at(point, tmp_path, aurora, coupon_id) == -signal.SIGKILL
    assert (tmp_path / f"{point}.hit").exists()
    assert codes(aurora, coupon_id)[0].state == "making" and times_told(aurora) == 0
    make_codes(aurora, coupon_id)

    (code,) = codes(aurora, coupon_id)
    assert (code.code, code.state, times_told(aurora)) == (asked.code, "ready", 1)
    assert discounts(shopify) == before + 1
    assert order_with(shopify, code.code)["total_discounts"] == "5.00"


def _die_at(point: str, folder: Path, shop_id: int, coupon_id: UUID) -> int | None:
    """How a process ended that made the coupon's codes and was killed at the point."""
    (folder / point).write_text("")
    process = multiprocessing.get_context("fork").Process(
        target=_work, args=(folder, shop_id, coupon_id)
    )
    process.start()
    process.join(60)
    return process.exitcode


def _work(folder: Path, shop_id: int, coupon_id: UUID) -> None:
    # The connections are the parent's.
    db.engine().dispose(close=False)
    faults.arm(folder)
    make_codes(shop_id, coupon_id)
