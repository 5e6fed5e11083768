"""What operators type about rewards: save, stock, redeem for a member, and what is flagged."""

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from jobs.operating import OPERATOR
from jobs.reward_commands import reward_commands
from loyalty.adjustments import adjust
from loyalty.base import db
from loyalty.base.clock import utc_now
from loyalty.base.ids import new_id
from loyalty.members.tables import MemberBalance
from tests.jobs.conftest import Aurora

SHOP = ("--shop", "aurora.myshopify.com")
FIVE = '{"name": "Five", "kind": "fixed_amount", "amount": "5.00", "cost_points": 100}'
STOCKED = (
    '{"name": "Mug", "kind": "fixed_amount", "amount": "5.00", "cost_points": 100,'
    ' "code_source": "stock"}'
)


def typed(command: str, *arguments: str) -> Result:
    return CliRunner().invoke(reward_commands, (command, *SHOP, *arguments))


def said(command: str, *arguments: str) -> str:
    result = typed(command, *arguments)
    assert result.exit_code == 0, result.output
    return result.output


def last_line(output: str) -> str:
    """What the command said, below what it logged."""
    return output.splitlines()[-1]


@pytest.fixture
def shop(aurora: Aurora) -> Aurora:
    """Aurora, whose Alice has 250 points."""
    with db.shop_transaction(aurora.shop_id) as session:
        session.add(MemberBalance(shop_id=aurora.shop_id, member_id=aurora.alice))
        session.flush()
        adjust(
            session,
            aurora.shop_id,
            aurora.alice,
            points=250,
            reason="other",
            note=None,
            order_reference=None,
            client_key="start",
            actor=OPERATOR,
            now=utc_now(),
        )
    return aurora


def stocked(tmp_path: Path, codes: bytes) -> tuple[str, Path]:
    """A reward of imported codes, and a file of them."""
    reward_id = said("add-reward", STOCKED).split()[0]
    path = tmp_path / "codes.csv"
    path.write_bytes(codes)
    return reward_id, path


def test_rewards_are_added_changed_and_listed(shop: Aurora) -> None:
    reward_id = said("add-reward", FIVE).split()[0]

    changed = said("change-reward", "--id", reward_id, '{"cost_points": 150, "is_active": false}')

    assert changed.strip() == f"{reward_id} v2 fixed_amount 'Five' 5.00 EUR for 150 points off"
    assert changed == said("rewards")


@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        ("no json", "settings: is no JSON"),
        (FIVE.replace("5.00", "-5"), "amount: is no amount above 0"),
        (FIVE.replace("100", "0"), "cost_points: is no whole number from 1"),
        (FIVE.replace("fixed_amount", "gold"), "kind: is none of fixed_amount"),
    ],
)
def test_what_cannot_work_is_refused_with_field_and_reason(
    shop: Aurora, settings: str, reason: str
) -> None:
    result = typed("add-reward", settings)

    assert result.exit_code == 1
    assert reason in result.output
    assert said("rewards") == ""


def test_codes_are_imported_with_a_report(shop: Aurora, tmp_path: Path) -> None:
    reward_id, path = stocked(tmp_path, b"code\nAAA\nbbb\nAAA\n")

    report = said("import-reward-codes", "--id", reward_id, str(path))

    assert report == "2 codes added, 1 lines left out\nline 4: stands in line 2 already\n"
    assert "stock=2" in said("rewards")
    path.write_bytes(b"\xff\xfe")
    assert "not in UTF-8" in typed("import-reward-codes", "--id", reward_id, str(path)).output


def test_a_reward_is_redeemed_for_a_member_once_per_key(shop: Aurora, tmp_path: Path) -> None:
    reward_id, path = stocked(tmp_path, b"AAA\nBBB\n")
    said("import-reward-codes", "--id", reward_id, str(path))
    member, key = ("--member", str(shop.alice)), ("--key", str(new_id()))

    first = last_line(said("redeem", *member, "--reward", reward_id, *key))
    again = last_line(said("redeem", *member, "--reward", reward_id, *key))

    assert first == again
    assert " issued 'Mug' 100 points AAA " in first
    assert said("redemptions", *member) == f"{first}\n"
    assert "redeemable" in said("offers", *member)
    assert said("waiting-redemptions") == ""


def test_a_refusal_is_told_in_words(shop: Aurora) -> None:
    reward_id = said("add-reward", FIVE.replace("100", "251")).split()[0]

    result = typed("redeem", "--member", str(shop.alice), "--reward", reward_id)

    assert result.exit_code == 1
    assert "insufficient_points: 1 point is missing" in result.output
    assert "not now: 1 point is missing" in said("offers", "--member", str(shop.alice))


def test_who_redeems_often_is_flagged_by_the_limits_that_are_set(
    shop: Aurora, tmp_path: Path
) -> None:
    reward_id, path = stocked(tmp_path, b"AAA\nBBB\n")
    said("import-reward-codes", "--id", reward_id, str(path))
    assert said("velocity") == "per_member=5 per_user=50 in 24 hours\n"
    assert said("velocity", "--per-member", "1") == "per_member=1 per_user=50 in 24 hours\n"

    for _ in range(2):
        said("redeem", "--member", str(shop.alice), "--reward", reward_id)

    [flagged] = said("flagged-redemptions").splitlines()
    assert "BBB" in flagged and "flags=velocity_member" in flagged
    assert "velocity_per_user: is no whole number" in typed("velocity", "--per-user", "0").output
