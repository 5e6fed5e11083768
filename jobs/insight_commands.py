"""Operator commands about insight: what the last run says of a shop, and a run now."""

from dataclasses import asdict

import click

from jobs import insights
from jobs.operating import OPERATOR, any_shop_option, inside, list_shops
from loyalty.base.clock import utc_now
from loyalty.insights import bgnbd, gamma_gamma
from loyalty.insights.model import ShopModel
from loyalty.insights.tables import InsightRun
from loyalty.insights.views import find_latest, find_open, model_of


@click.group()
def insight_commands() -> None:
    """What an operator may need of insight."""


@insight_commands.command("insight")
@any_shop_option
@click.option("--run", "runs", is_flag=True, help="Score all members now, before saying.")
def show_insight(domain: str | None, runs: bool) -> None:
    """Say as of when members are scored, by which model, and how right it was."""
    for shop in list_shops(domain):
        if runs:
            found = insights.run_shop(shop.shop_id, now=utc_now(), actor=OPERATOR)
            if found is None:
                click.echo(f"{shop.domain}: another process runs it just now")
        with inside(shop.domain) as (session, _):
            latest, going = find_latest(session, shop.shop_id), find_open(session, shop.shop_id)
        _say(shop.domain, latest, going)


def _say(domain: str, latest: InsightRun | None, going: InsightRun | None) -> None:
    if going is not None:
        done = f"{going.members_done} of {going.members_total} members"
        click.echo(f"{domain}: a run is {going.stage or 'asked for'}, {done}")
    model = model_of(latest)
    if latest is None or model is None:
        click.echo(f"{domain}: no run yet")
        return
    click.echo(
        f"{domain}: as of {model.as_of}, {latest.members_total} members, {model.buyers} buyers, "
        f"{model.repeat_buyers} came back, {model.history_days} days of orders"
    )
    for why, count in sorted((latest.excluded or {}).items()):
        click.echo(f"  left out: {why} {count}")
    for reason in model.reasons:
        click.echo(f"  no prediction yet: {reason}")
    _say_model(model)


def _say_model(model: ShopModel) -> None:
    click.echo(f"  churn: no order within {model.horizon_days} days")
    if model.purchases is not None and model.amounts is not None:
        click.echo(f"  purchases: {_figures(model.purchases)}")
        click.echo(f"  amounts: {_figures(model.amounts)}; scale {model.scale:.3f}")
    if model.accuracy is not None:
        found = model.accuracy
        click.echo(f"  held out: {found.cut_on} to {found.until}, {found.members} buyers")
        click.echo(f"  revenue error: {_percent(found.revenue_error)}")
        click.echo(
            f"  AUC of churn: {_share(found.churn_auc)}; RFM {_share(found.rfm_auc)}, "
            f"P(alive) {_share(found.alive_auc)}"
        )
        click.echo(f"  Brier: {found.brier:.4f}; naive {found.naive_brier:.4f}")


def _figures(parameters: bgnbd.Parameters | gamma_gamma.Parameters) -> str:
    return ", ".join(f"{name} {value:.4g}" for name, value in asdict(parameters).items())


def _percent(share: float | None) -> str:
    return "nobody bought" if share is None else f"{share * 100:.1f} %"


def _share(value: float | None) -> str:
    return "none" if value is None else f"{value:.3f}"
