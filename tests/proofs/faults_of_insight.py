"""Faults of insight's numbers; see tests/proofs/faults.py for what a fault is."""

from tests.proofs.faults import Fault

_CASES = "tests/loyalty/worked_cases/test_insights.py::"
_TESTS = "tests/loyalty/insights/"

FAULTS = (
    Fault(
        "orders of one day count apart",
        "loyalty/insights/frequencies.py",
        "(member[1:] != member[:-1]) | (day[1:] != day[:-1])",
        "True",
        _CASES + "test_insights_1_a_member_is_four_numbers_and_orders_of_a_day_are_one",
    ),
    Fault(
        "an order of tomorrow is believed",
        "loyalty/insights/frequencies.py",
        "rows.day > today, rows.day < 0",
        "rows.day > today + 1, rows.day < 0",
        _TESTS + "test_frequencies.py::test_orders_that_cannot_be_true_are_left_out_and_counted",
    ),
    Fault(
        "another currency's amounts are added",
        "loyalty/insights/frequencies.py",
        "np.where(is_valued, kept.value_minor[order], 0)",
        "kept.value_minor[order]",
        _TESTS
        + "test_frequencies.py::"
        + "test_an_order_in_another_currency_is_a_visit_whose_amount_says_nothing",
    ),
    Fault(
        "whoever ordered once may have left before",
        "loyalty/insights/bgnbd.py",
        "np.where(self.distinct > 0, ",
        "np.where(self.distinct >= 0, ",
        _TESTS + "test_bgnbd.py::test_cdnow_has_the_parameters_of_the_paper",
    ),
    Fault(
        "a row's weight is forgotten",
        "loyalty/insights/bgnbd.py",
        "self.share = weights / weights.sum()",
        "self.share = np.ones(len(x)) / len(x)",
        _TESTS + "test_bgnbd.py::test_a_row_with_a_weight_stands_for_so_many_members",
    ),
    Fault(
        "ties share the highest rank",
        "loyalty/insights/rfm.py",
        "np.searchsorted(at, column)",
        'np.searchsorted(at, column, side="right")',
        _CASES + "test_insights_10_ties_share_the_lowest_rank",
    ),
    Fault(
        "the scale has no limits",
        "loyalty/insights/scaling.py",
        "return min(max(actual / predicted, SCALE_MIN), SCALE_MAX)",
        "return actual / predicted",
        _CASES + "test_insights_4_the_scale_is_actual_by_predicted_within_limits",
    ),
    Fault(
        "LTV is not scaled",
        "loyalty/insights/model.py",
        "orders[has] = model.scale * model.value.orders(buyers, LTV_DAYS)",
        "orders[has] = model.value.orders(buyers, LTV_DAYS)",
        _CASES + "test_insights_5_ltv_is_orders_by_amount_by_scale",
    ),
    Fault(
        "churn is BG/NBD's P(alive)",
        "loyalty/insights/accuracy.py",
        "        table.probability(buyers.order_days, buyers.recency),\n",
        "        probability_alive(fitted.purchases, buyers.x, buyers.t_x, buyers.age),\n",
        _TESTS + "test_cdnow_hold_out.py::test_churn_and_revenue_of_the_hold_out",
    ),
    Fault(
        "the hold-out was seen when the model was fitted",
        "loyalty/insights/accuracy.py",
        "    before = until(histories, cut)\n",
        "    before = histories\n",
        _TESTS + "test_accuracy.py::test_the_model_that_is_tried_has_not_seen_what_came",
    ),
    Fault(
        "a shop of a week gets a prediction",
        "loyalty/insights/cold_start.py",
        "    if history_days < HISTORY_DAYS_MIN:\n",
        "    if False:\n",
        _CASES + "test_insights_13_ninety_days_are_enough",
    ),
)
