"""What showing many changed members costs, and by which way they are shown.

The shop's budget is asked for, never assumed: Shopify tells it with each answer.
"""

import math
from dataclasses import dataclass

from shopify_app.platform import client, cost_bucket, installations

AT_ONCE_MAX = 25
"""Metafields in one metafieldsSet."""
BULK_FROM = 2_000
"""How many waiting members make a bulk operation worth its fixed steps."""
# https://shopify.dev/docs/api/usage/rate-limits (read 2026-11-22)
MUTATION_POINTS = 10
_QUERY_POINTS = 1
_BULK_STEPS = 2
_POLLS = 20


@dataclass(frozen=True, slots=True)
class Way:
    """`seconds`: what the budget alone allows; the network takes its own besides."""

    name: str
    calls: int
    points: int
    seconds: int


@dataclass(frozen=True, slots=True)
class Plan:
    """Both ways, and which one is taken."""

    one_by_one: Way
    in_bulk: Way
    chosen: Way
    bucket_max: int
    restored_per_s: int


def plan(shop_id: int, *, members: int, metafields: int) -> Plan:
    """The plan for a shop by its own bucket, for which it is asked now. Raises ShopifyError."""
    client.execute(shop_id, "shop_info")
    budget = cost_bucket.budget_of(installations.credentials(shop_id).domain)
    set_points = cost_bucket.cost_of("metafields_set") or MUTATION_POINTS
    return plan_for(
        members=members,
        metafields=metafields,
        bucket_max=budget.maximum,
        restored_per_s=budget.restored_per_s,
        set_points=set_points,
    )


def plan_for(
    *, members: int, metafields: int, bucket_max: int, restored_per_s: int, set_points: int
) -> Plan:
    """The same from given figures: `metafields` of each of `members` have changed."""
    calls = math.ceil(members / (AT_ONCE_MAX // metafields))
    one_by_one = _way("one by one", calls, calls * set_points, bucket_max, restored_per_s)
    steps = _BULK_STEPS * MUTATION_POINTS + _POLLS * _QUERY_POINTS
    # The upload goes to a file store, and what the operation does costs nothing of the budget.
    in_bulk = _way("in bulk", _BULK_STEPS + 1 + _POLLS, steps, bucket_max, restored_per_s)
    chosen = in_bulk if members >= BULK_FROM else one_by_one
    return Plan(one_by_one, in_bulk, chosen, bucket_max, restored_per_s)


def _way(name: str, calls: int, points: int, bucket_max: int, restored_per_s: int) -> Way:
    lacking = max(0, points - bucket_max)
    return Way(name, calls, points, math.ceil(lacking / max(1, restored_per_s)))
