"""Operators switch the card email and clear bounces; each is audited, and unknown names end it."""

from click.testing import CliRunner, Result

from jobs.mail_commands import emails
from loyalty.audit import AuditRow
from loyalty.base.db import shop_transaction
from loyalty.programme.rules import get_programme
from tests.mailing.cast import Addressee, enrol
from tests.mailing.stand_in import Amazon

AURORA = "aurora.myshopify.com"


def run(*arguments: str) -> Result:
    """Run one command."""
    return CliRunner().invoke(emails, list(arguments))


def audited(alice: Addressee) -> list[tuple[str, str]]:
    """Who did what, by the audit trail."""
    with shop_transaction(alice.shop_id) as session:
        rows = session.query(AuditRow).order_by(AuditRow.id)
        return [(row.actor_kind, row.action) for row in rows]


def test_the_card_email_is_switched_off_and_on_again(alice: Addressee) -> None:
    assert "is off" in run("card-email", "--shop", AURORA, "--off").output
    enrol(alice.shop_id, "Carol", customer_id=502, email="carol@example.com", is_backfill=False)
    assert alice.deliveries() == []
    for _ in range(2):
        run("card-email", "--shop", AURORA, "--on")

    with shop_transaction(alice.shop_id) as session:
        assert get_programme(session, alice.shop_id).sends_card_email
    assert audited(alice) == [("operator", "card_email_switched")] * 2


def test_a_bounce_is_cleared_once(alice: Addressee, amazon: Amazon) -> None:
    alice.ask()
    alice.work()
    amazon.post("bounce", message_id=alice.messages()[0].ses_message_id, type="Permanent")

    outputs = [
        run("clear-bounce", "--shop", AURORA, "--member", str(alice.member_id)).output
        for _ in range(2)
    ]

    assert outputs == ["cleared\n", "nothing to clear\n"]
    assert ("operator", "email_bounce_cleared") in audited(alice)


def test_an_unknown_shop_or_member_ends_the_command(alice: Addressee, bob: Addressee) -> None:
    stranger = run("clear-bounce", "--shop", AURORA, "--member", str(bob.member_id))

    assert (stranger.exit_code, "no such member" in stranger.output) == (1, True)
    assert run("card-email", "--shop", "nobody.myshopify.com", "--off").exit_code == 1
    assert run("card-email", "--shop", AURORA).exit_code == 2
