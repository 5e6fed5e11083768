"""Operator commands about what points are worth: the report, the roll-forward, the settings."""

import csv
import sys
from datetime import date, datetime
from decimal import Decimal

import click

from jobs.operating import OPERATOR, inside, shop_option
from loyalty.base.clock import today_in, utc_now
from loyalty.base.money import Money, minor_digits
from loyalty.liability import settings
from loyalty.liability.report import Line, Report, make_report
from loyalty.liability.rollforward import roll_forward
from loyalty.shops.tables import Shop

_DAY = click.DateTime(["%Y-%m-%d"])
_HEAD = (
    *("month", "earned_by", "points_earned", "points_redeemed", "points_available"),
    *("points_on_hold", "breakage", "cost", "cost_on_hold", "deferred_revenue"),
)


@click.group()
def liability_commands() -> None:
    """What an operator may need of liability."""


@liability_commands.command("point-worth")
@shop_option
@click.option("--value", help="What one point is worth, such as 0.01; past: by redemptions.")
@click.option("--breakage", help="Percent of outstanding points never redeemed; past: by history.")
def set_worth(domain: str, value: str | None, breakage: str | None) -> None:
    """Say what a point is worth, how many are never redeemed, or both; the other one stays."""
    with inside(domain) as (session, shop):
        said = settings.save(
            session,
            shop,
            point_value=value,
            breakage_percent=breakage,
            actor=OPERATOR,
            now=utc_now(),
        )
    worth = _amount_of(said, shop)
    lost = "by history" if said.breakage is None else f"{_plain(said.breakage * 100)} %"
    click.echo(f"a point is worth {worth}, never redeemed: {lost}")


@liability_commands.command("liability")
@shop_option
@click.option("--as-of", "as_of", type=_DAY, help="The end of this day; today so far without it.")
@click.option("--csv", "is_csv", is_flag=True, help="As CSV, a line for each cohort.")
def show_liability(domain: str, as_of: datetime | None, is_csv: bool) -> None:
    """Print what is owed for points at the end of a day, by the month they were earned in."""
    with inside(domain) as (session, shop):
        day = as_of.date() if as_of else today_in(shop.timezone)
        report = make_report(session, shop, day, now=utc_now())
        (_write_csv if is_csv else _say)(report, shop)


@liability_commands.command("roll-forward")
@shop_option
@click.option("--from", "opens_on", type=_DAY, required=True, help="The end of this day.")
@click.option("--to", "closes_on", type=_DAY, required=True, help="The end of this day.")
def show_roll_forward(domain: str, opens_on: datetime, closes_on: datetime) -> None:
    """Print how the points owed changed between two days, kind by kind."""
    with inside(domain) as (session, shop):
        rolled = roll_forward(session, shop, opens_on.date(), closes_on.date(), now=utc_now())
    click.echo(f"{rolled.opens_on} opening {rolled.opening}")
    for kind, points in rolled.movements.items():
        click.echo(f"{kind} {points:+}")
    click.echo(f"{rolled.closes_on} closing {rolled.closing}")


def _amount_of(said: settings.Said, shop: Shop) -> str:
    if said.point_value_minor is None:
        return "by redemptions"
    amount = said.point_value_minor.scaleb(-minor_digits(shop.currency))
    return f"{_plain(amount)} {shop.currency}"


def _plain(number: Decimal) -> str:
    return format(number.normalize(), "f")


def _say(report: Report, shop: Shop) -> None:
    for line in report.lines:
        held = f"{line.cohort.available} available, {line.cohort.on_hold} on hold"
        click.echo(f"{line.cohort.month:%Y-%m} {_source(line)}: {held}, {_percent(line.breakage)}")
    click.echo(f"{report.points} points outstanding, {report.lacking} lacking")
    click.echo(f"breakage: {report.breakage_source}")
    if report.worth is None:
        click.echo("no money: nobody said what a point is worth, and none was used for a year")
        return
    click.echo(f"worth of a point: by {report.worth.source}")
    click.echo(f"cost: {_money(report.cost_minor, shop)}")
    click.echo(f"cost of points on hold: {_money(report.on_hold_minor, shop)}")
    click.echo(f"deferred revenue: {_money(report.deferred_minor, shop)}")


def _write_csv(report: Report, shop: Shop) -> None:
    sheet = csv.writer(sys.stdout, lineterminator="\r\n")
    sheet.writerow(_HEAD)
    for line in report.lines:
        cohort = line.cohort
        money = (line.cost_minor, line.on_hold_minor, line.deferred_minor)
        sheet.writerow(
            (
                *(_month(cohort.month), _source(line), cohort.earned, cohort.redeemed),
                *(cohort.available, cohort.on_hold, format(line.breakage, "f")),
                *(_amount(minor, shop) for minor in money),
            )
        )


def _source(line: Line) -> str:
    return "orders" if line.cohort.is_sale else "other"


def _month(month: date) -> str:
    return f"{month:%Y-%m}"


def _percent(share: Decimal) -> str:
    return f"{share * 100:.2f} % never redeemed"


def _money(minor: int | None, shop: Shop) -> str:
    return f"{_amount(minor, shop)} {shop.currency}"


def _amount(minor: int | None, shop: Shop) -> str:
    return "" if minor is None else format(Money(minor, shop.currency).decimal(), "f")
