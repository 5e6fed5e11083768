"""Operator commands about what is kept in step with Shopify: look now, reports, findings, cost."""

import click
from sqlalchemy import select

from jobs.operating import any_shop_option, list_shops, shop_id_of, shop_option
from jobs.reconciliation import ask_for_look
from loyalty.base import db
from loyalty.base.clock import utc_now
from loyalty.reconciliation import balances
from loyalty.reconciliation.tables import Finding, ReconciliationReport
from shopify_app.platform import backfill_runs as runs
from shopify_app.platform.projection import planning

_SHOWN_MAX = 20


@click.group()
def reconciliation_commands() -> None:
    """What an operator may need of reconciliation."""


@reconciliation_commands.command("reconcile")
@shop_option
def reconcile(domain: str) -> None:
    """Look through the shop now, as the clock does hourly and nightly; proves every balance."""
    shop_id, now = shop_id_of(domain), utc_now()
    with db.shop_transaction(shop_id) as session:
        runs.ask_for_sweep(session, shop_id, now=now)
        ask_for_look(session, shop_id, now)
        differences = balances.prove(session, shop_id, now=now)
    click.echo(f"{domain}: {len(differences)} figures differ; Shopify is looked through")


@reconciliation_commands.command("reconciliations")
@any_shop_option
def reconciliations(domain: str | None) -> None:
    """List the newest reports, and what was found and when it was mended."""
    for shop in list_shops(domain):
        with db.shop_transaction(shop.shop_id) as session:
            reports = session.scalars(
                select(ReconciliationReport)
                .where(ReconciliationReport.shop_id == shop.shop_id)
                .order_by(ReconciliationReport.finished_at.desc(), ReconciliationReport.id)
                .limit(_SHOWN_MAX)
            ).all()
            findings = session.scalars(
                select(Finding)
                .where(Finding.shop_id == shop.shop_id)
                .order_by(Finding.found_at.desc(), Finding.id)
                .limit(_SHOWN_MAX)
            ).all()
        for one in reports:
            click.echo(
                f"{shop.domain} {one.finished_at:%Y-%m-%d %H:%M:%S}Z {one.subject}"
                f" looked_at={one.looked_at} found={one.found}"
            )
        for found in findings:
            mended = f"{found.mended_at:%Y-%m-%d %H:%M:%S}Z" if found.mended_at else "not yet"
            click.echo(
                f"{shop.domain} {found.found_at:%Y-%m-%d %H:%M:%S}Z {found.kind} {found.thing}"
                f" mended={mended}"
            )


@reconciliation_commands.command("projection-plan")
@shop_option
@click.option(
    "--members", type=click.IntRange(1, 10_000_000), required=True, help="How many have changed."
)
@click.option(
    "--metafields", type=click.IntRange(1, 3), default=1, show_default=True, help="Of each member."
)
def projection_plan(domain: str, members: int, metafields: int) -> None:
    """Say what it costs to show so many changed members, from the shop's own budget."""
    plan = planning.plan(shop_id_of(domain), members=members, metafields=metafields)
    for way in (plan.one_by_one, plan.in_bulk):
        click.echo(
            f"{way.name}: {way.calls} calls, {way.points} points of the budget,"
            f" at least {way.seconds} s"
        )
    click.echo(f"bucket {plan.bucket_max}, {plan.restored_per_s} a second: {plan.chosen.name}")
