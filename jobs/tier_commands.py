"""Operator commands about tiers and badges: what is set, what a change would do, and by hand."""

import json
from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import click

from jobs import standings
from jobs.operating import OPERATOR, any_shop_option, inside, list_shops, member_option, shop_option
from loyalty.badges import editing
from loyalty.base.clock import utc_now
from loyalty.base.money import Money
from loyalty.tiers.by_hand import MODES, clear_tier_by_hand, set_tier_by_hand
from loyalty.tiers.plans import CYCLES, METRICS, RungText, TierPlan, read_plan
from loyalty.tiers.settings import preview_plan, read_present, save_plan

_badge_option = click.option(
    "--id", "badge_id", type=click.UUID, required=True, help="The badge's id."
)


@click.group()
def tier_commands() -> None:
    """What an operator may need of tiers and badges."""


@tier_commands.command("tiers")
@shop_option
def show_tiers(domain: str) -> None:
    """Show the shop's tiers and how they are measured."""
    with inside(domain) as (session, shop):
        plan = read_present(session, shop)
    terms = plan.terms
    click.echo(
        f"{'on' if plan.is_on else 'off'} metric={terms.metric} cycle={terms.cycle} "
        f"grace_days={terms.grace_days} grants={terms.counts_grants} "
        f"imports={terms.counts_imports}"
    )
    for rung in plan.ladder.rungs:
        threshold = _threshold(plan, rung.threshold, shop.currency)
        click.echo(f"{rung.id} {rung.name} from {threshold} multiplier={rung.multiplier}")


@tier_commands.command("set-tiers")
@shop_option
@click.option("--on/--off", "is_on", default=True, help="Whether the shop has tiers.")
@click.option("--metric", default="spend", show_default=True, help=f"One of {', '.join(METRICS)}.")
@click.option("--cycle", default="lifetime", show_default=True, help=f"One of {', '.join(CYCLES)}.")
@click.option("--grace-days", default="30", show_default=True, help="Kept so long after its end.")
@click.option("--counts-grants", is_flag=True, help="Points granted by hand count.")
@click.option("--counts-imports", is_flag=True, help="Imported points count.")
@click.option(
    "--tier",
    "tiers",
    multiple=True,
    help="NAME:THRESHOLD:MULTIPLIER, as Gold:500:1.5; one that has the name of a tier is that one.",
)
@click.option("--write", is_flag=True, help="Save it; without it only says who would move.")
def set_tiers(
    domain: str,
    is_on: bool,
    metric: str,
    cycle: str,
    grace_days: str,
    counts_grants: bool,
    counts_imports: bool,
    tiers: Sequence[str],
    write: bool,
) -> None:
    """Say who would move under these tiers; with --write, save them and move the members."""
    now = utc_now()
    with inside(domain) as (session, shop):
        present = read_present(session, shop)
        plan = read_plan(
            is_on=is_on,
            metric=metric,
            cycle=cycle,
            grace_days=grace_days,
            counts_grants=counts_grants,
            counts_imports=counts_imports,
            rungs=_rungs(tiers, present),
            currency=shop.currency,
            zone=shop.timezone,
            known={rung.id: rung.name for rung in present.ladder.rungs},
        )
        preview = preview_plan(session, shop, plan, now=now)
        if write:
            save_plan(session, shop, plan, actor=OPERATOR, now=now)
        shop_id = shop.shop_id
    click.echo(f"{preview.members} members, {preview.up} up, {preview.down} down")
    for (before, after), count in sorted(preview.moves.items(), key=str):
        click.echo(f"{before or 'no tier'} -> {after or 'no tier'}: {count}")
    if write:
        looked = standings.run_shop(shop_id, now=now)
        click.echo(f"saved, {looked.moved if looked else 0} moved")


@tier_commands.command("set-tier")
@shop_option
@member_option
@click.option("--mode", required=True, help=f"One of {', '.join(MODES)}.")
@click.option("--tier", "name", help="The tier's name; a lock without one means no tier.")
@click.option("--reason", required=True, help="Why; it stands on the timeline.")
@click.option("--until", type=click.DateTime(["%Y-%m-%d"]), help="The last day, the shop's.")
def set_members_tier(
    domain: str, member_id: UUID, mode: str, name: str | None, reason: str, until: datetime | None
) -> None:
    """Hold a member at a tier: not below it (floor), or exactly there (lock)."""
    with inside(domain) as (session, shop):
        ladder = read_present(session, shop).ladder
        found = [rung.id for rung in ladder.rungs if rung.name == name]
        if name is not None and not found:
            raise click.ClickException(f"tier: there is no tier {name}")
        set_tier_by_hand(
            session,
            shop,
            member_id,
            mode=mode,
            tier_id=found[0] if found else None,
            reason=reason,
            until_on=until.date() if until else None,
            actor=OPERATOR,
            now=utc_now(),
        )
    click.echo("set")


@tier_commands.command("free-tier")
@shop_option
@member_option
def free_members_tier(domain: str, member_id: UUID) -> None:
    """Let a member's tier follow orders and points again."""
    with inside(domain) as (session, shop):
        was_set = clear_tier_by_hand(session, shop, member_id, actor=OPERATOR, now=utc_now())
    click.echo("freed" if was_set else "nothing was set by hand")


@tier_commands.command("run-standings")
@any_shop_option
def run_standings(domain: str | None) -> None:
    """Look at tiers and badges now, in the shops whose day was not looked at yet."""
    for shop in list_shops(domain):
        looked = standings.run_shop(shop.shop_id, now=utc_now())
        said = f"{looked.moved} moved, {looked.badges} badges" if looked else "done for today"
        click.echo(f"{shop.domain}: {said}")


@tier_commands.command("badges")
@shop_option
def show_badges(domain: str) -> None:
    """List the shop's badges with their criteria."""
    with inside(domain) as (session, shop):
        for badge in editing.list_badges(session, shop.shop_id):
            state = "on" if badge.is_active else "off"
            click.echo(f"{badge.id} {state} {badge.name}: {json.dumps(badge.criteria)}")


@tier_commands.command("add-badge")
@shop_option
@click.option("--name", required=True, help="What it is called.")
@click.option("--description", default="", help="What it is for.")
@click.option("--criteria", required=True, help="JSON in the language of criteria.")
def add_badge(domain: str, name: str, description: str, criteria: str) -> None:
    """Add a badge of the merchant's own; who meets its criteria gets it with the next look."""
    with inside(domain) as (session, shop):
        badge = editing.add_badge(
            session,
            shop.shop_id,
            name=name,
            description=description,
            criteria=_json(criteria),
            actor=OPERATOR,
            now=utc_now(),
        )
    click.echo(str(badge.id))


@tier_commands.command("switch-badge")
@shop_option
@_badge_option
@click.option("--on/--off", "is_on", required=True, help="Whether it can be won.")
def switch_badge(domain: str, badge_id: UUID, is_on: bool) -> None:
    """Let a badge be won, or not; who has it keeps it."""
    with inside(domain) as (session, shop):
        was_news = editing.switch_badge(
            session, shop.shop_id, badge_id, is_on, actor=OPERATOR, now=utc_now()
        )
    click.echo("switched" if was_news else "was so already")


def _rungs(given: Sequence[str], present: TierPlan) -> list[RungText]:
    known = {rung.name: rung.id for rung in present.ladder.rungs}
    found = []
    for number, text in enumerate(given):
        parts = text.split(":")
        if len(parts) not in (2, 3):
            raise click.ClickException(f"tiers[{number}]: write NAME:THRESHOLD:MULTIPLIER")
        found.append(RungText(known.get(parts[0].strip()), *parts))
    return found


def _threshold(plan: TierPlan, threshold: int, currency: str) -> str:
    if plan.terms.metric == "points":
        return f"{threshold} points"
    return f"{Money(threshold, currency).decimal()} {currency}"


def _json(text: str) -> object:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise click.ClickException(f"criteria: {error}") from error
