"""Operator commands about rewards: saving them, their stock, redeeming for a member, and flags."""

from collections.abc import Sequence
from datetime import timedelta
from typing import BinaryIO
from uuid import UUID, uuid4

import click

from jobs.operating import OPERATOR, inside, member_option, refusals, shop_id_of, shop_option
from jobs.rule_commands import read_settings, settings_argument
from loyalty.base.clock import utc_now
from loyalty.base.money import Money
from loyalty.programme.rules import get_programme
from loyalty.redemption.reserving import Wish
from loyalty.redemption.tables import Redemption
from loyalty.redemption.velocity import set_limits
from loyalty.redemption.views import list_flagged, list_redemptions, list_waiting
from loyalty.rewards import saving
from loyalty.rewards.listing import list_rewards
from loyalty.rewards.stock import count_free, import_codes
from loyalty.rewards.tables import Reward
from loyalty.rewards.views import list_offers
from loyalty.shops.tables import Shop
from shopify_app.platform import redeeming
from wallet.tokens import renew_card

_reward_option = click.option(
    "--id", "reward_id", type=click.UUID, required=True, help="The reward's id."
)


@click.group()
def reward_commands() -> None:
    """What an operator may need of rewards and redemptions."""


@reward_commands.command("rewards")
@shop_option
def show_rewards(domain: str) -> None:
    """List the shop's rewards, the cheapest first, with what is left of their stock."""
    with inside(domain) as (session, shop):
        for reward in list_rewards(session, shop.shop_id):
            line = _reward_line(reward, shop)
            if reward.code_source == "stock":
                line += f" stock={count_free(session, shop.shop_id, reward.id)}"
            click.echo(line)


@reward_commands.command("add-reward")
@shop_option
@settings_argument
def add_reward(domain: str, settings: str) -> None:
    """Save a new reward of SETTINGS, a JSON object:

    {"name": "Five off", "kind": "fixed_amount", "amount": "5.00", "cost_points": 100}
    """
    with inside(domain) as (session, shop):
        given = read_settings(settings)
        reward = saving.add_reward(session, shop, given, actor=OPERATOR, now=utc_now())
        click.echo(_reward_line(reward, shop))


@reward_commands.command("change-reward")
@shop_option
@_reward_option
@settings_argument
def change_reward(domain: str, reward_id: UUID, settings: str) -> None:
    """Change of a reward what SETTINGS, a JSON object, names: {"is_active": false}."""
    with inside(domain) as (session, shop):
        given = read_settings(settings)
        reward = saving.change_reward(
            session, shop, reward_id, given, actor=OPERATOR, now=utc_now()
        )
        click.echo(_reward_line(reward, shop))


@reward_commands.command("import-reward-codes")
@shop_option
@_reward_option
@click.argument("file", type=click.File("rb"))
def import_reward_codes(domain: str, reward_id: UUID, file: BinaryIO) -> None:
    """Add the codes of FILE, a CSV with one code a line, to a reward's stock; bad lines are told.

    The codes must exist in Shopify already.
    """
    try:
        text = file.read().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise click.ClickException("codes: the file is not in UTF-8") from error
    with inside(domain) as (session, shop):
        report = import_codes(session, shop.shop_id, reward_id, text, actor=OPERATOR, now=utc_now())
    click.echo(f"{report.added} codes added, {len(report.rejected)} lines left out")
    for rejected in report.rejected:
        click.echo(f"line {rejected.line}: {rejected.why}")


@reward_commands.command("offers")
@shop_option
@member_option
def show_offers(domain: str, member_id: UUID) -> None:
    """Say which rewards a member can redeem now, and what is missing of the others."""
    with inside(domain) as (session, shop):
        offers = list_offers(session, shop, member_id, channel="operator", now=utc_now())
    for offer in offers:
        said = "redeemable" if offer.is_redeemable else f"not now: {offer.why_not}"
        click.echo(f"{offer.reward_id} {offer.name!r} {offer.cost_points} points, {said}")


@reward_commands.command("redeem")
@shop_option
@member_option
@click.option("--reward", "reward_id", type=click.UUID, required=True, help="The reward's id.")
@click.option("--points", type=click.IntRange(min=1), help="At most so many, if priced per point.")
@click.option("--key", type=click.UUID, help="The same key again is the same redemption.")
@click.option("--email", "sends_email", is_flag=True, help="Send the member the code by email.")
def redeem(
    domain: str,
    member_id: UUID,
    reward_id: UUID,
    points: int | None,
    key: UUID | None,
    sends_email: bool,
) -> None:
    """Redeem a reward for a member."""
    wish = Wish(reward_id, "operator", key or uuid4(), points=points, sends_email=sends_email)
    shop_id = shop_id_of(domain)
    with refusals():
        redemption = redeeming.redeem(shop_id, member_id, wish, actor=OPERATOR, within=renew_card)
    click.echo(_redemption_line(redemption))


@reward_commands.command("void-redemption")
@shop_option
@click.option("--id", "redemption_id", type=click.UUID, required=True, help="The redemption's id.")
def void_redemption(domain: str, redemption_id: UUID) -> None:
    """Take an unused code back: it is disabled in Shopify, then the points return."""
    shop_id = shop_id_of(domain)
    with refusals():
        redemption = redeeming.void(shop_id, redemption_id, reason="voided", actor=OPERATOR)
    click.echo(_redemption_line(redemption))


@reward_commands.command("redemptions")
@shop_option
@member_option
def show_redemptions(domain: str, member_id: UUID) -> None:
    """List a member's redemptions, the newest first."""
    with inside(domain) as (session, shop):
        _echo(list_redemptions(session, shop.shop_id, member_id).rows)


@reward_commands.command("waiting-redemptions")
@shop_option
def show_waiting(domain: str) -> None:
    """List the redemptions that wait for Shopify: neither points nor a usable code."""
    with inside(domain) as (session, shop):
        _echo(list_waiting(session, shop.shop_id))


@reward_commands.command("flagged-redemptions")
@shop_option
@click.option("--days", type=click.IntRange(1, 3650), default=30, show_default=True)
def show_flagged(domain: str, days: int) -> None:
    """List the redemptions of the last days that somebody should look at, with their flags."""
    with inside(domain) as (session, shop):
        since = utc_now() - timedelta(days=days)
        _echo(list_flagged(session, shop.shop_id, since=since))


@reward_commands.command("velocity")
@shop_option
@click.option("--per-member", type=int, help="Redemptions of one member in 24 hours.")
@click.option("--per-user", type=int, help="Redemptions by one user of the till or admin.")
def set_velocity(domain: str, per_member: int | None, per_user: int | None) -> None:
    """Show, or set, from how many redemptions in 24 hours on a further one is flagged."""
    with inside(domain) as (session, shop):
        set_limits(
            session,
            shop.shop_id,
            per_member=per_member,
            per_user=per_user,
            actor=OPERATOR,
            now=utc_now(),
        )
        programme = get_programme(session, shop.shop_id)
        limits = programme.velocity_per_member, programme.velocity_per_user
    click.echo(f"per_member={limits[0]} per_user={limits[1]} in 24 hours")


def _echo(redemptions: Sequence[Redemption]) -> None:
    for redemption in redemptions:
        click.echo(_redemption_line(redemption))


def _reward_line(reward: Reward, shop: Shop) -> str:
    parts = [str(reward.id), f"v{reward.version}", reward.kind, repr(reward.name)]
    if reward.amount_minor is not None:
        parts.append(f"{Money(reward.amount_minor, shop.currency).decimal()} {shop.currency}")
    if reward.percentage is not None:
        parts.append(f"{reward.percentage}%")
    each = " each" if reward.pricing == "per_point" else ""
    parts.append(f"for {reward.cost_points} points{each}")
    if reward.limit_per_member:
        parts.append(f"at most {reward.limit_per_member} per member and {reward.limit_period}")
    if reward.visibility != "everywhere":
        parts.append(reward.visibility)
    if reward.starts_on or reward.ends_on:
        parts.append(f"{reward.starts_on or ''}..{reward.ends_on or ''}")
    if not reward.is_active:
        parts.append("off")
    return " ".join(parts)


def _redemption_line(redemption: Redemption) -> str:
    parts = [
        str(redemption.id),
        redemption.state,
        repr(redemption.terms["name"]),
        f"{redemption.points} points",
        redemption.code or "no code",
        f"member={redemption.member_id}",
        f"{redemption.reserved_at:%Y-%m-%d %H:%M}Z",
        f"by={redemption.channel}",
    ]
    if redemption.flags:
        parts.append(f"flags={','.join(redemption.flags)}")
    if redemption.reason:
        parts.append(f"reason={redemption.reason}")
    if redemption.error:
        parts.append(f"error={redemption.error}")
    return " ".join(parts)
