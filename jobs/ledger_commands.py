"""Operator commands about the books: adjust, undo, list, and mend what does not agree."""

from uuid import UUID

import click

from jobs.operating import OPERATOR, member_option, refusals, shop_id_of, shop_option
from loyalty import adjustments
from loyalty.base import db
from loyalty.base.clock import utc_now
from loyalty.base.ids import new_id
from loyalty.ledger.mending import mend
from loyalty.ledger.undoing import undo
from loyalty.queries.transactions import TYPES, as_csv, iterate_transactions
from loyalty.reconciliation import balances
from loyalty.shops.directory import get_shop


@click.group()
def ledger_commands() -> None:
    """What an operator may need of the books."""


@ledger_commands.command("adjust")
@shop_option
@member_option
@click.option("--points", required=True, help="How many, with a minus to take them away.")
@click.option("--reason", default="other", show_default=True, help="A reason's code.")
@click.option("--note", help="A note that can be erased.")
@click.option("--key", help="The same key again posts nothing more.")
@click.option("--tell", is_flag=True, help="Send the member an email.")
def adjust(
    domain: str,
    member_id: UUID,
    points: str,
    reason: str,
    note: str | None,
    key: str | None,
    tell: bool,
) -> None:
    """Give a member points, or take them away."""
    shop_id, now = shop_id_of(domain), utc_now()
    with refusals(), db.shop_transaction(shop_id) as session:
        entry = adjustments.adjust(
            session,
            shop_id,
            member_id,
            points=points,
            reason=reason,
            note=note,
            order_reference=None,
            client_key=key or str(new_id()),
            actor=OPERATOR,
            now=now,
            tells_member=tell,
        )
    click.echo(f"{entry.id} {entry.kind} {entry.points:+d}")


@ledger_commands.command("undo-entry")
@shop_option
@click.option("--id", "entry_id", type=click.UUID, required=True, help="The entry's id.")
@click.option("--force", is_flag=True, help="Even if its points were spent.")
def undo_entry(domain: str, entry_id: UUID, force: bool) -> None:
    """Post the opposite of a grant, a deduction, an import or an expiry, once."""
    shop_id, now = shop_id_of(domain), utc_now()
    with refusals(), db.shop_transaction(shop_id) as session:
        undone = undo(session, shop_id, entry_id, actor=OPERATOR, now=now, is_forced=force)
    click.echo(f"{undone.kind} {undone.points:+d}")


@ledger_commands.command("transactions")
@shop_option
@member_option
@click.option("--type", "of_type", type=click.Choice(sorted(TYPES)), help="Only these.")
def transactions(domain: str, member_id: UUID, of_type: str | None) -> None:
    """Print a member's transactions as CSV, newest first."""
    shop_id = shop_id_of(domain)
    with refusals(), db.shop_transaction(shop_id) as session:
        rows = iterate_transactions(session, shop_id, member_id, of_type=of_type)
        for line in as_csv(rows, get_shop(session, shop_id).timezone):
            click.echo(line.rstrip("\r\n"))


@ledger_commands.command("mend")
@shop_option
def mend_figures(domain: str) -> None:
    """Set the four figures of every member who differs to what the books say."""
    shop_id, now = shop_id_of(domain), utc_now()
    with db.shop_transaction(shop_id) as session:
        mended = mend(session, shop_id, actor=OPERATOR, now=now)
        balances.prove(session, shop_id, now=now)
    for one in mended:
        click.echo(f"{one.member_id} {one.before} -> {one.after}")
    click.echo(f"{len(mended)} members mended")
