"""Faults of store credit's refusals, each left without its words; see tests/proofs/faults.py."""

from tests.proofs.faults import Fault

_SPOKEN = (
    ("CREDIT_LIMIT_EXCEEDED", "This much store credit is more than the account may hold"),
    ("UNSUPPORTED_CURRENCY", "Shopify has no store credit in the shop's currency"),
    ("MISMATCHING_CURRENCY", "The customer's store credit is in another currency"),
    ("ACCOUNT_NOT_FOUND", "Shopify does not know this customer any more"),
    ("OWNER_NOT_FOUND", "Shopify does not know this customer any more"),
    ("EXPIRES_AT_IN_PAST", "The store credit would be over before it begins"),
    ("NEGATIVE_OR_ZERO_AMOUNT", "The reward is worth nothing: change the reward"),
)

FAULTS = tuple(
    Fault(
        f"nobody is told why store credit was refused: {code}",
        "shopify_app/platform/discounts/refusals.py",
        f'    "{code}": N_("{words}"),\n',
        "",
        "tests/platform/test_store_credit.py::"
        "test_every_refusal_of_credit_gives_the_points_back_and_says_why",
    )
    for code, words in _SPOKEN
)
