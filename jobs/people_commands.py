"""Operator commands about people: who joins how, who is archived, and who is one with whom."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from uuid import UUID

import click
from sqlalchemy.orm import Session

from jobs.operating import OPERATOR, member_option, shop_id_of, shop_option
from loyalty.base import db
from loyalty.base.clock import utc_now
from loyalty.base.errors import LoyaltyError
from loyalty.members import archiving
from loyalty.members.editing import FIELDS, edit_details, follow_shopify, verify_contact
from loyalty.members.matching import list_candidates
from loyalty.merging.checks import list_merges
from loyalty.merging.merging import merge
from loyalty.merging.preview import Preview, Side, preview
from loyalty.merging.undoing import undo
from loyalty.programme.joining import ENROLMENTS, set_enrolment, set_join_page
from loyalty.shops.directory import get_shop
from loyalty.shops.tables import Shop
from shopify_app.platform.errors import ShapeError, ShopifyError
from shopify_app.platform.people import add_member, read_newcomer
from wallet.card_links import join_page_url


@click.group()
def people() -> None:
    """What an operator may need of people."""


@people.command("enrolment")
@shop_option
@click.option("--mode", type=click.Choice(ENROLMENTS), required=True, help="Who becomes a member.")
def enrolment(domain: str, mode: str) -> None:
    """Take everybody with an account or a paid order, or only who joins."""
    with _in_shop(domain) as (session, shop):
        set_enrolment(session, shop.shop_id, mode, actor=OPERATOR, now=utc_now())
    click.echo(f"{domain}: {mode}")


@people.command("join-page")
@shop_option
@click.option("--on/--off", "is_on", default=None, help="Whether people can join there.")
@click.option("--terms-url", help="Where the programme's terms stand; empty for none.")
def join_page(domain: str, is_on: bool | None, terms_url: str | None) -> None:
    """Say where the public page to join is, and change it."""
    with _in_shop(domain) as (session, shop):
        found = set_join_page(
            session, shop.shop_id, is_on=is_on, terms_url=terms_url, actor=OPERATOR, now=utc_now()
        )
        state, terms = "on" if found.has_join_page else "off", found.terms_url or "none"
        click.echo(f"{join_page_url(shop.shop_id)} is {state}, terms: {terms}")


@people.command("add-member")
@shop_option
@click.option("--name", required=True, help="First name, a blank, and the rest.")
@click.option("--contact", required=True, help="An email or a phone number.")
@click.option("--country", help="Whose national phone number it is (ISO 3166).")
@click.option("--marketing", is_flag=True, help="They want marketing by email, and said so.")
@click.option("--proved", is_flag=True, help="You have seen that the contact is theirs.")
def add(
    domain: str, name: str, contact: str, country: str | None, marketing: bool, proved: bool
) -> None:
    """Make somebody a member by hand; Shopify's customer is looked up, or made."""
    shop_id = shop_id_of(domain)
    with _told():
        newcomer = read_newcomer(name, contact, country=country)
        enrolled = add_member(
            shop_id,
            newcomer,
            said_yes_to=("email",) if marketing else (),
            has_proved_contact=proved,
            actor=OPERATOR,
        )
    click.echo(f"{enrolled.member_id} {'was a member' if enrolled.was_known else 'joined'}")


@people.command("archive")
@shop_option
@member_option
def archive(domain: str, member_id: UUID) -> None:
    """Put a member away with their points."""
    with _in_shop(domain) as (session, shop):
        entry = archiving.archive(
            session, shop, member_id, actor=OPERATOR, reason="by_hand", now=utc_now()
        )
    click.echo(f"archived with {-entry.points if entry else 0} points")


@people.command("restore")
@shop_option
@member_option
def restore(domain: str, member_id: UUID) -> None:
    """Bring an archived member back with their points."""
    with _in_shop(domain) as (session, shop):
        entry = archiving.restore(session, shop, member_id, actor=OPERATOR, now=utc_now())
    click.echo(f"restored with {entry.points if entry else 0} points")


@people.command("edit-member")
@shop_option
@member_option
@click.option("--set", "changes", multiple=True, metavar="FIELD=VALUE", help=", ".join(FIELDS))
@click.option("--from-shopify", "released", multiple=True, type=click.Choice(FIELDS))
def edit(domain: str, member_id: UUID, changes: tuple[str, ...], released: tuple[str, ...]) -> None:
    """Change details here, or take them from Shopify again."""
    with _in_shop(domain) as (session, shop):
        typed = dict(_pair(change) for change in changes)
        edit_details(session, shop, member_id, typed, actor=OPERATOR, now=utc_now())
        member = follow_shopify(session, shop, member_id, released, actor=OPERATOR, now=utc_now())
        sources = ", ".join(f"{name}: {source}" for name, source in sorted(member.sources.items()))
    click.echo(sources)


@people.command("verify-contact")
@shop_option
@member_option
@click.option("--which", type=click.Choice(("email", "phone")), required=True)
def verify(domain: str, member_id: UUID, which: str) -> None:
    """Note that the member has proved to us that the email or phone number is theirs."""
    with _in_shop(domain) as (session, shop):
        is_new = verify_contact(session, shop, member_id, which, actor=OPERATOR, now=utc_now())
    click.echo("verified" if is_new else "was verified already")


@people.command("candidates")
@shop_option
@member_option
def candidates(domain: str, member_id: UUID) -> None:
    """List who else may be the same person: the same email or phone number."""
    with _in_shop(domain) as (session, shop):
        for member in list_candidates(session, shop.shop_id, member_id):
            click.echo(f"{member.id} {member.state} joined={member.joined_at:%Y-%m-%d}")


@people.command("merge")
@shop_option
@click.option("--survivor", "survivor_id", type=click.UUID, required=True, help="Who stays.")
@click.option("--merged", "merged_id", type=click.UUID, required=True, help="Who goes into them.")
@click.option("--write", is_flag=True, help="Do it; without it only what it would bring about.")
def merge_members(domain: str, survivor_id: UUID, merged_id: UUID, write: bool) -> None:
    """Make one member of two; at first only says what would come of it."""
    with _in_shop(domain) as (session, shop):
        now = utc_now()
        for line in _lines(preview(session, shop.shop_id, survivor_id, merged_id, now=now)):
            click.echo(line)
        if write:
            done = merge(session, shop, survivor_id, merged_id, actor=OPERATOR, now=now)
            click.echo(f"merged {done.id}, to be undone until {_time(done.undo_until)}")


@people.command("merges")
@shop_option
@member_option
def merges(domain: str, member_id: UUID) -> None:
    """List a member's merges, either way, newest first."""
    with _in_shop(domain) as (session, shop):
        for one in list_merges(session, shop.shop_id, member_id):
            click.echo(
                f"{one.id} {one.state} survivor={one.survivor_id} merged={one.merged_id} "
                f"points={one.points} at={_time(one.merged_at)} until={_time(one.undo_until)}"
            )


@people.command("undo-merge")
@shop_option
@click.option("--merge", "merge_id", type=click.UUID, required=True, help="The merge's id.")
def undo_merge(domain: str, merge_id: UUID) -> None:
    """Make two members of one again, within 30 days."""
    with _in_shop(domain) as (session, shop):
        undone = undo(session, shop, merge_id, actor=OPERATOR, now=utc_now())
    click.echo(f"{undone.survivor_id} and {undone.merged_id} are two again")


@contextmanager
def _in_shop(domain: str) -> Iterator[tuple[Session, Shop]]:
    """A transaction in the shop; what is refused ends the command with field and reason."""
    shop_id = shop_id_of(domain)
    with _told(), db.shop_transaction(shop_id) as session:
        yield session, get_shop(session, shop_id)


@contextmanager
def _told() -> Iterator[None]:
    try:
        yield
    except LoyaltyError as refusal:
        field = getattr(refusal, "field", None)
        said = str(refusal) if field is None else f"{field}: {refusal}"
        raise click.ClickException(f"{refusal.code}: {said}") from refusal
    except (ShopifyError, ShapeError) as error:
        raise click.ClickException(f"Shopify: {error}") from error


def _pair(change: str) -> tuple[str, str]:
    name, sign, value = change.partition("=")
    if not sign or name not in FIELDS:
        raise click.ClickException(f"--set needs one of {', '.join(FIELDS)}, and =")
    return name, value


def _lines(seen: Preview) -> Iterator[str]:
    yield f"stays:  {_side(seen.survivor)}"
    yield f"goes:   {_side(seen.merged)}"
    yield (
        f"then:   available={seen.available} pending={seen.pending} "
        f"earned={seen.lifetime_earned} burned={seen.lifetime_burned} "
        f"orders={seen.order_count} spend={seen.spend.decimal()} {seen.spend.currency}"
    )
    yield f"filled: {', '.join(seen.filled) or 'nothing'}"
    for channel, word in seen.consents.items():
        yield f"consent: {channel}={word or 'none'}"


def _side(side: Side) -> str:
    customers = ",".join(map(str, side.customers)) or "none"
    return (
        f"{side.member_id} {side.state} customers={customers} available={side.available} "
        f"pending={side.pending} orders={side.order_count}"
    )


def _time(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M}Z"
