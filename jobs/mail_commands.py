"""Operator commands about emails: who is sent the card by itself, and which address is blocked."""

from uuid import UUID

import click

from jobs.operating import OPERATOR, member_option, shop_id_of, shop_option
from loyalty.base import db
from loyalty.base.clock import utc_now
from loyalty.base.errors import MemberNotFound
from loyalty.programme.settings import set_sends_card_email
from mailing.bounces import clear_bounce
from mailing.errors import EmailError, EmailRefused


@click.group()
def emails() -> None:
    """What an operator may need of emails."""


@emails.command("card-email")
@shop_option
@click.option("--on/--off", "is_on", required=True, help="Send the card to whoever joins, or not.")
def card_email(domain: str, is_on: bool) -> None:
    """Switch the email with the card, which whoever joins is sent, on or off."""
    shop_id = shop_id_of(domain)
    with db.shop_transaction(shop_id) as session:
        set_sends_card_email(session, shop_id, is_on, actor=OPERATOR, now=utc_now())
    click.echo(f"{domain}: the card email is {'on' if is_on else 'off'}")


@emails.command("clear-bounce")
@shop_option
@member_option
def clear_hard_bounce(domain: str, member_id: UUID) -> None:
    """Let emails to a member's address go out again, and tell Amazon so."""
    shop_id = shop_id_of(domain)
    try:
        was_blocked = clear_bounce(shop_id, member_id, actor=OPERATOR, now=utc_now())
    except MemberNotFound as error:
        raise click.ClickException(f"{domain} has no such member") from error
    except (EmailRefused, EmailError) as error:
        raise click.ClickException(str(error)) from error
    click.echo("cleared" if was_blocked else "nothing to clear")
