"""The account's rate and quota: what is beyond them waits, and costs no attempt."""

import subprocess
import sys
import threading
import time
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select, text

from loyalty.base import db
from loyalty.base.clock import utc_now
from loyalty.base.db import shop_transaction, shopless_transaction
from loyalty.members.consent import say
from loyalty.outbox import Delivery
from mailing import pacing
from mailing.account import read_account, read_sender
from mailing.errors import PaceExceeded
from mailing.one_off import ask_for_one_off
from mailing.tables import MailPace
from tests.mailing.cast import DANA, Addressee, taken
from tests.mailing.stand_in import SENDER, Amazon

ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def unread(amazon: Amazon, database: None) -> None:
    """Nobody has asked Amazon for its limits yet."""
    forget()


def forget() -> None:
    with shopless_transaction() as session:
        session.execute(text("UPDATE mail_pace SET read_at = '2000-01-01', next_at = now()"))


def write_to(alice: Addressee) -> None:
    """Have Dana write an offer to Alice, who has said yes to that."""
    with shop_transaction(alice.shop_id) as session:
        ids, now = (alice.shop_id, alice.member_id), utc_now()
        say(session, *ids, "email", "subscribed", source="staff", said_at=now)
        ask_for_one_off(
            session,
            *ids,
            subject="Scarves",
            text="They are here.",
            is_answer=False,
            client_key="offer",
            actor=DANA,
            now=now,
        )


SENDER_OF_ITS_OWN = """
import sys, time
from loyalty.base import db
from mailing import pacing, setup
from mailing.setup import MailSettings
_, database, ses, turns = sys.argv
db.configure(database)
setup.configure(MailSettings("a@b.example", "us-east-1", "", b"", None, ses_url=ses))
print("ready", flush=True)
sys.stdin.readline()
for _ in range(int(turns)):
    pacing.take("card")
    print(time.time(), flush=True)
"""
TURNS = 8


def start_sender(amazon: Amazon) -> "subprocess.Popen[str]":
    """A process that says "ready", and once it is answered the moments of its turns."""
    database = db.engine().url.render_as_string(hide_password=False)
    return subprocess.Popen(
        [sys.executable, "-c", SENDER_OF_ITS_OWN, database, amazon.url, str(TURNS)],
        cwd=ROOT,
        text=True,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )


def use_up(sent: int) -> None:
    with shopless_transaction() as session:
        session.execute(text("UPDATE mail_pace SET sent_24h = :sent"), {"sent": sent})


def test_the_limits_are_those_that_amazon_tells(amazon: Amazon) -> None:
    amazon.put("settings", rate_max=7, quota_max=1000)

    pacing.take("card")

    assert pacing.read() == pacing.Pace(rate_per_s=7, left_24h=999)


def test_turns_come_at_the_rate_however_many_ask_at_once(amazon: Amazon) -> None:
    amazon.put("settings", rate_max=10)
    pacing.take("card")
    moments: list[float] = []

    def take() -> None:
        pacing.take("card")
        moments.append(time.monotonic())

    threads = [threading.Thread(target=take) for _ in range(12)]
    began = time.monotonic()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(moments) == 12
    assert max(moments) - began >= 1.1
    moments.sort()
    assert all(b - a >= 0.9 for a, b in zip(moments, moments[11:], strict=False))


def test_a_turn_too_far_away_is_put_off_and_not_counted(amazon: Amazon) -> None:
    amazon.put("settings", rate_max=1)
    now = utc_now()
    pacing.take("card", now=now)
    with shopless_transaction() as session:
        row = session.scalars(select(MailPace)).one()
        row.next_at, sent = now + timedelta(seconds=9), row.sent_24h

    with pytest.raises(PaceExceeded) as put_off:
        pacing.take("card", now=now)

    assert timedelta(seconds=8) < put_off.value.retry_after <= timedelta(seconds=9)
    with shopless_transaction() as session:
        assert session.scalars(select(MailPace.sent_24h)).one() == sent


def test_what_is_beyond_the_quota_waits_and_costs_no_attempt(
    alice: Addressee, amazon: Amazon, before: int
) -> None:
    pacing.take("card")
    use_up(50_000)

    alice.ask()
    alice.work()

    assert taken(amazon, before) == []
    assert alice.states() == ["queued"]
    with shop_transaction(alice.shop_id) as session:
        mine = select(Delivery).where(Delivery.subscriber == "mail")
        delivery = session.scalars(mine).one()
        assert (delivery.state, delivery.attempts) == ("pending", 0)
        assert delivery.next_at > utc_now() + timedelta(minutes=9)
    use_up(0)
    alice.work_later()
    assert alice.states() == ["sent"]


def test_marketing_leaves_a_part_of_the_quota_to_what_people_wait_for(amazon: Amazon) -> None:
    amazon.put("settings", quota_max=100)
    pacing.take("card")
    use_up(90)

    with pytest.raises(PaceExceeded):
        pacing.take("campaign")
    pacing.take("proof")


@pytest.mark.parametrize("kind", ["granted", "one_off", "birthday", "card"])
def test_what_nobody_asked_for_leaves_that_part_too(amazon: Amazon, kind: str) -> None:
    amazon.put("settings", quota_max=100)
    pacing.take(kind)
    use_up(90)

    with pytest.raises(PaceExceeded):
        pacing.take(kind)
    assert pacing.is_used_up()
    pacing.take(kind, is_asked_for=True)


def test_a_code_does_not_wait_behind_marketing_that_waits(
    alice: Addressee, amazon: Amazon, before: int
) -> None:
    amazon.put("settings", quota_max=100)
    pacing.take("card")
    use_up(90)
    write_to(alice)
    alice.work()
    assert (alice.states(), taken(amazon, before)) == (["queued"], [])

    alice.ask()
    alice.work()

    assert alice.states() == ["queued", "sent"]
    assert len(taken(amazon, before)) == 1
    with shop_transaction(alice.shop_id) as session:
        found = session.scalars(select(Delivery).where(Delivery.subscriber == "mail"))
        assert sorted((each.state, each.attempts) for each in found) == [
            ("done", 1),
            ("pending", 0),
        ]
    use_up(0)
    alice.work_later()
    assert alice.states() == ["sent", "sent"]


def test_two_processes_keep_to_the_rate_together(amazon: Amazon) -> None:
    amazon.put("settings", rate_max=10)
    pacing.take("card")
    senders = [start_sender(amazon) for _ in range(2)]
    for sender in senders:
        assert sender.stdout and sender.stdout.readline() == "ready\n"

    told = [sender.communicate("go\n", timeout=60)[0].split() for sender in senders]

    turns = sorted(float(turn) for each in told for turn in each)
    assert [len(each) for each in told] == [TURNS, TURNS]
    assert all(b - a >= 0.9 for a, b in zip(turns, turns[11:], strict=False))


def test_without_an_answer_of_amazon_emails_go_all_the_same(
    alice: Addressee, amazon: Amazon, before: int
) -> None:
    with shopless_transaction() as session:
        session.execute(text("UPDATE mail_pace SET rate_per_s = NULL, quota_24h = NULL"))
    amazon.put("settings", tells_account=False)

    alice.ask()
    alice.work()

    assert alice.states() == ["sent"]
    assert pacing.read() == pacing.Pace(None, None)


def test_without_an_answer_of_amazon_no_more_than_one_goes_in_a_second(amazon: Amazon) -> None:
    with shopless_transaction() as session:
        session.execute(text("UPDATE mail_pace SET rate_per_s = NULL, quota_24h = NULL"))
    amazon.put("settings", tells_account=False)

    pacing.take("card")
    began = time.monotonic()
    pacing.take("card")

    assert time.monotonic() - began >= 0.9


def test_amazon_is_asked_once_a_minute(amazon: Amazon) -> None:
    asked = len(amazon.get("requests")["requests"])
    for _ in range(3):
        pacing.take("card")

    requests = amazon.get("requests")["requests"][asked:]
    assert [one["request"] for one in requests] == ["GET /v2/email/account"]


def test_the_account_and_its_sender_are_read_as_amazon_has_them(amazon: Amazon) -> None:
    amazon.put("settings", rate_max=3, quota_max=200, is_verified=False)

    account, sender = read_account(), read_sender()

    assert (account.rate_per_s, account.quota_24h, account.sent_24h) == (3, 200, 0)
    assert (account.is_enabled, account.is_test) == (True, False)
    assert (sender.address, sender.identity) == (SENDER, SENDER)
    assert (sender.verification, sender.is_verified) == ("PENDING", False)
