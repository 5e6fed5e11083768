"""Operator commands about segments: what there is, who belongs, a rule tried and saved."""

import csv
import json
import sys
from collections.abc import Iterable, Iterator
from uuid import UUID

import click
from sqlalchemy.orm import Session

from jobs import segments
from jobs.operating import OPERATOR, any_shop_option, inside, list_shops, member_option, shop_option
from loyalty.base.clock import utc_now
from loyalty.queries.segment_members import SegmentMemberRow, list_segment_members
from loyalty.segments import overriding, saving, sizing
from loyalty.segments.tables import Segment
from loyalty.segments.views import get_segment, list_segments, segments_of

_BATCH = 1_000
_FORMULAS = ("=", "+", "-", "@", "\t", "\r")
_segment_option = click.option(
    "--id", "segment_id", type=click.UUID, required=True, help="The segment's id."
)


@click.group()
def segment_commands() -> None:
    """What an operator may need of segments."""


@segment_commands.command("segments")
@shop_option
@click.option("--criteria", "shows_criteria", is_flag=True, help="Their rules, too.")
def show_segments(domain: str, shows_criteria: bool) -> None:
    """List the shop's segments with their sizes."""
    with inside(domain) as (session, shop):
        found = list_segments(session, shop.shop_id)
    for segment in found:
        click.echo(f"{segment.id} {segment.name}: {_state(segment)}")
        if shows_criteria and segment.criteria is not None:
            click.echo(f"  {json.dumps(segment.criteria)}")


@segment_commands.command("save-segment")
@shop_option
@click.option("--id", "segment_id", type=click.UUID, help="Change this one; without it, add one.")
@click.option("--name", required=True)
@click.option("--description", default="")
@click.option("--criteria", help="The rule as JSON; without it members are put in by hand alone.")
@click.option("--write", is_flag=True, help="Save it; without it only says how many would belong.")
def save(
    domain: str,
    segment_id: UUID | None,
    name: str,
    description: str,
    criteria: str | None,
    write: bool,
) -> None:
    """Say how many members a rule means; with --write, keep it as a segment."""
    rule, now = _read(criteria), utc_now()
    with inside(domain) as (session, shop):
        words = {"name": name, "description": description}
        if segment_id is None:
            segment = saving.add_segment(
                session, shop, **words, criteria=rule, actor=OPERATOR, now=now
            )
        else:
            segment = saving.change_segment(
                session, shop, segment_id, **words, criteria=rule, actor=OPERATOR, now=now
            )
        size = 0 if rule is None else sizing.count(session, shop, rule, now=now)
        if not write:
            session.rollback()
    verb = "belong" if write else "would belong"
    click.echo(f"{segment.id if write else 'not saved'}: {size} members {verb} by the rule")


@segment_commands.command("remove-segment")
@shop_option
@_segment_option
def remove(domain: str, segment_id: UUID) -> None:
    """Remove a segment: nobody belongs to it any more."""
    with inside(domain) as (session, shop):
        saving.retire_segment(session, shop.shop_id, segment_id, actor=OPERATOR, now=utc_now())
    click.echo("removed")


@segment_commands.command("refresh-segments")
@any_shop_option
def refresh(domain: str | None) -> None:
    """Look at all members for all segments now."""
    for shop in list_shops(domain):
        with inside(shop.domain) as (session, _):
            saving.ask_for_refresh(session, shop.shop_id)
        click.echo(f"{shop.domain}: {segments.fill_waiting(shop.shop_id)} segments looked at")


@segment_commands.command("segment-members")
@shop_option
@_segment_option
@click.option("--csv", "is_csv", is_flag=True, help="With names and addresses, as a CSV file.")
def show_members(domain: str, segment_id: UUID, is_csv: bool) -> None:
    """List who belongs to a segment, since when, and whether by hand."""
    with inside(domain) as (session, shop):
        get_segment(session, shop.shop_id, segment_id)
        rows = _all(session, shop.shop_id, segment_id)
        if is_csv:
            _write_csv(rows)
            return
        for row in rows:
            click.echo(f"{row.id} since {row.since:%Y-%m-%d %H:%M}Z {_how(row)}")


@segment_commands.command("put-in-segment")
@shop_option
@_segment_option
@member_option
@click.option(
    "--word",
    type=click.Choice(["in", "out", "rule"]),
    default="in",
    show_default=True,
    help="Put in, kept out whatever the rule says, or as the rule says again.",
)
def put_in(domain: str, segment_id: UUID, member_id: UUID, word: str) -> None:
    """Say by hand whether a member belongs to a segment."""
    say = {"in": overriding.put_in, "out": overriding.keep_out, "rule": overriding.clear}[word]
    with inside(domain) as (session, shop):
        was_news = say(session, shop, segment_id, member_id, actor=OPERATOR, now=utc_now())
    click.echo("said" if was_news else "was so already")


@segment_commands.command("member-segments")
@shop_option
@member_option
def show_of_member(domain: str, member_id: UUID) -> None:
    """List a member's segments, and those they were kept out of."""
    with inside(domain) as (session, shop):
        found = segments_of(session, shop.shop_id, member_id)
    for one in found:
        how = f"{one.word} by hand" if one.word else "by the rule"
        click.echo(f"{one.segment_id} {one.name}: {how} since {one.since:%Y-%m-%d}")


def _read(criteria: str | None) -> object:
    try:
        return None if criteria is None else json.loads(criteria)
    except ValueError as error:
        raise click.ClickException(f"criteria: this is no JSON: {error}") from error


def _state(segment: Segment) -> str:
    if segment.error is not None:
        return f"cannot be used: {segment.error}"
    if segment.refreshed_at is None:
        return f"{segment.size} members, and is being filled"
    rule = "" if segment.criteria is not None else ", by hand alone"
    return f"{segment.size} members as of {segment.refreshed_at:%Y-%m-%d %H:%M}Z{rule}"


def _all(session: Session, shop_id: int, segment_id: UUID) -> Iterator[SegmentMemberRow]:
    """Batch by batch, as long as the transaction lasts."""
    after: str | None = None
    while True:
        page = list_segment_members(session, shop_id, segment_id, after=after, limit=_BATCH)
        yield from page.rows
        if page.next is None:
            return
        after = page.next


def _how(row: SegmentMemberRow) -> str:
    return "by hand" if row.word == "in" else "by the rule"


def _write_csv(rows: Iterable[SegmentMemberRow]) -> None:
    sheet = csv.writer(sys.stdout, lineterminator="\r\n")
    sheet.writerow(("Member", "Name", "Email", "Since", "How"))
    for row in rows:
        cells = (str(row.id), row.name, row.email or "", row.since.isoformat(), _how(row))
        sheet.writerow(f"'{cell}" if cell.startswith(_FORMULAS) else cell for cell in cells)
