"""The operator command for a store credit of which Shopify cannot say whether it was paid."""

from uuid import UUID

import click

from jobs.operating import OPERATOR, inside, shop_option
from loyalty.base.clock import utc_now
from loyalty.redemption import doubts


@click.group()
def credit_commands() -> None:
    """What an operator may need of store credit."""


@credit_commands.command("settle-credit")
@shop_option
@click.option("--redemption", "redemption_id", type=click.UUID, required=True)
@click.option(
    "--paid/--not-paid", "was_paid", default=None, help="As the customer's account in Shopify says."
)
def settle_credit(domain: str, redemption_id: UUID, was_paid: bool | None) -> None:
    """Say whether a store credit in doubt was paid; not paid gives the points back."""
    if was_paid is None:
        raise click.UsageError("say --paid or --not-paid")
    with inside(domain) as (session, shop):
        settled = doubts.settle(
            session, shop.shop_id, redemption_id, was_paid=was_paid, actor=OPERATOR, now=utc_now()
        )
        state = settled.state
    click.echo(f"{redemption_id} {state}")
