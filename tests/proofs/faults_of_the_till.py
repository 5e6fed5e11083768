"""Faults of second proofs and limits at the till; see tests/proofs/faults.py."""

from tests.proofs.faults import Fault

_TILL = "loyalty/till/"
_PROVING = "pos_extension/proving.py"
_PROOFS = "tests/loyalty/till/test_proofs.py::"
_TOKENS = "tests/loyalty/worked_cases/test_tokens.py::test_tokens_"
_AT_THE_TILL = "tests/pos_extension/test_redeeming.py::"

FAULTS = (
    Fault(
        "a shown code is good at the end of its minute",
        _TILL + "codes.py",
        "TillCode.expires_at > now",
        "TillCode.expires_at >= now",
        _PROOFS + "test_a_shown_code_is_good_for_a_minute",
    ),
    Fault(
        "a sixth try is free",
        _TILL + "tries.py",
        "TillTry.tries < TRIES_MAX",
        "TillTry.tries <= TRIES_MAX",
        _PROOFS + "test_five_tries_in_a_quarter_of_an_hour",
    ),
    Fault(
        "a quarter of an hour is over an instant late",
        _TILL + "tries.py",
        "TillTry.since_at <= now - WINDOW",
        "TillTry.since_at < now - WINDOW",
        _PROOFS + "test_five_tries_in_a_quarter_of_an_hour",
    ),
    Fault(
        "a PIN is every shop's",
        _TILL + "digests.py",
        r"{purpose}\0{shop_id}\0{text}",
        r"{purpose}\0{text}",
        _PROOFS + "test_the_same_pin_in_another_shop_is_another_managers",
    ),
    Fault(
        "any code of a card proves it",
        _PROVING,
        "        if scanned and is_newest_token(session, shop_id, member_id, scanned):\n",
        "        if scanned:\n",
        _TOKENS + "4_redeeming_needs_the_newest",
    ),
    Fault(
        "a scanned code is good for every redemption",
        _PROVING,
        "        raise_epoch(session, shop.shop_id, redemption.member_id, now=now)\n",
        "",
        _TOKENS + "2_each_redemption_raises_the_epoch",
    ),
    Fault(
        "a card's own proof forgets the guesses of a PIN",
        _PROVING,
        "            give_try_back(session, shop.shop_id, self.by.user_id)\n",
        "            forget_tries(session, shop.shop_id, self.by.user_id)\n",
        _AT_THE_TILL + "test_a_cards_own_proof_forgets_no_guess_of_a_pin",
    ),
    Fault(
        "a manager's word lifts no limit",
        _PROVING,
        "lifted = None if manager is not None else limit",
        "lifted = limit",
        _AT_THE_TILL + "test_beyond_the_users_limit_a_manager_is_asked",
    ),
    Fault(
        "a wrong PIN beside a good scan is overlooked",
        _PROVING,
        '            raise WrongProof("manager_pin", "This is no manager\'s PIN")\n',
        "            return None\n",
        _AT_THE_TILL + "test_a_wrong_pin_beside_a_good_scan_redeems_nothing",
    ),
    Fault(
        "a day's cap may not be reached",
        _TILL + "allowances.py",
        "else raised <= limit,",
        "else raised < limit,",
        "tests/pos_extension/test_grants.py::test_the_cap_may_be_reached_but_not_passed",
    ),
)
