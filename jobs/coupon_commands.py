"""Operator commands about coupons: what is handed out, to whom, and which codes there are."""

from collections.abc import Iterable
from pathlib import Path
from uuid import UUID, uuid4, uuid5

import click

from jobs.operating import (
    OPERATOR,
    inside,
    member_option,
    refusals,
    shop_id_of,
    shop_option,
)
from loyalty.base.clock import utc_now
from loyalty.base.db import shop_transaction
from loyalty.coupons.assigning import AT_ONCE_MAX
from loyalty.coupons.files import BYTES_MAX, BadLine
from loyalty.coupons.importing import import_codes
from loyalty.coupons.recipients import Recipients, read_recipients
from loyalty.coupons.saving import end_coupon, get_coupon
from loyalty.coupons.tables import COUPON_KINDS
from loyalty.coupons.terms import CLASSES
from loyalty.coupons.views import count_coupons, list_of
from loyalty.members.states import get_active_member
from shopify_app.platform.coupon_codes import hand_out, open_coupon

_coupon_option = click.option(
    "--id", "coupon_id", type=click.UUID, required=True, help="The coupon's id."
)
_file_option = click.option(
    "--file", "path", type=click.Path(exists=True, dir_okay=False, path_type=Path), required=True
)
_email_option = click.option("--email", "sends_email", is_flag=True, help="Tell them by email.")
_key_option = click.option(
    "--key", "batch_id", type=click.UUID, help="The same key again gives nothing again."
)


@click.group()
def coupon_commands() -> None:
    """What an operator may need of coupons."""


@coupon_commands.command("coupons")
@shop_option
def show_coupons(domain: str) -> None:
    """List the shop's coupons with their codes by state."""
    with inside(domain) as (session, shop):
        counted = count_coupons(session, shop)
    for one in counted:
        coupon = one.coupon
        state = "on" if coupon.is_active else "ended"
        counts = " ".join(f"{name}={count}" for name, count in one.codes.items())
        days = f"{coupon.starts_on or ''}..{coupon.ends_on or ''}"
        click.echo(f"{coupon.id} {state} {coupon.name}: {one.worth} {days} {counts}")
        if coupon.error:
            click.echo(f"  refused by Shopify: {coupon.error}")


@coupon_commands.command("add-coupon")
@shop_option
@click.option("--name", required=True, help="What members read.")
@click.option("--kind", required=True, help=f"One of {', '.join(COUPON_KINDS)}.")
@click.option("--amount", help="Of a fixed amount, in the shop's currency.")
@click.option("--percentage", help="Of 100.")
@click.option("--minimum-cart", help="The cart must come to so much.")
@click.option("--combines-with", multiple=True, help=f"Any of {', '.join(CLASSES)}.")
@click.option("--per-member", default="1", show_default=True, help="Codes for one member at most.")
@click.option("--starts-on", help="The first of the shop's days, as 2026-12-01.")
@click.option("--ends-on", help="The last of them.")
@click.option("--imported", is_flag=True, help="Its codes were made elsewhere and are imported.")
@click.option("--prefix", help="What its codes begin with.")
def add(domain: str, imported: bool, **given: object) -> None:
    """Add a coupon; its discount is made in Shopify at once."""
    typed = {name: value for name, value in given.items() if value not in (None, ())}
    typed["code_source"] = "imported" if imported else "made"
    with refusals():
        coupon = open_coupon(shop_id_of(domain), typed, actor=OPERATOR)
    if not imported and coupon.discount_gid is None:
        click.echo("Shopify has not answered yet: the discount is made in a little while", err=True)
    click.echo(str(coupon.id))


@coupon_commands.command("end-coupon")
@shop_option
@_coupon_option
def end(domain: str, coupon_id: UUID) -> None:
    """Hand a coupon out no more; codes that members hold stay good."""
    with inside(domain) as (session, shop):
        was_news = end_coupon(session, shop.shop_id, coupon_id, actor=OPERATOR, now=utc_now())
    click.echo("ended" if was_news else "was ended already")


@coupon_commands.command("assign-coupon")
@shop_option
@_coupon_option
@member_option
@_email_option
@_key_option
def assign_one(
    domain: str, coupon_id: UUID, member_id: UUID, sends_email: bool, batch_id: UUID | None
) -> None:
    """Give a member a code of a coupon."""
    shop_id = shop_id_of(domain)
    with refusals():
        with shop_transaction(shop_id) as session:
            get_active_member(session, shop_id, member_id)
        handed = hand_out(
            shop_id,
            coupon_id,
            [member_id],
            batch_id=batch_id or uuid4(),
            sends_email=sends_email,
            actor=OPERATOR,
        )
    if reason := handed.refused.get(member_id):
        raise click.ClickException(f"the member {reason}")
    code = handed.given[member_id]
    click.echo(f"{code.code} {code.state}")


@coupon_commands.command("assign-coupon-list")
@shop_option
@_coupon_option
@_file_option
@_email_option
@_key_option
@click.option("--write", is_flag=True, help="Give them; without it only the report is shown.")
def assign_list(
    domain: str,
    coupon_id: UUID,
    path: Path,
    sends_email: bool,
    batch_id: UUID | None,
    write: bool,
) -> None:
    """Give a code to each member of a CSV file (column member or email); a file is one batch."""
    content = _read(path)
    with inside(domain) as (session, shop):
        shop_id = shop.shop_id
        coupon = get_coupon(session, shop_id, coupon_id)
        recipients = read_recipients(session, shop_id, content)
    _say_bad(recipients.bad)
    if not write:
        click.echo(f"{len(recipients.lines)} members would be given {coupon.name}")
        return
    batch = batch_id or uuid5(coupon_id, content.hex())
    fresh, refused = _give_all(shop_id, coupon_id, recipients, batch, sends_email)
    _say_bad(refused)
    click.echo(f"{fresh} given, {len(recipients.lines) - len(refused)} have one of this batch")


@coupon_commands.command("import-coupon-codes")
@shop_option
@_coupon_option
@_file_option
@click.option("--write", is_flag=True, help="Keep them; without it only the report is shown.")
def import_file(domain: str, coupon_id: UUID, path: Path, write: bool) -> None:
    """Take in the codes of a CSV file (column code), and report every line that is not used."""
    content = _read(path)
    with inside(domain) as (session, shop):
        report = import_codes(
            session, shop.shop_id, coupon_id, content, actor=OPERATOR, now=utc_now()
        )
        if not write:
            session.rollback()
    _say_bad(report.bad)
    verb = "imported" if write else "would be imported"
    click.echo(f"{report.codes} codes {verb}, {len(report.bad)} lines not used")


@coupon_commands.command("member-coupons")
@shop_option
@member_option
def show_members(domain: str, member_id: UUID) -> None:
    """List a member's coupons."""
    with inside(domain) as (session, shop):
        get_active_member(session, shop.shop_id, member_id)
        found = list_of(session, shop.shop_id, member_id, utc_now())
    for one in found:
        until = f" until {one.valid_until}" if one.valid_until else ""
        click.echo(f"{one.code} {one.state} {one.name}: {one.worth}{until}")


def _give_all(
    shop_id: int, coupon_id: UUID, recipients: Recipients, batch: UUID, sends_email: bool
) -> tuple[int, list[BadLine]]:
    """How many codes were given now, and the lines whose member got none."""
    fresh, refused, members = 0, [], list(recipients.lines)
    for start in range(0, len(members), AT_ONCE_MAX):
        with refusals():
            handed = hand_out(
                shop_id,
                coupon_id,
                members[start : start + AT_ONCE_MAX],
                batch_id=batch,
                sends_email=sends_email,
                actor=OPERATOR,
            )
        fresh += handed.fresh
        for member_id, reason in handed.refused.items():
            refused.append(BadLine(recipients.lines[member_id], str(member_id), reason))
    return fresh, sorted(refused, key=lambda bad: bad.line)


def _read(path: Path) -> bytes:
    """No more of the file than is looked at anyway."""
    with path.open("rb") as file:
        return file.read(BYTES_MAX + 1)


def _say_bad(bad: Iterable[BadLine]) -> None:
    """Each line with its number; what stood there may be a person's, so it is not repeated."""
    for one in bad:
        click.echo(f"line {one.line} {one.reason}", err=True)
