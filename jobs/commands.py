"""Commands for operators: what waits for a person, and how to send it on its way again."""

from datetime import datetime
from uuid import UUID

import click

from jobs import dead_letters, history, schedule
from jobs.operating import (
    OPERATOR,
    any_shop_option,
    list_shops,
    refusals,
    shop_id_of,
    shop_option,
)
from jobs.privacy import removal, requests
from loyalty.base import db
from loyalty.base.clock import utc_now
from loyalty.programme.settings import TILL_CAP_MAX, set_till_cap
from shopify_app.platform import inbox
from shopify_app.platform.privacy import list_open_requests

id_option = click.option("--id", "row_id", type=click.UUID, help="Only this row.")


@click.group()
def operator() -> None:
    """What an operator may need."""


@operator.command()
def selfcheck() -> None:
    """Rebuild every figure from the books; fails when one differs."""
    differences = schedule.selfcheck()
    click.echo(f"{differences} differences")
    if differences:
        raise SystemExit(1)


@operator.command()
@any_shop_option
def parked(domain: str | None) -> None:
    """List the webhooks that were given up on."""
    for shop in list_shops(domain):
        for row in inbox.parked(shop.shop_id):
            click.echo(
                f"{shop.domain} {row.id} {row.topic} {row.received_at:%Y-%m-%d %H:%M:%S}Z "
                f"attempts={row.attempts} {row.error}"
            )


@operator.command("replay-inbox")
@any_shop_option
@id_option
def replay_inbox(domain: str | None, row_id: UUID | None) -> None:
    """Handle parked webhooks once more."""
    ids = None if row_id is None else [row_id]
    count = sum(inbox.replay(shop.shop_id, ids, actor=OPERATOR) for shop in list_shops(domain))
    click.echo(f"{count} webhooks to be handled again")


@operator.command("credit-history")
@shop_option
@click.option("--since", type=click.DateTime(["%Y-%m-%d"]), required=True, help="The shop's day.")
@click.option("--write", is_flag=True, help="Credit them; without it only the sum is shown.")
def credit_history(domain: str, since: datetime, write: bool) -> None:
    """Let orders from before the install earn, from a day on; at first only says how much."""
    run, verb = history.dry_run, "would be credited"
    if write:
        run, verb = history.credit, "credited"
    with refusals():
        credited = run(shop_id_of(domain), since.date(), actor=OPERATOR)
    click.echo(f"{credited.orders} orders, {credited.points} points {verb}")


@operator.command("till-cap")
@shop_option
@click.option(
    "--points",
    type=click.IntRange(0, TILL_CAP_MAX),
    required=True,
    help="What one user of the till may grant in a day; 0 for none.",
)
def till_cap(domain: str, points: int) -> None:
    """Set how many points a user of the till may grant in a day."""
    shop_id = shop_id_of(domain)
    with db.shop_transaction(shop_id) as session:
        set_till_cap(session, shop_id, points, actor=OPERATOR, now=utc_now())
    click.echo(f"{domain}: a user of the till may grant {points} points a day")


@operator.command("privacy-requests")
@any_shop_option
def privacy_requests(domain: str | None) -> None:
    """List the open requests of Shopify's privacy topics, the soonest due first."""
    for shop in list_shops(domain):
        for row in list_open_requests(shop.shop_id):
            click.echo(
                f"{shop.domain} {row.id} {row.subject} customer={row.customer_id} "
                f"received={row.received_at:%Y-%m-%d} due={row.due_at:%Y-%m-%d}"
            )


@operator.command("run-privacy-requests")
@any_shop_option
def run_privacy_requests(domain: str | None) -> None:
    """Carry out now the privacy requests that are due."""
    count = sum(requests.run_shop(shop.shop_id) for shop in list_shops(domain))
    click.echo(f"{count} privacy requests worked on")


@operator.command("removal-proof")
@shop_option
def removal_proof(domain: str) -> None:
    """Say when everything of a shop was deleted; fails when it never was."""
    with db.shopless_transaction() as session:
        proof = removal.find_proof(session, domain)
    if proof is None:
        raise click.ClickException(f"{domain} was never removed")
    click.echo(
        f"requested={proof.requested_at:%Y-%m-%d %H:%M}Z due={proof.due_at:%Y-%m-%d} "
        f"removed={proof.removed_at:%Y-%m-%d %H:%M}Z"
    )


@operator.command()
@any_shop_option
def dead(domain: str | None) -> None:
    """List the deliveries that were given up on."""
    for shop in list_shops(domain):
        for row in dead_letters.list_dead(shop.shop_id):
            click.echo(
                f"{shop.domain} {row.id} {row.subscriber} member={row.member_id} "
                f"{row.done_at:%Y-%m-%d %H:%M:%S}Z attempts={row.attempts} {row.error}"
            )


@operator.command("replay-deliveries")
@any_shop_option
@id_option
def replay_deliveries(domain: str | None, row_id: UUID | None) -> None:
    """Make dead deliveries once more."""
    ids = None if row_id is None else [row_id]
    count = sum(
        dead_letters.replay(shop.shop_id, ids, actor=OPERATOR, now=utc_now())
        for shop in list_shops(domain)
    )
    click.echo(f"{count} deliveries to be made again")
