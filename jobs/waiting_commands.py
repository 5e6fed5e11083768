"""Operator commands that wait for work to be done, and that hand out a member's card link."""

import time
from collections.abc import Callable

import click

from jobs.operating import any_shop_option, list_shops
from loyalty.base import db
from loyalty.base.clock import utc_now
from loyalty.base.db import shop_transaction
from loyalty.queries.members import list_members
from loyalty.shops.directory import shops_with_work
from shopify_app.platform.backfill.progress import progress
from wallet.card_links import card_page_url


@click.group()
def waiting() -> None:
    """What scripts wait for."""


_timeout_option = click.option("--timeout", "timeout_s", default=240, show_default=True)


@waiting.command("wait-for-backfill")
@any_shop_option
@_timeout_option
def wait_for_backfill(domain: str | None, timeout_s: int) -> None:
    """Return once the shop's history has been read; fails when the reading failed."""
    for shop in list_shops(domain):

        def is_over(shop_id: int = shop.shop_id) -> bool:
            with shop_transaction(shop_id) as session:
                state = progress(session, shop_id).state
            if state == "failed":
                raise click.ClickException("the history could not be read")
            return state == "done"

        _wait(is_over, timeout_s, f"history of {shop.domain}")


@waiting.command("wait-for-work")
@_timeout_option
def wait_for_work(timeout_s: int) -> None:
    """Return once no queue of any shop has anything due."""

    def is_quiet() -> bool:
        with db.shopless_transaction() as session:
            return not shops_with_work(session, utc_now())

    _wait(is_quiet, timeout_s, "all queues")


@waiting.command("card-link")
@any_shop_option
@click.option("--member", "search", default="", help="Part of the member's name or email.")
def card_link(domain: str | None, search: str) -> None:
    """Print the public address of a member's card: of the richest one that matches."""
    for shop in list_shops(domain):
        with shop_transaction(shop.shop_id) as session:
            rows = list_members(session, shop.shop_id, search=search, sort="-points", limit=1).rows
        for row in rows:
            click.echo(card_page_url(shop.shop_id, row.id))


def _wait(is_over: Callable[[], bool], timeout_s: int, what: str) -> None:
    deadline = time.monotonic() + timeout_s
    while not is_over():
        if time.monotonic() > deadline:
            raise click.ClickException(f"{what}: not done within {timeout_s} s")
        time.sleep(0.2)
