"""Operator commands about the till: how much a user may do in a day, and who vouches by a PIN.

The invariant: a PIN is asked for without being shown, is no argument, and is never told again.
"""

import sys

import click

from jobs.operating import OPERATOR, inside, shop_option
from loyalty.base.clock import utc_now
from loyalty.till import limits, managers
from loyalty.till.tables import TillLimit
from wallet import setup

_user_option = click.option(
    "--user", "user_id", type=int, default=limits.EACH, help="A staff id of Shopify's; else each."
)
_location_option = click.option(
    "--location",
    "location_id",
    type=int,
    default=limits.EACH,
    help="A location id of Shopify's; else each.",
)
_name_option = click.option("--name", required=True, help="The manager's name.")


@click.group()
def till_commands() -> None:
    """What an operator may need of the till."""


@till_commands.command("till-limit")
@shop_option
@_user_option
@_location_option
@click.option("--grant", "grant_per_day", type=int, help="Points a user may grant in a day.")
@click.option(
    "--redeem",
    "redeem_per_day",
    type=int,
    help="Points a user may redeem in a day without a manager's PIN.",
)
def till_limit(
    domain: str,
    user_id: int,
    location_id: int,
    grant_per_day: int | None,
    redeem_per_day: int | None,
) -> None:
    """Set the limit of a user, a place, or a user at a place; without a number it is taken away."""
    with inside(domain) as (session, shop):
        row = limits.set_limit(
            session,
            shop.shop_id,
            user_id=user_id,
            location_id=location_id,
            grant_per_day=grant_per_day,
            redeem_per_day=redeem_per_day,
            actor=OPERATOR,
            now=utc_now(),
        )
        said = "taken away" if row is None else _say(row)
    click.echo(said)


@till_commands.command("till-limits")
@shop_option
def till_limits(domain: str) -> None:
    """List the limits, the widest first; of several the narrowest counts."""
    with inside(domain) as (session, shop):
        for row in limits.list_limits(session, shop.shop_id):
            click.echo(_say(row))


@till_commands.command("till-manager")
@shop_option
@_name_option
def till_manager(domain: str, name: str) -> None:
    """Make somebody a manager of the till, or give them another PIN of 6 to 8 digits.

    The PIN is asked for twice, or is the first line of standard input where nobody types.
    """
    pin = _read_pin()
    with inside(domain) as (session, shop):
        row = managers.set_pin(
            session,
            shop.shop_id,
            name,
            pin,
            secret=setup.current().link_secret,
            actor=OPERATOR,
            now=utc_now(),
        )
        said = f"{row.id} {row.name}"
    click.echo(said)


@till_commands.command("till-managers")
@shop_option
def till_managers(domain: str) -> None:
    """List the managers of the till, and since when each PIN counts."""
    with inside(domain) as (session, shop):
        for row in managers.list_managers(session, shop.shop_id):
            click.echo(f"{row.id} {row.name} since {row.set_at:%Y-%m-%d %H:%M}Z")


@till_commands.command("remove-till-manager")
@shop_option
@_name_option
def remove_till_manager(domain: str, name: str) -> None:
    """Let a manager's PIN count no longer."""
    with inside(domain) as (session, shop):
        managers.remove_manager(session, shop.shop_id, name, actor=OPERATOR, now=utc_now())
    click.echo(f"{name} is no manager of the till any more")


def _read_pin() -> str:
    """Never an argument: those stand in the shell's history and in the list of processes."""
    if not sys.stdin.isatty():
        return sys.stdin.readline().strip()
    pin: str = click.prompt("PIN", hide_input=True, confirmation_prompt=True)
    return pin


def _say(row: TillLimit) -> str:
    each = {limits.EACH: "each"}
    user, place = (each.get(one, str(one)) for one in (row.user_id, row.location_id))
    grant, redeem = (
        "as elsewhere" if points is None else str(points)
        for points in (row.grant_per_day, row.redeem_per_day)
    )
    return f"user={user} location={place} grant={grant} redeem={redeem}"
