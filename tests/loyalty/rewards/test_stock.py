"""Imported codes: a file is taken with a report on each line, and what is there is there once."""

import pytest
from sqlalchemy.orm import Session

from loyalty.base.errors import BadReward, OutOfStock, RewardNotFound
from loyalty.base.ids import new_id
from loyalty.members.tables import Member
from loyalty.orders.facts import CodeFacts
from loyalty.orders.recording import record_order
from loyalty.rewards.stock import Rejected, count_free, import_codes
from loyalty.shops.tables import Shop
from tests.factories.facts import NOON, an_order
from tests.loyalty.redemption.cast import STAFF, a_reward, have_points, reserved


def test_a_file_is_taken_with_a_report_on_each_bad_line(session: Session, aurora: Shop) -> None:
    reward = a_reward(session, aurora, code_source="stock")
    text = "\ufeffCode,note\nabc-1,x\n\n ABC-1 ,again\nhas blank\n" + "x" * 256 + '\n"def-2"\n'

    report = import_codes(session, aurora.shop_id, reward.id, text, actor=STAFF, now=NOON)

    assert report.added == 2
    assert report.rejected == [
        Rejected(3, "is empty"),
        Rejected(4, "stands in line 2 already"),
        Rejected(5, "holds blanks or characters that nobody can type"),
        Rejected(6, "is longer than 255 characters"),
    ]
    assert count_free(session, aurora.shop_id, reward.id) == 2


def test_a_code_that_is_known_is_not_taken_again_by_any_reward(
    session: Session, aurora: Shop, alice: Member
) -> None:
    first = a_reward(session, aurora, code_source="stock")
    second = a_reward(session, aurora, code_source="stock")
    import_codes(session, aurora.shop_id, first.id, "AAA\n", actor=STAFF, now=NOON)
    have_points(session, alice, 100)
    made = reserved(session, aurora, alice, a_reward(session, aurora)).code

    text = f"aaa\n{made}\nBBB\n"
    report = import_codes(session, aurora.shop_id, second.id, text, actor=STAFF, now=NOON)

    assert report.added == 1
    assert report.rejected == [Rejected(1, "known already"), Rejected(2, "known already")]


def test_a_reward_that_makes_its_codes_has_no_stock(session: Session, aurora: Shop) -> None:
    reward = a_reward(session, aurora)

    with pytest.raises(BadReward, match="no stock"):
        import_codes(session, aurora.shop_id, reward.id, "AAA", actor=STAFF, now=NOON)
    with pytest.raises(RewardNotFound):
        import_codes(session, aurora.shop_id, new_id(), "AAA", actor=STAFF, now=NOON)


def test_a_file_beyond_the_limit_or_without_sense_is_refused_whole(
    session: Session, aurora: Shop
) -> None:
    reward = a_reward(session, aurora, code_source="stock")

    for text in ("A\n" * 100_001, '"' + "x" * 200_000 + '"'):
        with pytest.raises(BadReward) as refusal:
            import_codes(session, aurora.shop_id, reward.id, text, actor=STAFF, now=NOON)
        assert refusal.value.field == "codes"
    assert count_free(session, aurora.shop_id, reward.id) == 0


def test_a_free_code_that_an_order_has_used_is_given_to_nobody(
    session: Session, aurora: Shop, alice: Member
) -> None:
    reward = a_reward(session, aurora, code_source="stock")
    import_codes(session, aurora.shop_id, reward.id, "AAA\nBBB\n", actor=STAFF, now=NOON)
    have_points(session, alice, 300)
    used = an_order(7, codes=(CodeFacts("AAA", 500),))
    record_order(session, aurora, used, now=NOON, is_backfill=False)

    left = count_free(session, aurora.shop_id, reward.id)
    given = reserved(session, aurora, alice, reward).code
    with pytest.raises(OutOfStock):
        reserved(session, aurora, alice, reward)

    assert (left, given) == (1, "BBB")
