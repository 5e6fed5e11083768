"""What a till scans: the member's token, by epoch, in this shop only."""

import re

import pytest

from loyalty.base.clock import utc_now
from loyalty.base.db import shop_transaction
from tests.wallet.cast import Cardholder
from wallet.tables import MemberToken
from wallet.tokens import Scan, find_scanned, get_token, raise_epoch


@pytest.fixture
def token(alice: Cardholder) -> MemberToken:
    with shop_transaction(alice.shop_id) as session:
        return get_token(session, alice.shop_id, alice.member_id, now=utc_now())


def test_token_is_opaque_and_fits_a_barcode(token: MemberToken) -> None:
    assert re.fullmatch(r"m1\.[A-Z2-7]{26}", token.token)
    assert re.fullmatch(r"[0-9A-HJKMNP-TV-Z]{4}-[0-9A-HJKMNP-TV-Z]{4}", token.short_code)


def test_scan_and_typed_code_find_the_member(alice: Cardholder, token: MemberToken) -> None:
    for scanned in (token.token, token.short_code, f" {token.short_code.lower()} "):
        assert _scan(alice, scanned) == Scan(alice.member_id, True)


def test_old_epoch_finds_the_member_but_is_not_newest(
    alice: Cardholder, token: MemberToken
) -> None:
    with shop_transaction(alice.shop_id) as session:
        newer = raise_epoch(session, alice.shop_id, alice.member_id, now=utc_now())

    assert _scan(alice, token.token) == Scan(alice.member_id, False)
    assert _scan(alice, newer.token) == Scan(alice.member_id, True)


def test_another_shop_finds_nobody(bob: Cardholder, token: MemberToken) -> None:
    assert _scan(bob, token.token) is None


def _scan(holder: Cardholder, scanned: str) -> Scan | None:
    with shop_transaction(holder.shop_id) as session:
        return find_scanned(session, holder.shop_id, scanned)
