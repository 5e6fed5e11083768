"""Operator commands about referrals: switch them, a member's link and friends, and the review."""

from uuid import UUID

import click

from jobs import referrals
from jobs.operating import (
    OPERATOR,
    any_shop_option,
    inside,
    list_shops,
    member_option,
    refusals,
    shop_id_of,
    shop_option,
)
from loyalty.base.clock import utc_now
from loyalty.members.states import get_active_member
from loyalty.referrals import reviewing
from loyalty.referrals.settings import read_settings, save_settings
from loyalty.referrals.views import Friend, read_referrals
from shopify_app.platform.referrals import approve
from wallet.card_links import referral_url

_referral_option = click.option(
    "--id", "referral_id", type=click.UUID, required=True, help="The referral's id."
)


@click.group()
def referral_commands() -> None:
    """What an operator may need of referrals. Their rule is one of kind referral (add-rule)."""


@referral_commands.command("referrals")
@shop_option
@click.option("--on/--off", "is_on", default=None, help="Whether members can bring friends.")
@click.option("--coupon", "coupon_id", type=click.UUID, help="What a friend is given.")
@click.option("--no-coupon", is_flag=True, help="Friends are given none.")
def set_referrals(domain: str, is_on: bool | None, coupon_id: UUID | None, no_coupon: bool) -> None:
    """Switch referrals, or choose the friend's coupon; without either it says how it stands."""
    if no_coupon and coupon_id is not None:
        raise click.UsageError("--coupon and --no-coupon exclude each other")
    with inside(domain) as (session, shop):
        if is_on is None and coupon_id is None and not no_coupon:
            settings = read_settings(session, shop.shop_id)
        else:
            settings = save_settings(
                session,
                shop.shop_id,
                is_on=is_on,
                coupon_id=coupon_id,
                drops_coupon=no_coupon,
                actor=OPERATOR,
                now=utc_now(),
            )
        state = "on" if settings.is_on else "off"
        click.echo(f"referrals {state}, coupon {settings.coupon_id or 'none'}")


@referral_commands.command("referrals-of")
@shop_option
@member_option
def show_referrals(domain: str, member_id: UUID) -> None:
    """Show a member's own link, how many friends it brought, and what became of each."""
    with inside(domain) as (session, shop):
        get_active_member(session, shop.shop_id, member_id)
        found = read_referrals(session, shop, member_id)
        if found is None:
            raise click.ClickException("referrals are off")
        click.echo(referral_url(shop.shop_id, member_id))
        click.echo(f"{found.succeeded} succeeded, {found.points} points")
        for friend in found.friends:
            click.echo(_line(friend))


@referral_commands.command("flagged-referrals")
@shop_option
def list_flagged(domain: str) -> None:
    """List the referrals that wait for a person, the oldest first."""
    with inside(domain) as (session, shop):
        for one in reviewing.list_flagged(session, shop.shop_id):
            click.echo(
                f"{one.referral_id} {one.claimed_at:%Y-%m-%d %H:%M}Z "
                f"member={one.advocate_id} friend={one.friend_id}"
            )


@referral_commands.command("review-referral")
@shop_option
@_referral_option
@click.option("--approve/--reject", "is_fine", required=True, help="Whether it may be paid.")
def review(domain: str, referral_id: UUID, is_fine: bool) -> None:
    """Let a flagged referral go on, or end it."""
    if is_fine:
        with refusals():
            state = approve(shop_id_of(domain), referral_id, actor=OPERATOR).state
    else:
        with inside(domain) as (session, shop):
            state = reviewing.reject(
                session, shop, referral_id, actor=OPERATOR, now=utc_now()
            ).state
    click.echo(state)


@referral_commands.command("run-referrals")
@any_shop_option
def run_referrals(domain: str | None) -> None:
    """Settle now the referrals that are due."""
    count = sum(referrals.run_shop(shop.shop_id, now=utc_now()) for shop in list_shops(domain))
    click.echo(f"{count} referrals looked at")


def _line(friend: Friend) -> str:
    bought = f" order={friend.order_name}" if friend.order_name else ""
    return (
        f"{friend.referral_id} {friend.claimed_at:%Y-%m-%d} friend={friend.member_id} "
        f"{friend.state} points={friend.points}{bought}: {friend.status}"
    )
