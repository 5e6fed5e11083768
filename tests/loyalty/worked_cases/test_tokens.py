"""The worked cases of the section Tokens; each stands in docs/rules.md with its arithmetic.

Alice has 1000 points and stands at the till. A reward of 5.00 off costs 100.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from loyalty.actions.check_ins import Tap, check_in
from loyalty.audit import Actor
from loyalty.base.errors import LoyaltyError, SecondProofNeeded, TooManyTries, WrongProof
from loyalty.members.tables import Member
from loyalty.proofs import challenges
from loyalty.redemption.reserving import Wish, reserve
from loyalty.shops.tables import Shop
from loyalty.till.codes import show_code
from loyalty.till.grants import TillUser
from loyalty.till.managers import set_pin
from loyalty.till.tries import count_try
from pos_extension.proving import Proof, Proving
from tests.factories.facts import NOON
from tests.loyalty.actions.cast import a_place, a_rule
from tests.loyalty.conftest import balance_of
from tests.loyalty.redemption.cast import a_reward, have_points
from wallet import setup as wallet_setup
from wallet.setup import WalletSettings
from wallet.tables import MemberToken
from wallet.tokens import find_scanned, get_token, raise_epoch

CASHIER = TillUser(7, 901)
SECRET = b"l" * 32


@pytest.fixture(autouse=True)
def _secret() -> Iterator[None]:
    """What codes and PINs are kept under."""
    before = wallet_setup._settings
    wallet_setup.configure(WalletSettings("https://encore.example", SECRET, apple=None))
    yield
    wallet_setup._settings = before


def redeem(
    session: Session, shop: Shop, member: Member, *, at: datetime = NOON, **shown: Any
) -> None:
    """Redeem 100 points at the till with this proof; a refusal leaves everything as it was."""
    reward = a_reward(session, shop)
    wish = Wish(reward_id=reward.id, channel="till", client_key=uuid4())
    with session.begin_nested():
        made = reserve(session, shop, member.id, wish, actor=CASHIER.actor, now=at)
        Proving(Proof(**shown), CASHIER)(session, shop, made, at)


def token_of(session: Session, member: Member) -> str:
    """The newest code of the card."""
    return get_token(session, member.shop_id, member.id, now=NOON).token


def points(session: Session, member: Member) -> int:
    """What can be spent."""
    return balance_of(session, member).available


def test_tokens_1_a_member_has_one_token(session: Session, aurora: Shop, alice: Member) -> None:
    read = {token_of(session, alice) for _ in range(3)}

    assert len(read) == 1


def test_tokens_2_each_redemption_raises_the_epoch(
    session: Session, aurora: Shop, alice: Member
) -> None:
    have_points(session, alice, 1000)

    for _ in range(2):
        redeem(session, aurora, alice, scanned=token_of(session, alice))

    epoch = select(func.max(MemberToken.epoch)).where(MemberToken.member_id == alice.id)
    assert session.scalar(epoch) == 3
    assert points(session, alice) == 800


def test_tokens_3_an_old_epoch_still_finds_the_member_and_earns(
    session: Session, aurora: Shop, alice: Member
) -> None:
    a_rule(session, aurora, "check_in", 5, limits={"check_in": "week"})
    a_place(session, aurora)
    old = token_of(session, alice)
    raise_epoch(session, aurora.shop_id, alice.id, now=NOON)

    found = find_scanned(session, aurora.shop_id, old)
    assert found is not None and not found.is_newest
    tap = Tap(location_id=901, client_key=uuid4(), occurred_at=NOON, actor=Actor("till_user", "7"))
    check_in(session, aurora, found.member_id, tap, now=NOON)

    assert points(session, alice) == 5


def test_tokens_4_redeeming_needs_the_newest(session: Session, aurora: Shop, alice: Member) -> None:
    have_points(session, alice, 1000)
    old = token_of(session, alice)
    raise_epoch(session, aurora.shop_id, alice.id, now=NOON)

    with pytest.raises(SecondProofNeeded):
        redeem(session, aurora, alice, scanned=old)
    assert points(session, alice) == 1000
    redeem(session, aurora, alice, scanned=token_of(session, alice))

    assert points(session, alice) == 900


def test_tokens_5_or_a_sixty_second_code_of_the_members_page(
    session: Session, aurora: Shop, alice: Member
) -> None:
    have_points(session, alice, 1000)
    shown = show_code(session, aurora.shop_id, alice.id, secret=SECRET, now=NOON)

    with pytest.raises(WrongProof):
        redeem(session, aurora, alice, at=NOON + timedelta(seconds=60), shown_code=shown.code)
    assert points(session, alice) == 1000
    redeem(session, aurora, alice, at=NOON + timedelta(seconds=59), shown_code=shown.code)
    assert points(session, alice) == 900
    with pytest.raises(WrongProof):
        redeem(session, aurora, alice, at=NOON + timedelta(seconds=59), shown_code=shown.code)

    assert points(session, alice) == 900


def test_tokens_6_or_a_managers_pin(session: Session, aurora: Shop, alice: Member) -> None:
    have_points(session, alice, 1000)
    operator = Actor("operator", "command")
    set_pin(session, aurora.shop_id, "Mona", "271828", secret=SECRET, actor=operator, now=NOON)

    with pytest.raises(WrongProof):
        redeem(session, aurora, alice, manager_pin="271829")
    assert points(session, alice) == 1000
    redeem(session, aurora, alice, manager_pin="271828")

    assert points(session, alice) == 900


def test_tokens_7_a_second_proof_is_guessed_at_five_times_in_a_quarter_of_an_hour(
    session: Session, aurora: Shop
) -> None:
    refused: list[LoyaltyError] = []
    for minute in range(15):
        try:
            count_try(session, aurora.shop_id, 7, now=NOON + timedelta(minutes=minute))
        except TooManyTries as error:
            refused.append(error)

    assert 15 - len(refused) == 5
    count_try(session, aurora.shop_id, 7, now=NOON + timedelta(minutes=15))


def test_tokens_8_the_pass_link_needs_a_code_sent_by_email(session: Session, alice: Member) -> None:
    me = Actor("member", str(alice.id))
    body = {"reward_id": str(uuid4())}
    ids = (alice.shop_id, alice.id)
    asked = challenges.ask(session, *ids, "redeem", body=body, actor=me, now=NOON)
    right = challenges.code_of(SECRET, alice.shop_id, asked.id, alice.email_norm)
    other = f"{(int(right) + 1) % 10**6:06d}"

    def typed(code: str, minutes: int) -> str:
        at = NOON + timedelta(minutes=minutes)
        return challenges.try_code(session, asked, code, key=SECRET, now=at)

    assert typed(right, 15) == "over"
    assert typed(right, 14) == "right"
    assert [typed(other, 14) for _ in range(5)] == ["wrong", "wrong", "wrong", "wrong", "over"]
    assert typed(right, 14) == "over"
