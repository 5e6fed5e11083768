"""R154: what a campaign brought is said with its doubt, and never as more than chance allows."""

import re
from dataclasses import replace
from decimal import Decimal

import pytest

from loyalty.campaigns.comparing import Interval
from loyalty.campaigns.results import Result, Share
from loyalty.shops.tables import Shop
from shopify_app.admin.campaigns.result import gained, verdict
from shopify_app.admin.formatting import ShopFormat

ENGLISH = ShopFormat.of("en", "UTC")
CLEAR = Result(
    by_fate_reason=(),
    told=Share(people=1000, ordered=120),
    held_out=Share(people=1000, ordered=90),
    difference=Decimal("0.030"),
    interval_low=Decimal("0.0029"),
    interval_high=Decimal("0.0571"),
    gain=None,
    is_over=True,
)


def test_a_clear_difference_is_said_with_its_interval() -> None:
    assert verdict(CLEAR, ENGLISH) == (
        "Those told ordered more often than those held out: "
        "+3.0 percentage points, 95% interval +0.3 to +5.7."
    )


def test_what_may_be_chance_is_said_to_be() -> None:
    doubtful = replace(CLEAR, interval_low=Decimal("-0.004"))

    assert re.search(r"may well be chance: .* −0.4 to", verdict(doubtful, ENGLISH))


def test_a_campaign_that_kept_people_from_ordering_is_told_so() -> None:
    worse = replace(
        CLEAR,
        difference=Decimal("-0.030"),
        interval_low=Decimal("-0.0571"),
        interval_high=Decimal("-0.0029"),
    )

    assert "ordered less often" in verdict(worse, ENGLISH)


def test_while_orders_still_count_it_is_so_far_alone() -> None:
    assert verdict(replace(CLEAR, is_over=False), ENGLISH).startswith("So far those told ordered")


def test_a_loss_is_told_as_less() -> None:
    shop = Shop(currency="EUR")

    told = gained(Interval(Decimal(-120), Decimal(-210), Decimal(-30)), shop, ENGLISH)

    assert told == (
        "Each member told spent €1.20 less than one held out: 95% interval €0.30 to €2.10."
    )


def test_without_a_hold_out_nothing_is_claimed() -> None:
    alone = replace(CLEAR, difference=None, interval_low=None, interval_high=None)

    assert "cannot be said" in verdict(alone, ENGLISH)


@pytest.mark.parametrize(
    ("locale", "share", "points"),
    [("en", "12.3%", "−0.4"), ("de", "12,3\N{NO-BREAK SPACE}%", "−0,4")],
)
def test_figures_are_written_as_the_shop_writes_them(locale: str, share: str, points: str) -> None:
    words = ShopFormat.of(locale, "UTC")

    assert words.share(Decimal("0.12345")) == share
    assert words.tenths(Decimal("-0.4")) == points
