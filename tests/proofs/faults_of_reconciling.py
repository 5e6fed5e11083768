"""Faults of reconciliation and of what Shopify shows; see tests/proofs/faults.py."""

from tests.proofs.faults import Fault

_RECONCILING = "shopify_app/platform/reconciling/"
_PROJECTION = "shopify_app/platform/projection/"
_SWEEP = "tests/platform/test_reconciliation.py::"
_CODES = "tests/platform/test_dead_codes.py::"
_SHOWN = "tests/platform/test_projection.py::"
_PROOF = "tests/loyalty/redemption/test_selfcheck.py::"

FAULTS = (
    Fault(
        "a sweep looks for new orders alone",
        _RECONCILING + "orders.py",
        "order_id not in known or known[order_id] < at",
        "order_id not in known",
        _SWEEP + "test_a_missing_refund_is_found_and_takes_its_points_back",
    ),
    Fault(
        "a missing refund is not called one",
        _RECONCILING + "orders.py",
        "recording.REFUND_MISSING if refunds else",
        "recording.ORDER_BEHIND if refunds else",
        _SWEEP + "test_a_missing_refund_is_found_and_takes_its_points_back",
    ),
    Fault(
        "a sweep does not wait for a webhook on its way",
        _RECONCILING + "sweep.py",
        "now - GRACE)",
        "now)",
        _SWEEP + "test_what_changed_nine_minutes_ago_is_left_alone_too",
    ),
    Fault(
        "a sweep begins where the last one's mark stands",
        _RECONCILING + "sweep.py",
        "max(installed_at, mark - OVERLAP)",
        "max(installed_at, mark)",
        _SWEEP + "test_a_change_that_the_search_learnt_of_late_is_found_by_the_next_sweep",
    ),
    Fault(
        "a customer's change is no news",
        _RECONCILING + "customers.py",
        "known is None or is_news(known, facts)",
        "known is None",
        _SWEEP + "test_a_customer_who_changed_unheard_is_brought_up_to_date",
    ),
    Fault(
        "the nightly proof sees what is wrong and never what is right again",
        "loyalty/reconciliation/balances.py",
        "BALANCE_WRONG, stood - wrong, now=now)",
        "BALANCE_WRONG, set(), now=now)",
        _SWEEP + "test_a_wrong_balance_is_found_reported_and_seen_to_be_mended",
    ),
    Fault(
        "the nightly proof leaves redemptions out",
        "loyalty/reconciliation/balances.py",
        "    unlike = _prove_redemptions(session, shop_id, now)\n",
        "    unlike = 0\n",
        _PROOF + "test_a_wrong_one_is_found_by_night_and_over_once_it_is_right",
    ),
    Fault(
        "the nightly proof forgets what came back",
        "loyalty/redemption/selfcheck.py",
        "AND kind IN ('redeem', 'redeem_reversal')",
        "AND kind IN ('redeem')",
        _PROOF + "test_redemptions_that_are_right_are_like_the_ledger",
    ),
    Fault(
        "what was found is found again every night",
        "loyalty/reconciliation/recording.py",
        "mended_at=now if is_mended else None,",
        "mended_at=now,",
        "tests/jobs/test_reconciliation.py::test_a_finding_found_again_is_one_until_it_is_mended",
    ),
    Fault(
        "a code that was ended by hand works",
        _RECONCILING + "codes.py",
        '"status") == "EXPIRED"',
        '"status") == "ENDED"',
        _CODES + "test_a_code_that_was_ended_by_hand_is_disabled_for_good_and_gives_back",
    ),
    Fault(
        "an older write replaces a newer one",
        _PROJECTION + "sheets.py",
        '                "compareDigest": digests.get(key),\n',
        "",
        _SHOWN + "test_a_write_that_was_overtaken_never_replaces_the_newer_one",
    ),
    Fault(
        "who was overtaken looks at Shopify alone",
        _PROJECTION + "writing.py",
        "            sheet.wanted, sheet.wanted_tag = fresh.wanted, fresh.wanted_tag\n",
        "            sheet.wanted_tag = fresh.wanted_tag\n",
        _SHOWN + "test_a_write_that_was_overtaken_never_replaces_the_newer_one",
    ),
    Fault(
        "who finds another's digest gives up",
        _PROJECTION + "writing.py",
        '_STALE = ("STALE_OBJECT", "INVALID_COMPARE_DIGEST")',
        '_STALE = ("INVALID_COMPARE_DIGEST",)',
        _SHOWN + "test_who_wrote_meanwhile_is_seen_and_the_newest_wins",
    ),
    Fault(
        "the result of an old operation is believed",
        _PROJECTION + "flood.py",
        ' if one.state != "kept"]',
        "]",
        _SHOWN + "test_what_was_written_since_an_operation_was_sent_outlives_its_result",
    ),
    Fault(
        "the link to a card is kept as it is",
        _PROJECTION + "shown.py",
        "_fingerprint(text) if key == SECRET else text",
        "text",
        _SHOWN + "test_the_link_itself_is_not_kept",
    ),
)
