"""The faults that `make prove` plants: each is one line somebody could write, and nobody may.

The invariant: `old` stands exactly once in `file`, and `test` fails once it reads `new`.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Fault:
    """In `file`, `old` becomes `new`; `test` must turn red."""

    name: str
    file: str
    old: str
    new: str
    test: str


_ORDERS = "tests/loyalty/test_orders.py::"
_POSTING = "tests/loyalty/test_posting.py::"

_EARNING = "tests/loyalty/earning/"
_PLANNING = _EARNING + "test_planning.py::"
_SAVING = _EARNING + "test_saving.py::"
_SETTLING = _EARNING + "test_settling.py::"
_PAID = _EARNING + "test_paid.py::"
_EARNED = "tests/loyalty/worked_cases/test_earning.py::"
_CLAIMING = _EARNING + "test_claiming.py::"
_MIRROR = "tests/loyalty/catalogue/test_mirror.py::"

FAULTS = (
    Fault(
        "a floor becomes a ceiling",
        "loyalty/earning/rounding.py",
        '"floor": ROUND_FLOOR',
        '"floor": ROUND_CEILING',
        _ORDERS + "test_a_paid_order_earns_the_floor_of_its_amount",
    ),
    Fault(
        "the removed share is rounded up",
        "loyalty/earning/removal.py",
        "return points - floor(points * removed)",
        "return points - -floor(-points * removed)",
        _ORDERS + "test_a_refund_takes_back_only_its_share",
    ),
    Fault(
        "a rule's last day is left out",
        "loyalty/earning/planning.py",
        "today <= timed.ends_on",
        "today < timed.ends_on",
        _PLANNING + "test_both_days_of_a_rule_are_its_own",
    ),
    Fault(
        "a rule begins a day late",
        "loyalty/earning/planning.py",
        "timed.starts_on <= today",
        "timed.starts_on < today",
        _PLANNING + "test_both_days_of_a_rule_are_its_own",
    ),
    Fault(
        "a minimum is exclusive",
        "loyalty/earning/planning.py",
        "asked.basis_minor >= conditions.minimum_minor",
        "asked.basis_minor > conditions.minimum_minor",
        _PLANNING + "test_a_minimum_may_be_met_exactly",
    ),
    Fault(
        "a minimum looks at what was ordered",
        "loyalty/earning/planning.py",
        "line.basis_minor * max(0, line.present) // line.quantity",
        "line.basis_minor * max(0, line.quantity) // line.quantity",
        _PLANNING + "test_a_minimum_looks_at_what_is_still_there",
    ),
    Fault(
        "stackable rules count exclusive lines, too",
        "loyalty/earning/planning.py",
        "if winners.get(share.line.line_id) == (rule.age if rule.is_exclusive else None)",
        "if winners.get(share.line.line_id) == rule.age or not rule.is_exclusive",
        _PLANNING + "test_an_exclusive_rule_takes_its_lines_even_when_others_would_give_more",
    ),
    Fault(
        "the priority farthest from 1 wins",
        "loyalty/earning/planning.py",
        "append((rule.priority, -worth, rule.age))",
        "append((-rule.priority, -worth, rule.age))",
        _PLANNING + "test_of_exclusive_rules_one_takes_the_line",
    ),
    Fault(
        "fewer points win a tie",
        "loyalty/earning/planning.py",
        "append((rule.priority, -worth, rule.age))",
        "append((rule.priority, worth, rule.age))",
        _PLANNING + "test_of_exclusive_rules_one_takes_the_line",
    ),
    Fault(
        "promotions multiply fixed points",
        "loyalty/earning/planning.py",
        "return AwardPlan(rule.id, rule.version, rule.fixed_points, basis, None, _ONE, fixed)",
        "return AwardPlan(rule.id, rule.version, rule.fixed_points * 2, basis, None, _ONE, fixed)",
        _PLANNING + "test_fixed_points_are_never_multiplied",
    ),
    Fault(
        "the worst promotion is taken",
        "loyalty/earning/planning.py",
        "key=lambda promotion: (-promotion.multiplier,",
        "key=lambda promotion: (promotion.multiplier,",
        _PLANNING + "test_of_promotions_the_best_is_taken_per_line_and_none_multiplies_another",
    ),
    Fault(
        "a tier is left out",
        "loyalty/earning/planning.py",
        "basis=share.basis_minor * multiplier * tier_multiplier",
        "basis=share.basis_minor * multiplier",
        _PLANNING + "test_tier_and_promotion_multiply_points_per_amount",
    ),
    Fault(
        "pieces are looked at again",
        "loyalty/earning/planning.py",
        "pieces = line.quantity - covered.get(line.line_id, 0)",
        "pieces = line.quantity",
        _PLANNING + "test_added_pieces_alone_earn_and_nothing_that_was_looked_at_before",
    ),
    Fault(
        "a fixed rule gives with every edit",
        "loyalty/earning/planning.py",
        'return rule.gives == "per_unit"\n',
        "return True\n",
        _PLANNING + "test_a_fixed_rule_gives_once_per_order_and_then_takes_no_more_lines",
    ),
    Fault(
        "a broken rule is used",
        "loyalty/earning/planning.py",
        "if rule.fault is not None or not",
        "if not",
        _PLANNING + "test_a_rule_with_a_fault_earns_nothing_and_takes_nothing",
    ),
    Fault(
        "a rate of zero is saved",
        "loyalty/earning/checking.py",
        "if not 0 < rate <= RATE_MAX",
        "if not 0 <= rate <= RATE_MAX",
        _SAVING + "test_a_rule_that_cannot_work_is_refused_with_its_field",
    ),
    Fault(
        "a rule of another shop's collection is saved",
        "loyalty/earning/saving.py",
        "        if missing:\n",
        "        if False and missing:\n",
        _SAVING + "test_a_rule_that_cannot_work_is_refused_with_its_field",
    ),
    Fault(
        "a skipped pause earns",
        "loyalty/programme/pausing.py",
        "return any(begun <= happened_at < ended for begun, ended in self.skipped)",
        "return False",
        _SETTLING + "test_resuming_catches_up_or_not_as_was_chosen",
    ),
    Fault(
        "a paused programme earns",
        "loyalty/programme/pausing.py",
        "        if self.paused_at is not None:\n            return WAITS\n",
        "",
        _SETTLING + "test_a_paused_programme_takes_orders_in_and_gives_nothing",
    ),
    Fault(
        "a pause asks when an order was placed",
        "loyalty/earning/assessing.py",
        "fate(added_at or order.counts_from)",
        "fate(added_at or order.processed_at)",
        _EARNED + "test_earning_42_a_pause_asks_when_an_order_was_paid",
    ),
    Fault(
        "a hold runs from the placing",
        "loyalty/earning/holds.py",
        "return (award.added_at or sheet.counts_from) + hold",
        "return (award.added_at or sheet.processed_at) + hold",
        _EARNED + "test_earning_43_a_hold_runs_from_the_payment",
    ),
    Fault(
        "the hold on added pieces runs from the payment",
        "loyalty/earning/awards.py",
        "AwardSheet.of(plan, 1 + earlier, sheet.member_id, by.now, added_at=added_at)",
        "AwardSheet.of(plan, 1 + earlier, sheet.member_id, by.now)",
        _EARNED + "test_earning_44_the_hold_on_pieces_added_later_runs_from_the_edit",
    ),
    Fault(
        "an old version tells nothing of the payment",
        "loyalty/orders/desk.py",
        "            if sheet.hear_of_payment(facts):\n",
        "            if False:\n",
        _PAID + "test_the_first_moment_is_kept_whichever_version_comes_first",
    ),
    Fault(
        "an order of a skipped pause keeps what it earned",
        "loyalty/earning/awards.py",
        "return award.added_at is None and by.terms.pauses.skips(sheet.counts_from)",
        "return False",
        _PAID + "test_a_pause_asks_for_the_payment_whichever_version_comes_first",
    ),
    Fault(
        "an order does not wait for its product",
        "loyalty/earning/assessing.py",
        "return Assessment((), NO_PRODUCT)",
        "pass",
        _SETTLING + "test_an_order_waits_for_a_product_that_nobody_has_told_of",
    ),
    Fault(
        "an order is claimed a day too late",
        "loyalty/orders/claiming.py",
        "if now - sheet.processed_at > timedelta(days=days):",
        "if now - sheet.processed_at > timedelta(days=days + 1):",
        _CLAIMING + "test_an_order_without_a_customer_is_claimed_within_thirty_days",
    ),
    Fault(
        "an order is claimed from its owner",
        "loyalty/orders/claiming.py",
        '    if sheet.member_id is not None:\n        raise CannotClaim("owned"',
        '    if False:\n        raise CannotClaim("owned"',
        _CLAIMING + "test_what_is_somebodys_cannot_be_claimed",
    ),
    Fault(
        "older news of a product win",
        "loyalty/catalogue/mirror.py",
        "Product.shopify_updated_at <= news.excluded.shopify_updated_at",
        "Product.shopify_updated_at >= news.excluded.shopify_updated_at",
        _MIRROR + "test_older_news_of_a_product_change_nothing",
    ),
)
