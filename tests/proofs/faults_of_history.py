"""Faults of history that is credited batch by batch; see tests/proofs/faults.py for what one is."""

from tests.proofs.faults import Fault

_HISTORY = "tests/loyalty/test_history.py::"
_CREDITING = "tests/jobs/test_history.py::"
_REFUNDED = "tests/platform/test_backfilled_refunds.py::"

FAULTS = (
    Fault(
        "the first order of the next batch is forgotten",
        "loyalty/earning/history.py",
        "return Batch(credited, batch[-1], ",
        "return Batch(credited, places[-1], ",
        _CREDITING + "test_batches_come_to_the_whole",
    ),
    Fault(
        "the last batch is forgotten",
        "loyalty/earning/history.py",
        "    if is_last:\n        return Batch(credited, None, False)\n",
        "    if len(places) < 2 * limit:\n        return Batch(credited, None, False)\n",
        _CREDITING + "test_batches_come_to_the_whole",
    ),
    Fault(
        "only the last batch is told",
        "jobs/history.py",
        "        total += batch.credited\n        if batch.place is None:\n            log",
        "        total = batch.credited\n        if batch.place is None:\n            log",
        _CREDITING + "test_whoever_died_halfway_is_gone_on_for_and_nothing_counts_twice",
    ),
    Fault(
        "a member who would fit is in two batches",
        "loyalty/earning/history.py",
        "    return whole or places[:limit]",
        "    return places[:limit]",
        _HISTORY + "test_a_batch_takes_whole_members_as_far_as_they_fit",
    ),
    Fault(
        "a member who fits into no batch is in none",
        "loyalty/earning/history.py",
        "    return whole or places[:limit]",
        "    return whole",
        _HISTORY + "test_one_member_who_alone_is_too_many_is_split",
    ),
    Fault(
        "a dry run does not see a member's first orders",
        "jobs/history.py",
        "            while batch.splits_member:\n",
        "            while False:\n",
        _CREDITING + "test_a_dry_run_leaves_nothing_and_says_what_is_credited_then",
    ),
    Fault(
        "money that went back of history is not asked for",
        "shopify_app/platform/bulk_rows.py",
        "    return abs(given - explained) > len(gone)",
        "    return False",
        _REFUNDED + "test_money_given_back_without_pieces_takes_its_share",
    ),
    Fault(
        "each refunded order of history is asked for",
        "shopify_app/platform/bulk_rows.py",
        "    return abs(given - explained) > len(gone)",
        "    return given > 0",
        _REFUNDED + "test_only_whose_money_the_pieces_do_not_explain_is_asked_for",
    ),
)
