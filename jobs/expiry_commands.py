"""Operator commands about points that expire."""

from uuid import UUID

import click

from jobs import expiry
from jobs.operating import (
    OPERATOR,
    any_shop_option,
    list_shops,
    member_option,
    refusals,
    shop_id_of,
    shop_option,
)
from loyalty.base import db
from loyalty.base.clock import utc_now
from loyalty.expiry import settings
from loyalty.expiry.calendar import expiry_calendar
from loyalty.shops.directory import get_shop


@click.group()
def expiry_commands() -> None:
    """What an operator may need of expiry."""


@expiry_commands.command("expiry")
@shop_option
@click.option("--mode", required=True, help=f"One of {', '.join(settings.MODES)}.")
@click.option("--days", help="For days (per lot) and inactivity.")
@click.option("--months", help="For months, to that month's end.")
def set_expiry(domain: str, mode: str, days: str | None, months: str | None) -> None:
    """Set when points expire; old lots get the full period from today and members are told."""
    shop_id, now = shop_id_of(domain), utc_now()
    with refusals(), db.shop_transaction(shop_id) as session:
        shop = get_shop(session, shop_id)
        is_news = settings.set_expiry(
            session, shop, mode=mode, days=days, months=months, actor=OPERATOR, now=now
        )
    click.echo("set" if is_news else "was so already")


@expiry_commands.command("negative-balance")
@shop_option
@click.option("--value", required=True, help="allow, or clamp at zero.")
def set_negative_balance(domain: str, value: str) -> None:
    """Set whether reversing points that were spent may go below zero."""
    shop_id, now = shop_id_of(domain), utc_now()
    with refusals(), db.shop_transaction(shop_id) as session:
        is_news = settings.set_negative_balance(session, shop_id, value, actor=OPERATOR, now=now)
    click.echo("set" if is_news else "was so already")


@expiry_commands.command("run-expiry")
@any_shop_option
def run_expiry(domain: str | None) -> None:
    """Expire and warn now, whether today has been looked at or not."""
    for shop in list_shops(domain):
        ran = expiry.run_shop(shop.shop_id, now=utc_now(), is_asked=True)
        click.echo(
            f"{shop.domain}: {ran.dated} members dated, {ran.expired} lots expired, "
            f"{ran.warned} warnings"
        )


@expiry_commands.command("expiry-calendar")
@shop_option
@member_option
def show_calendar(domain: str, member_id: UUID) -> None:
    """Print when a member's points expire, soonest first."""
    shop_id = shop_id_of(domain)
    with refusals(), db.shop_transaction(shop_id) as session:
        days = expiry_calendar(session, get_shop(session, shop_id), member_id, now=utc_now())
    for day in days:
        until = day.last_valid_on.isoformat() if day.last_valid_on else "never"
        click.echo(f"{until} {day.points}{' on hold' if day.is_pending else ''}")
