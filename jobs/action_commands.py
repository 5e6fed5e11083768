"""Operator commands about actions: readers and their keys, follow links, birthdays, addresses."""

from uuid import UUID

import click

from jobs import actions
from jobs.operating import (
    OPERATOR,
    any_shop_option,
    list_shops,
    member_option,
    refusals,
    shop_id_of,
    shop_option,
)
from loyalty.actions import following, readers
from loyalty.actions.birthdays import set_birthday
from loyalty.actions.verifying import ask_for_proof
from loyalty.base import db
from loyalty.base.clock import utc_now
from loyalty.shops.directory import get_shop
from mailing import setup as mail_setup

_reader_option = click.option(
    "--id", "reader_id", type=click.UUID, required=True, help="The reader's id."
)


@click.group()
def action_commands() -> None:
    """What an operator may need of actions that earn."""


@action_commands.command("readers")
@shop_option
def list_readers(domain: str) -> None:
    """List the shop's readers, without their keys."""
    shop_id = shop_id_of(domain)
    with db.shop_transaction(shop_id) as session:
        for reader in readers.list_readers(session, shop_id):
            state = "revoked" if reader.revoked_at else "active"
            click.echo(f"{reader.id} {state} location={reader.location_id} {reader.name}")


@action_commands.command("add-reader")
@shop_option
@click.option("--name", required=True, help="What the reader is called.")
@click.option("--location", "location_id", type=int, required=True, help="Shopify's location id.")
def add_reader(domain: str, name: str, location_id: int) -> None:
    """Make a reader at a place and print its key, which is never shown again."""
    shop_id = shop_id_of(domain)
    with refusals(), db.shop_transaction(shop_id) as session:
        reader, key = readers.add_reader(
            session, shop_id, name=name, location_id=location_id, actor=OPERATOR, now=utc_now()
        )
    click.echo(f"{reader.id} {key}")


@action_commands.command("rotate-reader-key")
@shop_option
@_reader_option
def rotate_reader_key(domain: str, reader_id: UUID) -> None:
    """Print a new key for a reader; the old one is dead at once."""
    shop_id = shop_id_of(domain)
    with refusals(), db.shop_transaction(shop_id) as session:
        key = readers.rotate_key(session, shop_id, reader_id, actor=OPERATOR, now=utc_now())
    click.echo(key)


@action_commands.command("revoke-reader")
@shop_option
@_reader_option
def revoke_reader(domain: str, reader_id: UUID) -> None:
    """End a reader for good."""
    shop_id = shop_id_of(domain)
    with refusals(), db.shop_transaction(shop_id) as session:
        readers.revoke_reader(session, shop_id, reader_id, actor=OPERATOR, now=utc_now())
    click.echo("revoked")


@action_commands.command("follow-link")
@shop_option
@click.option("--network", required=True, help=f"One of {', '.join(following.NETWORKS)}.")
@click.option("--url", help="The shop's page there; without it the link is taken away.")
def follow_link(domain: str, network: str, url: str | None) -> None:
    """Set, or take away, where members can follow the shop."""
    shop_id, now = shop_id_of(domain), utc_now()
    with refusals(), db.shop_transaction(shop_id) as session:
        if url:
            following.set_follow_link(session, shop_id, network, url, actor=OPERATOR, now=now)
            said = "set"
        else:
            was_there = following.remove_follow_link(
                session, shop_id, network, actor=OPERATOR, now=now
            )
            said = "taken away" if was_there else "was not there"
    click.echo(f"{network}: {said}")


@action_commands.command("set-birthday")
@shop_option
@member_option
@click.option("--month", type=int, help="1 to 12; without month and day it is forgotten.")
@click.option("--day", type=int, help="1 to 31.")
def set_members_birthday(domain: str, member_id: UUID, month: int | None, day: int | None) -> None:
    """Set a member's birthday, or forget it."""
    shop_id, now = shop_id_of(domain), utc_now()
    with refusals(), db.shop_transaction(shop_id) as session:
        is_news = set_birthday(
            session,
            get_shop(session, shop_id),
            member_id,
            month=month,
            day=day,
            actor=OPERATOR,
            now=now,
        )
    click.echo("set" if is_news else "was so already")


@action_commands.command("send-verification")
@shop_option
@member_option
def send_verification(domain: str, member_id: UUID) -> None:
    """Send a member the email that proves their address."""
    if not mail_setup.is_on():
        raise click.ClickException("this installation of Encore sends no emails")
    shop_id = shop_id_of(domain)
    with refusals(), db.shop_transaction(shop_id) as session:
        is_asked = ask_for_proof(session, shop_id, member_id, actor=OPERATOR, now=utc_now())
    click.echo("asked" if is_asked else "was asked a moment ago")


@action_commands.command("run-actions")
@any_shop_option
def run_actions(domain: str | None) -> None:
    """Celebrate the birthdays that are due, and settle what waited for the end of a pause, now."""
    count = sum(actions.run_shop(shop.shop_id, now=utc_now()) for shop in list_shops(domain))
    click.echo(f"{count} actions")
