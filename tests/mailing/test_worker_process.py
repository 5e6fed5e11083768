"""R8: real workers send emails by themselves; killed in the middle, they leave a doubt, no loss."""

import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import select

from jobs import queues
from jobs.relay import relay
from loyalty import outbox
from loyalty.base import bell, db
from mailing.tables import EmailMessage
from sandbox.servers.valkey import start_valkey
from tests.conftest import DatabaseUrls
from tests.jobs.conftest import make_due
from tests.jobs.processes import environment, running, until
from tests.mailing.cast import Addressee, enrol, install_shop
from tests.mailing.stand_in import (
    ACCESS_KEY_ID,
    CONFIGURATION_SET,
    SECRET_ACCESS_KEY,
    SENDER,
    Amazon,
)

START_S = 120.0
"""How long a worker may take to start on a machine that does other things."""


@pytest.fixture
def env(fresh_database: DatabaseUrls, amazon: Amazon, tmp_path: Path) -> Iterator[dict[str, str]]:
    """What a worker needs to send emails, and this process on the same database and Valkey."""
    before, valkey = db._engine, start_valkey(tmp_path / "valkey")
    engine = db.configure(fresh_database.app, hide_parameters=True)
    queues.configure(valkey.url)
    bell.register(queues.ring)
    yield environment(
        fresh_database.app,
        valkey.url,
        MAIL_FROM=SENDER,
        SES_URL=amazon.url,
        SES_CONFIGURATION_SET=CONFIGURATION_SET,
        AWS_ACCESS_KEY_ID=ACCESS_KEY_ID,
        AWS_SECRET_ACCESS_KEY=SECRET_ACCESS_KEY,
        ENCORE_FAULT_POINTS=str(tmp_path / "faults"),
    )
    bell.register(lambda _queue, _shop_id: None)
    engine.dispose()
    db._engine = before
    valkey.stop()


def join(env: dict[str, str]) -> Addressee:
    """Alice joins Aurora by an order of today."""
    shop_id = install_shop("aurora")
    return enrol(shop_id, "Alice", customer_id=501, email="alice@w.example", is_backfill=False)


def emails(amazon: Amazon) -> int:
    """How many emails to Alice SES took."""
    return sum(email["to"] == ["alice@w.example"] for email in amazon.emails())


def state(alice: Addressee) -> str | None:
    """How her one email stands."""
    with db.shop_transaction(alice.shop_id) as session:
        return session.scalar(select(EmailMessage.state))


def ring_until(alice: Addressee, condition: Callable[[], object], what: str) -> None:
    """Wait, and ring again and again as the sweep does: a ring may go unheard."""

    def rung() -> object:
        queues.ring("mail", alice.shop_id)
        return condition()

    until(rung, what, START_S)


def test_whoever_joins_is_sent_the_card_by_the_workers(env: dict[str, str], amazon: Amazon) -> None:
    before = emails(amazon)
    with running(env, "worker", "relay", "mail"):
        alice = join(env)

        until(lambda: state(alice) == "sent", "the email", START_S)

    assert emails(amazon) == before + 1


@pytest.mark.parametrize(("point", "extra"), [("email_before_send", 0), ("email_after_send", 1)])
def test_a_worker_killed_while_sending_leaves_a_doubt_that_is_settled_once(
    env: dict[str, str], amazon: Amazon, point: str, extra: int
) -> None:
    before = emails(amazon)
    folder = Path(env["ENCORE_FAULT_POINTS"])
    folder.mkdir()
    (folder / point).touch()
    alice = join(env)
    relay(alice.shop_id)
    with running(env, "worker", "mail") as worker:
        ring_until(alice, lambda: worker.poll() is not None, "the kill")
    assert worker.returncode == -signal.SIGKILL
    assert state(alice) == "sending"

    make_due(alice.shop_id)
    with running(env, "worker", "mail"):
        ring_until(alice, lambda: state(alice) == "sent", "the email")

    assert emails(amazon) == before + 1 + extra
    with db.shop_transaction(alice.shop_id) as session:
        assert session.scalar(select(EmailMessage.doubts)) == 1


def test_history_that_is_read_in_sends_nobody_an_email(env: dict[str, str]) -> None:
    shop_id = install_shop("aurora")
    enrol(shop_id, "Alice", customer_id=501, email="alice@w.example", is_backfill=True)

    with db.shop_transaction(shop_id) as session:
        kinds = session.scalars(select(outbox.OutboxEvent.kind)).all()
    assert outbox.CARD_EMAIL_ASKED not in kinds
