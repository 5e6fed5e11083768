"""Points for many: what operators type, and the job that a crash anywhere leaves in good order."""

import os
import signal
from collections.abc import Callable
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import func, select

from jobs import group_grants as job
from jobs.answers import ANSWERS
from jobs.group_grant_commands import group_grant_commands
from jobs.schedule import sweep
from loyalty.base import db, faults
from loyalty.base.bulk import insert_rows
from loyalty.base.clock import utc_now
from loyalty.base.ids import new_id
from loyalty.group_grants import giving, undoing
from loyalty.group_grants.tables import GroupGrant
from loyalty.ledger.posting import Cause, debit, lock_balance
from loyalty.ledger.selfcheck import find_differences
from loyalty.ledger.tables import LedgerEntry
from loyalty.members.tables import MemberBalance
from loyalty.segments.tables import Segment, SegmentMember
from loyalty.shops.directory import shops_with_work, uninstall
from tests.jobs.conftest import Aurora, add_member

SHOP = ("--shop", "aurora.myshopify.com")
MEMBERS = 7


@pytest.fixture
def segment(aurora: Aurora) -> UUID:
    """Alice and six others."""
    members = [aurora.alice, *(add_member(aurora.shop_id) for _ in range(MEMBERS - 1))]
    segment_id, now = new_id(), utc_now()
    with db.shop_transaction(aurora.shop_id) as session:
        session.add_all(
            MemberBalance(shop_id=aurora.shop_id, member_id=member) for member in members
        )
        session.add(
            Segment(
                shop_id=aurora.shop_id,
                id=segment_id,
                name="Quiet",
                size=MEMBERS,
                created_at=now,
                refreshed_at=now,
            )
        )
        session.flush()
        row = {"shop_id": aurora.shop_id, "segment_id": segment_id, "entered_at": now}
        insert_rows(session, SegmentMember, [row | {"member_id": one} for one in members])
    return segment_id


def typed(command: str, *arguments: str) -> Result:
    return CliRunner().invoke(group_grant_commands, (command, *SHOP, *arguments))


def decide(segment: UUID, *more: str) -> Result:
    told = ("--segment", str(segment), "--points", "100", "--reason", "contest", *more)
    return typed("grant-segment", *told)


def the_grant(aurora: Aurora) -> GroupGrant:
    with db.shop_transaction(aurora.shop_id) as session:
        return session.scalars(select(GroupGrant)).one()


def entries(aurora: Aurora) -> tuple[int, int]:
    """How many there are, and their sum."""
    with db.shop_transaction(aurora.shop_id) as session:
        row = session.execute(
            select(func.count(), func.coalesce(func.sum(LedgerEntry.points), 0))
        ).one()
        assert list(find_differences(session, aurora.shop_id)) == []
    return row[0], int(row[1])


def test_sum_is_shown_before_anything_is_given(aurora: Aurora, segment: UUID) -> None:
    shown = decide(segment)

    assert "7 members of Quiet would get 100 points, 700 together" in shown.output
    assert typed("group-grants").output == "" and entries(aurora) == (0, 0)


def test_same_key_gives_once_and_the_job_brings_it_to_its_end(
    aurora: Aurora, segment: UUID
) -> None:
    key = str(uuid4())

    decided = [decide(segment, "--key", key, "--write") for _ in range(2)]
    ANSWERS["group_grants"](aurora.shop_id)

    assert decided[0].output == decided[1].output
    assert entries(aurora) == (7, 700)
    assert "done 100 points to Quiet: members=7 given=7" in typed("group-grants").output

    undone = typed("undo-group-grant", "--id", str(the_grant(aurora).id))
    job.run_shop(aurora.shop_id)

    assert undone.exit_code == 0
    assert entries(aurora) == (14, 0)
    assert "undone=7 kept=0" in typed("group-grants").output


@pytest.mark.parametrize("dies_at", range(1, 13))
def test_killed_before_or_after_any_commit_it_goes_on_and_gives_everybody_once(
    aurora: Aurora, segment: UUID, monkeypatch: pytest.MonkeyPatch, dies_at: int
) -> None:
    in_threes(monkeypatch)
    decide(segment, "--write")
    monkeypatch.setattr(faults, "point", dying(dies_at))

    with pytest.raises(Died):
        job.run_shop(aurora.shop_id)
    monkeypatch.undo()
    job.run_shop(aurora.shop_id)

    assert entries(aurora) == (7, 700)
    assert the_grant(aurora).given == 7


@pytest.mark.parametrize("dies_at", range(1, 9))
def test_killed_before_or_after_any_commit_it_takes_back_from_everybody_once(
    aurora: Aurora, segment: UUID, monkeypatch: pytest.MonkeyPatch, dies_at: int
) -> None:
    in_threes(monkeypatch)
    decide(segment, "--write")
    job.run_shop(aurora.shop_id)
    spend(aurora, 40)
    typed("undo-group-grant", "--id", str(the_grant(aurora).id))
    monkeypatch.setattr(faults, "point", dying(dies_at))

    with pytest.raises(Died):
        job.run_shop(aurora.shop_id)
    monkeypatch.undo()
    job.run_shop(aurora.shop_id)

    # Seven times 100 given, six times taken back; Alice spent 40 and keeps the rest.
    assert entries(aurora) == (14, 60)
    grant = the_grant(aurora)
    assert (grant.state, grant.undone, grant.kept) == ("undone", 6, 1)


@pytest.mark.parametrize("point", ["group_grant_before_commit", "group_grant_batch"])
def test_a_process_that_is_killed_with_9_leaves_whole_batches(
    aurora: Aurora, segment: UUID, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, point: str
) -> None:
    in_threes(monkeypatch)
    decide(segment, "--write")

    for passes in (1, 2, 0):
        kill_at(point, passes, tmp_path, lambda: job.run_shop(aurora.shop_id))
    job.run_shop(aurora.shop_id)
    assert entries(aurora) == (7, 700)
    typed("undo-group-grant", "--id", str(the_grant(aurora).id))
    for passes in (1, 0):
        kill_at(point, passes, tmp_path, lambda: job.run_shop(aurora.shop_id))
    job.run_shop(aurora.shop_id)

    assert entries(aurora) == (14, 0)
    assert the_grant(aurora).undone == 7


def test_lost_ring_is_rung_again_by_the_sweep(aurora: Aurora, segment: UUID) -> None:
    decide(segment, "--write")

    with db.shopless_transaction() as session:
        assert ("group_grants", aurora.shop_id) in shops_with_work(session, utc_now())
    sweep()
    job.run_shop(aurora.shop_id)
    with db.shopless_transaction() as session:
        assert ("group_grants", aurora.shop_id) not in shops_with_work(session, utc_now())


def test_two_workers_at_once_share_no_batch(aurora: Aurora, segment: UUID) -> None:
    decide(segment, "--write")
    with db.shop_transaction(aurora.shop_id) as session:
        held = job._lock_next(session, aurora.shop_id)
        assert held is not None

        assert job.run_shop(aurora.shop_id) == 0

    job.run_shop(aurora.shop_id)
    assert entries(aurora) == (7, 700)


def test_shop_that_left_is_left_alone(aurora: Aurora, segment: UUID) -> None:
    decide(segment, "--write")
    with db.shop_transaction(aurora.shop_id) as session:
        uninstall(session, aurora.shop_id, now=utc_now())

    assert job.run_shop(aurora.shop_id) == 0
    assert entries(aurora) == (0, 0)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        (("--points", "-1"), "points: Enter how many points each member gets"),
        (("--reason", "because"), "reason: Choose a reason"),
        (("--segment", str(UUID(int=7))), "segment_not_found"),
    ],
)
def test_what_cannot_be_is_refused_in_words(
    aurora: Aurora, segment: UUID, changes: tuple[str, str], said: str
) -> None:
    refused = decide(segment, *changes, "--write")

    assert refused.exit_code == 1 and said in refused.output
    assert typed("group-grants").output == ""


class Died(Exception):
    """The process is gone."""


def dying(passes: int) -> Callable[..., None]:
    """A point that dies at its so manieth pass."""
    left = [passes]

    def point(name: str, **work: object) -> None:
        left[0] -= 1
        if left[0] == 0:
            raise Died

    return point


def in_threes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Small batches: seven members are three of each kind."""
    monkeypatch.setattr(giving, "PREPARED_AT_ONCE", 3)
    monkeypatch.setattr(giving, "GIVEN_AT_ONCE", 3)
    monkeypatch.setattr(undoing, "UNDONE_AT_ONCE", 3)


def spend(aurora: Aurora, points: int) -> None:
    """Alice redeems some."""
    now = utc_now()
    with db.shop_transaction(aurora.shop_id) as session:
        balance = lock_balance(session, aurora.shop_id, aurora.alice)
        cause = Cause("deduct", "test:spend", "test", "1", "system:test", now)
        debit(session, balance, cause, points=points, now=now)


def kill_at(point: str, passes: int, folder: Path, do: Callable[[], object]) -> None:
    """Run `do` in a process of its own, which must die of SIGKILL at `point` after so many."""
    (folder / point).write_text(str(passes))
    pid = os.fork()
    if pid == 0:
        try:
            # The parent's connections are the parent's.
            db.engine().dispose(close=False)
            faults.arm(folder)
            do()
        finally:
            os._exit(1)
    _, status = os.waitpid(pid, 0)
    assert os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL
    (folder / f"{point}.hit").unlink()
