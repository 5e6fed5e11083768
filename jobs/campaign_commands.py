"""Operator commands about campaigns: what is sent to whom, when, and what came of it."""

from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import UUID

import click

from jobs.operating import OPERATOR, inside, shop_option
from loyalty.base.clock import utc_now
from loyalty.base.money import Money
from loyalty.campaigns import running, saving
from loyalty.campaigns.forecast import forecast
from loyalty.campaigns.results import Share, read_result
from loyalty.campaigns.tables import Campaign
from loyalty.campaigns.views import list_campaigns
from loyalty.campaigns.words import in_words
from loyalty.shops.tables import Shop

_campaign_option = click.option(
    "--id", "campaign_id", type=click.UUID, required=True, help="The campaign's id."
)
_PAGE = 50


@click.group()
def campaign_commands() -> None:
    """What an operator may need of campaigns."""


@campaign_commands.command("campaigns")
@shop_option
def show(domain: str) -> None:
    """List the shop's newest campaigns with their recipients by fate."""
    with inside(domain) as (session, shop):
        for row in list_campaigns(session, shop.shop_id, limit=_PAGE).rows:
            campaign = row.campaign
            counts = " ".join(f"{fate}={count}" for fate, count in sorted(row.counts.items()))
            click.echo(f"{campaign.id} {campaign.state} {campaign.name}: {counts}".rstrip(": "))
            if campaign.error:
                click.echo(f"  {campaign.error}")


@campaign_commands.command("save-campaign")
@shop_option
@click.option("--id", "campaign_id", type=click.UUID, help="Change this draft instead.")
@click.option("--name", required=True, help="What staff call it.")
@click.option("--channel", "channels", multiple=True, help="email, push, or both.")
@click.option("--segment", "segment_ids", multiple=True, help="A segment's id; more than one may.")
@click.option("--topic", help="offers, points, birthday or rewards; offers if not said.")
@click.option(
    "--subject", help="The email's; merge fields such as {{ first_name }} may stand in it."
)
@click.option("--text-file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--button", help="What stands on the email's button.")
@click.option("--link-path", help="Where it leads on the shop's own site, as /collections/sale.")
@click.option("--push-text", help="What the card says.")
@click.option("--holdout-percent", help="So many of a hundred are told nothing.")
@click.option("--coupon", "coupon_id", help="A coupon's id: each recipient gets a code.")
@click.option("--bonus-points", help="Each recipient is given so many.")
@click.option("--promotion", "promotion_id", help="The promotion that it announces.")
@click.option("--order-days", help="So long orders count for it.")
@click.option("--starts-at", help="A minute on the shop's clock, as 2026-12-01T09:00.")
def save(domain: str, campaign_id: UUID | None, text_file: Path | None, **options: object) -> None:
    """Write a draft, or a draft anew; start-campaign lets it go out."""
    given: dict[str, Any] = {name: value for name, value in options.items() if value}
    if text_file is not None:
        given["text"] = text_file.read_text()
    with inside(domain) as (session, shop):
        now = utc_now()
        if campaign_id is None:
            campaign = saving.add_campaign(session, shop, given, actor=OPERATOR, now=now)
        else:
            campaign = saving.change_campaign(
                session, shop, campaign_id, given, actor=OPERATOR, now=now
            )
    click.echo(str(campaign.id))


@campaign_commands.command("campaign-forecast")
@shop_option
@_campaign_option
def show_forecast(domain: str, campaign_id: UUID) -> None:
    """Say who would get the campaign now, who would not, and why. Nothing is sent."""
    with inside(domain) as (session, shop):
        campaign = saving.get_campaign(session, shop.shop_id, campaign_id)
        found = forecast(session, shop, campaign, now=utc_now())
    estimated = "" if found.is_whole else ": the figures are estimates"
    click.echo(f"audience {found.audience}, looked at {found.looked_at}{estimated}")
    click.echo(f"reached {found.reached}: email {found.email}, push {found.push}")
    click.echo(f"held out {found.held_out}")
    for (channel, reason), count in sorted(found.reasons.items()):
        click.echo(f"{channel}: {count} {in_words(reason)}")


@campaign_commands.command("start-campaign")
@shop_option
@_campaign_option
def start(domain: str, campaign_id: UUID) -> None:
    """Let a draft go out now, or at its time."""
    _move(domain, campaign_id, running.start)


@campaign_commands.command("pause-campaign")
@shop_option
@_campaign_option
def pause(domain: str, campaign_id: UUID) -> None:
    """Send nothing further until it is resumed."""
    _move(domain, campaign_id, running.pause)


@campaign_commands.command("resume-campaign")
@shop_option
@_campaign_option
def resume(domain: str, campaign_id: UUID) -> None:
    """Go on where it was paused."""
    _move(domain, campaign_id, running.resume)


@campaign_commands.command("stop-campaign")
@shop_option
@_campaign_option
def stop(domain: str, campaign_id: UUID) -> None:
    """End it for good: who was not told yet is not told."""
    _move(domain, campaign_id, running.stop)


@campaign_commands.command("campaign-result")
@shop_option
@_campaign_option
def show_result(domain: str, campaign_id: UUID) -> None:
    """Say what became of each recipient, and of their orders beside those of the held out."""
    with inside(domain) as (session, shop):
        result = read_result(session, shop, campaign_id, now=utc_now())
    for one in result.by_fate_reason:
        click.echo(f"{one.channel} {one.fate}: {one.count} {in_words(one.reason)}".rstrip())
    click.echo(_share_line("told", result.told, shop))
    click.echo(_share_line("held out", result.held_out, shop))
    if result.difference is not None:
        low, high = result.interval_low, result.interval_high
        click.echo(f"difference {result.difference:.2%} (95 %: {low:.2%} to {high:.2%})")
    if not result.is_over:
        click.echo("orders still count")


Move = Callable[..., Campaign]


def _move(domain: str, campaign_id: UUID, move: Move) -> None:
    with inside(domain) as (session, shop):
        campaign = move(session, shop, campaign_id, actor=OPERATOR, now=utc_now())
    click.echo(campaign.state)


def _share_line(title: str, share: Share, shop: Shop) -> str:
    spent = Money(share.orders_minor, shop.currency).decimal()
    return (
        f"{title}: {share.people} people, opened {share.opened}, clicked {share.clicked}, "
        f"ordered {share.ordered} ({share.orders} orders, {spent} {shop.currency})"
    )
