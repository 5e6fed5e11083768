"""Operator commands about earning rules and promotions: list, save, and try on the past."""

import json
from datetime import datetime
from typing import Any
from uuid import UUID

import click
from sqlalchemy import select

from jobs.operating import OPERATOR, inside, shop_option
from loyalty.base.clock import utc_now
from loyalty.earning import saving
from loyalty.earning.trying import dry_run
from loyalty.programme.tables import EarningRule, Promotion

id_option = click.option("--id", "rule_id", type=click.UUID, required=True, help="Its id.")
settings_argument = click.argument("settings", default="{}")
day = click.DateTime(["%Y-%m-%d"])


@click.group()
def rule_commands() -> None:
    """What an operator may need of rules and promotions."""


@rule_commands.command("rules")
@shop_option
def list_rules(domain: str) -> None:
    """List the shop's earning rules and promotions, and what is wrong with them."""
    with inside(domain) as (session, shop):
        for table in (EarningRule, Promotion):
            rows: Any = session.scalars(
                select(table).where(table.shop_id == shop.shop_id).order_by(table.created_at)
            )
            for row in rows:
                click.echo(_line(row))


@rule_commands.command("add-rule")
@shop_option
@settings_argument
def add_rule(domain: str, settings: str) -> None:
    """Save a new rule of SETTINGS, a JSON object:

    {"name": "Double candles", "points_per_unit": "2", "conditions": {"tags": ["candle"]}}
    """
    with inside(domain) as (session, shop):
        given = read_settings(settings)
        rule = saving.add_rule(session, shop.shop_id, given, actor=OPERATOR, now=utc_now())
        click.echo(_line(rule))


@rule_commands.command("change-rule")
@shop_option
@id_option
@settings_argument
def change_rule(domain: str, rule_id: UUID, settings: str) -> None:
    """Change of a rule what SETTINGS, a JSON object, names: {"is_active": false}."""
    with inside(domain) as (session, shop):
        given = read_settings(settings)
        rule = saving.change_rule(
            session, shop.shop_id, rule_id, given, actor=OPERATOR, now=utc_now()
        )
        click.echo(_line(rule))


@rule_commands.command("add-promotion")
@shop_option
@settings_argument
def add_promotion(domain: str, settings: str) -> None:
    """Save a new promotion of SETTINGS, a JSON object:

    {"name": "Week", "multiplier": "2", "starts_on": "2026-12-01", "ends_on": "2026-12-07"}
    """
    with inside(domain) as (session, shop):
        given = read_settings(settings)
        row = saving.add_promotion(session, shop.shop_id, given, actor=OPERATOR, now=utc_now())
        click.echo(_line(row))


@rule_commands.command("change-promotion")
@shop_option
@id_option
@settings_argument
def change_promotion(domain: str, rule_id: UUID, settings: str) -> None:
    """Change of a promotion what SETTINGS, a JSON object, names."""
    with inside(domain) as (session, shop):
        given = read_settings(settings)
        row = saving.change_promotion(
            session, shop.shop_id, rule_id, given, actor=OPERATOR, now=utc_now()
        )
        click.echo(_line(row))


@rule_commands.command("try-rule")
@shop_option
@click.option("--from", "first", type=day, required=True, help="The shop's first day.")
@click.option("--to", "last", type=day, required=True, help="The shop's last day.")
@click.option("--id", "rule_id", type=click.UUID, help="A saved rule, changed as given.")
@settings_argument
def try_rule(
    domain: str, first: datetime, last: datetime, rule_id: UUID | None, settings: str
) -> None:
    """Say what a rule of SETTINGS would have earned on those days; nothing is written."""
    with inside(domain) as (session, shop):
        given = read_settings(settings)
        found = dry_run(
            session,
            shop,
            given,
            first_on=first.date(),
            last_on=last.date(),
            rule_id=rule_id,
            now=utc_now(),
        )
        session.rollback()
    click.echo(
        f"{found.points} points for {found.rewarded} of {found.orders} orders, "
        f"{found.members} members; other rules {found.others_before} -> {found.others_after}; "
        f"{found.unknown_products} orders with an unknown product"
    )


def read_settings(text: str) -> dict[str, Any]:
    """The JSON object; anything else ends the command."""
    try:
        settings = json.loads(text)
    except ValueError as error:
        raise click.ClickException(f"settings: is no JSON: {error}") from error
    if not isinstance(settings, dict):
        raise click.ClickException("settings: is no JSON object")
    return settings


def _line(row: EarningRule | Promotion) -> str:
    if isinstance(row, Promotion):
        kind, gives = "promotion", f"x{row.multiplier}"
    elif row.gives == "fixed":
        kind, gives = f"rule of {row.kind}", f"{row.fixed_points} points"
    else:
        kind, gives = f"rule of {row.kind}", f"{row.points_per_unit} per unit, {row.rounding}"
    parts = [str(row.id), f"v{row.version}", kind, repr(row.name), gives]
    if isinstance(row, EarningRule) and row.is_exclusive:
        parts.append(f"exclusive, priority {row.priority}")
    if row.starts_on or row.ends_on:
        parts.append(f"{row.starts_on or ''}..{row.ends_on or ''}")
    if row.conditions:
        parts.append(json.dumps(row.conditions))
    if not row.is_active:
        parts.append("off")
    if row.fault:
        parts.append(f"EARNS NOTHING: {row.fault}")
    return " ".join(parts)
