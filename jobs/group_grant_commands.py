"""Operator commands about points for many: what was decided, deciding it, taking it back."""

from uuid import UUID, uuid4

import click

from jobs.operating import OPERATOR, inside, shop_option
from loyalty.adjustments import REASONS
from loyalty.base.clock import utc_now
from loyalty.group_grants.deciding import (
    count_audience,
    give_to_segment,
    list_grants,
    read_given,
    undo_group_grant,
)

_grant_option = click.option(
    "--id", "grant_id", type=click.UUID, required=True, help="The decision's id."
)


@click.group()
def group_grant_commands() -> None:
    """What an operator may need of points for many."""


@group_grant_commands.command("group-grants")
@shop_option
def show(domain: str) -> None:
    """List the last 50 times that points were given to many, with how far each has come."""
    with inside(domain) as (session, shop):
        found = list_grants(session, shop.shop_id).rows
    for one in found:
        click.echo(
            f"{one.id} {one.state} {one.points} points to {one.segment_name}: "
            f"members={one.members} given={one.given} skipped={one.skipped} "
            f"undone={one.undone} kept={one.kept} expired_points={one.expired_points}"
        )


@group_grant_commands.command("grant-segment")
@shop_option
@click.option("--segment", "segment_id", type=click.UUID, required=True, help="The segment's id.")
@click.option("--points", required=True, help="How many points each member gets.")
@click.option("--reason", required=True, help=f"One of {', '.join(code for code, _ in REASONS)}.")
@click.option("--tell", "tells_members", is_flag=True, help="Tell them by email.")
@click.option("--key", help="The same key again gives nothing again.")
@click.option("--write", is_flag=True, help="Give them; without it only the sum is shown.")
def grant(
    domain: str,
    segment_id: UUID,
    points: str,
    reason: str,
    tells_members: bool,
    key: str | None,
    write: bool,
) -> None:
    """Give each member of a segment points; at first only says how many that is."""
    with inside(domain) as (session, shop):
        given = read_given(points)
        audience = count_audience(session, shop.shop_id, segment_id, points=given)
        if write:
            decided = give_to_segment(
                session,
                shop.shop_id,
                segment_id,
                points=given,
                reason=reason,
                tells_members=tells_members,
                client_key=key or str(uuid4()),
                actor=OPERATOR,
                now=utc_now(),
            )
    verb = "get" if write else "would get"
    click.echo(
        f"{audience.members} members of {audience.segment_name} {verb} {given} points, "
        f"{audience.points} together"
    )
    if write:
        click.echo(str(decided.id))


@group_grant_commands.command("undo-group-grant")
@shop_option
@_grant_option
@click.option("--force", "is_forced", is_flag=True, help="From those, too, who have spent some.")
def undo(domain: str, grant_id: UUID, is_forced: bool) -> None:
    """Take the points of a decision back; who still waits for theirs gets none."""
    with inside(domain) as (session, shop):
        undo_group_grant(
            session,
            shop.shop_id,
            grant_id,
            actor=OPERATOR,
            now=utc_now(),
            is_forced=is_forced,
        )
    click.echo("the points are being taken back")
