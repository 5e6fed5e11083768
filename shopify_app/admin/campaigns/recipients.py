"""A campaign's members with the fate of each, page by page and as a file.

The file holds names and addresses: each download is audited.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from flask import Response, g, render_template, request

from loyalty import audit
from loyalty.base.clock import utc_now
from loyalty.base.db import shop_transaction
from loyalty.base.money import Money
from loyalty.campaigns import saving, views
from loyalty.campaigns.views import Recipient
from loyalty.campaigns.words import REFUSED, in_words, is_providers
from shopify_app.admin.campaigns.words import CHANNELS, FATES, fate_badge
from shopify_app.admin.csv_files import csv_file, refuse_links
from shopify_app.admin.languages import _, say
from shopify_app.admin.pages import blueprint, enter, parse_id
from shopify_app.platform.admin_auth import admin_page

_BATCH = 50
_FILE_BATCH = 1_000
_HEADER = (
    *("Number", "Name", "Email", "Fate"),
    *("By email", "Why not by email", "By wallet push", "Why not by push"),
    *("Code", "Opened", "Clicked", "Ordered", "Orders"),
)


@dataclass(frozen=True, slots=True)
class Fate:
    """What became of a message, by one channel; `words`: why."""

    channel: str
    label: str
    tone: str
    words: str


@dataclass(frozen=True, slots=True)
class Listed:
    """A member of the campaign. `then`: what they did after it, and when."""

    member_id: UUID
    name: str
    code: str | None
    fates: list[Fate]
    then: list[tuple[str, datetime]]


@dataclass(frozen=True, slots=True)
class ListedPage:
    """A batch of members, and where the next one begins."""

    rows: list[Listed]
    next: str | None


@blueprint.get("/app/campaigns/<campaign_id>/recipients")
@admin_page
def campaign_recipients(campaign_id: str) -> str:
    """The members, of one `fate` where the address names it; with `after` the next rows alone."""
    wanted, after = parse_id(campaign_id), request.args.get("after")
    fate = request.args.get("fate", "")
    fate = fate if fate in FATES else ""
    with shop_transaction(g.shop_id) as session:
        enter(session)
        campaign = saving.get_campaign(session, g.shop_id, wanted)
        counts = views.progress(session, g.shop_id, wanted)
        found = views.list_recipients(
            session, g.shop_id, wanted, fate=fate or None, after=after, limit=_BATCH
        )
    total = sum(counts.values())
    fates = [(code, label, counts.get(code, 0)) for code, label in FATES.items()]
    return render_template(
        "admin/campaigns/_recipient_rows.html" if after else "admin/campaigns/recipients.html",
        campaign=campaign,
        fate=fate,
        fates=[("", _("All"), total), *(one for one in fates if one[2])],
        page=ListedPage([_listed(row) for row in found.rows], found.next),
    )


@blueprint.get("/app/campaigns/<campaign_id>/recipients.csv")
@admin_page
def campaign_recipients_file(campaign_id: str) -> Response:
    """All of them as a CSV file, in the order in which they were looked for."""
    wanted = parse_id(campaign_id)
    refuse_links()
    with shop_transaction(g.shop_id) as session:
        shop = enter(session)
        saving.get_campaign(session, g.shop_id, wanted)
        subject = ("campaign", str(wanted))
        audit.record(
            session, g.shop_id, g.actor, "campaign_recipients_downloaded", subject, now=utc_now()
        )
    rows = _rows(shop.shop_id, wanted, ZoneInfo(shop.timezone), shop.currency)
    return csv_file(f"campaign-{wanted}.csv", _HEADER, rows)


def _rows(
    shop_id: int, campaign_id: UUID, zone: ZoneInfo, currency: str
) -> Iterator[Sequence[str | int | None]]:
    """Batch by batch, each in a short transaction: a reader may be slow."""
    after: str | None = None
    while True:
        with shop_transaction(shop_id) as session:
            page = views.list_recipients(
                session, shop_id, campaign_id, fate=None, after=after, limit=_FILE_BATCH
            )
        yield from (_row(one, zone, currency) for one in page.rows)
        if page.next is None:
            return
        after = page.next


def _row(one: Recipient, zone: ZoneInfo, currency: str) -> Sequence[str | int | None]:
    spent = f"{Money(one.order_minor, currency).decimal():f}" if one.ordered_at else None
    return (
        *(one.number, one.name, one.email, FATES[one.fate]),
        *(_label(one.email_fate), in_words(one.email_reason)),
        *(_label(one.push_fate), in_words(one.push_reason)),
        one.code,
        *(_on_clock(at, zone) for at in (one.opened_at, one.clicked_at, one.ordered_at)),
        spent,
    )


def _listed(one: Recipient) -> Listed:
    told = (("email", one.email_fate, one.email_reason), ("push", one.push_fate, one.push_reason))
    fates = [Fate(CHANNELS[by], *fate_badge(fate), _why(by, why)) for by, fate, why in told if fate]
    if one.fate == "held_out":
        fates = [Fate(_("by chance"), *fate_badge("held_out"), "")]
    moments = (
        (_("Opened"), one.opened_at),
        (_("Clicked"), one.clicked_at),
        (_("Ordered"), one.ordered_at),
    )
    then = [(words, at) for words, at in moments if at is not None]
    return Listed(one.member_id, one.name or one.email or _("No name"), one.code, fates, then)


def _why(channel: str, reason: str | None) -> str:
    """Our words; what a provider answered stands behind them."""
    words = say(in_words(reason))
    return f"{say(REFUSED[channel])} ({words})" if is_providers(reason) else words


def _label(fate: str | None) -> str:
    return FATES[fate] if fate else ""


def _on_clock(at: datetime | None, zone: ZoneInfo) -> str:
    return f"{at.astimezone(zone):%Y-%m-%d %H:%M:%S}" if at else ""
