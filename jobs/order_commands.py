"""Operator commands about what orders earn: explain, claim, pause and resume, and the settings."""

from collections.abc import Iterator
from uuid import UUID

import click

from jobs import actions, earning
from jobs.operating import OPERATOR, inside, member_option, shop_option
from jobs.rule_commands import read_settings, settings_argument
from loyalty.base.clock import utc_now
from loyalty.base.money import Money
from loyalty.earning.explaining import ExplainedAward, Explanation, explain_order
from loyalty.earning.waiting import count_waiting
from loyalty.orders.claiming import PROOFS, Claimed, claim_last_sale, claim_order
from loyalty.programme.earning_settings import change_earning
from loyalty.programme.pausing import RESUME_MODES, pause, resume
from loyalty.programme.rules import get_programme

_order_option = click.option("--order", "order_id", type=int, required=True, help="Shopify's id.")


@click.group()
def order_commands() -> None:
    """What an operator may need of orders and the programme."""


@order_commands.command("explain-order")
@shop_option
@_order_option
def explain(domain: str, order_id: int) -> None:
    """Say why an order has the points it has, line by line."""
    with inside(domain) as (session, shop):
        found = explain_order(session, shop.shop_id, order_id)
    for line in describe(found):
        click.echo(line)


@order_commands.command("claim-order")
@shop_option
@_order_option
@member_option
@click.option("--proof", type=click.Choice(PROOFS), required=True, help="How they proved it.")
def claim(domain: str, order_id: int, member_id: UUID, proof: str) -> None:
    """Give an order that is nobody's to the member who proved it."""
    with inside(domain) as (session, shop):
        claimed = claim_order(
            session, shop, order_id, member_id, proof=proof, actor=OPERATOR, now=utc_now()
        )
    _say_claimed(claimed)


@order_commands.command("claim-last-sale")
@shop_option
@click.option("--location", "location_id", type=int, required=True, help="Shopify's id.")
@member_option
def claim_last(domain: str, location_id: int, member_id: UUID) -> None:
    """Give the newest sale of a place to the member who stands there."""
    with inside(domain) as (session, shop):
        claimed = claim_last_sale(
            session, shop, location_id, member_id, actor=OPERATOR, now=utc_now()
        )
    _say_claimed(claimed)


@order_commands.command("pause-programme")
@shop_option
@click.option(
    "--resume",
    "mode",
    type=click.Choice(RESUME_MODES),
    required=True,
    help="What becomes of what is paid meanwhile when the programme goes on.",
)
def pause_programme(domain: str, mode: str) -> None:
    """Let nothing earn or redeem from now on; everything still arrives."""
    with inside(domain) as (session, shop):
        pause(session, shop.shop_id, resume_mode=mode, actor=OPERATOR, now=utc_now())
    click.echo(f"{domain}: paused, then {mode}")


@order_commands.command("resume-programme")
@shop_option
@click.option("--mode", type=click.Choice(RESUME_MODES), help="Other than was chosen at first.")
def resume_programme(domain: str, mode: str | None) -> None:
    """Let the programme go on, and settle what waited."""
    with inside(domain) as (session, shop):
        shop_id = shop.shop_id
        resume(session, shop_id, resume_mode=mode, actor=OPERATOR, now=utc_now())
    orders, deeds = earning.run_shop(shop_id), actions.run_shop(shop_id, now=utc_now())
    click.echo(f"{domain}: goes on; {orders} orders and {deeds} actions that waited are settled")


@order_commands.command("earning")
@shop_option
@settings_argument
def earning_settings(domain: str, settings: str) -> None:
    """Show how orders earn; with SETTINGS, a JSON object, change it: {"hold_days": 14}."""
    with inside(domain) as (session, shop):
        given = read_settings(settings)
        change_earning(session, shop.shop_id, given, actor=OPERATOR, now=utc_now())
        programme, waiting = (
            get_programme(session, shop.shop_id),
            count_waiting(session, shop.shop_id),
        )
        click.echo(
            f"hold_days={programme.hold_days} counts_tax={programme.counts_tax} "
            f"counts_shipping={programme.counts_shipping} money_refunds={programme.money_refunds} "
            f"claim_days={programme.claim_days} guest_claim_days={programme.guest_claim_days}"
        )
        if programme.paused_at is not None:
            click.echo(f"paused since {programme.paused_at:%Y-%m-%d %H:%M}Z")
        for reason, count in sorted(waiting.items()):
            click.echo(f"{count} orders wait: {reason}")


def describe(found: Explanation) -> Iterator[str]:
    """An explanation as lines of text."""
    yield f"{found.name}: {found.points} points ({found.state})"
    for award in found.awards:
        yield from _describe_award(award, found.currency)
    for title in found.without_award:
        yield f"  nothing for {title}"


def _describe_award(award: ExplainedAward, currency: str) -> Iterator[str]:
    gives = f"{award.points_per_unit} per unit, {award.rounding}"
    tier = f", tier {award.tier}" if award.tier else ""
    yield (
        f"  {award.rule} v{award.rule_version} "
        f"({gives if award.points_per_unit is not None else 'fixed'}{tier}): "
        f"{award.points} - {award.reversed_points} = {award.standing_points}"
        + (f", {award.forgiven_points} of them forgiven" if award.forgiven_points else "")
    )
    for line in award.lines:
        basis = Money(line.basis_minor, currency).decimal()
        worth = "" if line.points is None else f" = {line.points.normalize():f}"
        promotion = f" ({line.promotion})" if line.promotion else ""
        gone = f", {line.removed} taken back" if line.removed else ""
        yield (
            f"    {line.quantity} x {line.title}: {basis} x {line.multiplier.normalize():f}"
            f"{promotion}{worth}{gone}"
        )


def _say_claimed(claimed: Claimed) -> None:
    orders = ", ".join(map(str, claimed.order_ids)) or "no order"
    click.echo(f"{orders}: {claimed.points} points")
