"""Settings → Privacy & Compliance → Data Requests: what was asked, by when, and what came of it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from flask import g, render_template, request
from sqlalchemy.orm import Session

from loyalty.base.clock import utc_now
from loyalty.base.db import shop_transaction
from loyalty.queries.audit_trail import list_deeds, names_of
from loyalty.queries.entry_context import read_actor_contexts
from shopify_app.admin import wording
from shopify_app.admin.languages import N_, _, say
from shopify_app.admin.pages import blueprint, enter
from shopify_app.admin.settings import audit_words
from shopify_app.platform import own_erasures, privacy
from shopify_app.platform.admin_auth import admin_page
from shopify_app.platform.privacy import RequestRow


@dataclass(frozen=True, slots=True)
class Shown:
    """A request in words; `tone` is the badge's, `deeds` says who did what about it."""

    row: RequestRow
    title: str
    state: str
    tone: str
    note: str
    is_urgent: bool
    member: str | None = None
    deeds: tuple[str, ...] = ()


@blueprint.get("/app/settings")
@admin_page
def settings() -> str:
    """Where the settings are; so far those of privacy."""
    with shop_transaction(g.shop_id) as session:
        enter(session)
        urgent = privacy.count_urgent(session, g.shop_id, now=utc_now())
    return render_template("admin/settings/settings.html", urgent=urgent)


@blueprint.get("/app/settings/privacy")
@admin_page
def data_requests() -> str:
    """The page; with `after` the next batch of rows alone."""
    after, now = request.args.get("after"), utc_now()
    with shop_transaction(g.shop_id) as session:
        enter(session)
        page = privacy.list_requests(session, g.shop_id, after=after)
        urgent = privacy.count_urgent(session, g.shop_id, now=now)
        shown = describe(session, page.rows, now)
    template = (
        "admin/settings/_data_request_rows.html" if after else "admin/settings/data_requests.html"
    )
    return render_template(template, requests=shown, next=page.next, urgent=urgent)


def describe(session: Session, rows: Sequence[RequestRow], now: datetime) -> list[Shown]:
    """The requests in words, with whom they are of and who did what."""
    members = {row.member_id for row in rows if row.member_id is not None}
    names, deeds = names_of(session, g.shop_id, members), _deeds(session, rows)
    return [
        replace(
            _say(row, now),
            member=names.get(row.member_id) if row.member_id else None,
            deeds=tuple(deeds.get(row.id, ())),
        )
        for row in rows
    ]


def _deeds(session: Session, requests: Sequence[RequestRow]) -> dict[UUID, list[str]]:
    """Who did what about each request, in the order it was done."""
    if not requests:
        return {}
    since, ids = min(one.received_at for one in requests), [one.id for one in requests]
    rows = list_deeds(session, g.shop_id, "privacy_request", ids, since=since)
    actors = {row.id: f"{row.actor_kind}:{row.actor_id}" for row in rows}
    people = read_actor_contexts(session, g.shop_id, actors, {})
    found: dict[UUID, list[str]] = {}
    for row in rows:
        who = audit_words.actor(row.actor_kind, row.actor_id, people[row.id].staff)
        text = _(
            "%(what)s: %(who)s, %(when)s",
            what=audit_words.title(row.action),
            who=who,
            when=g.shop_format.moment(row.at),
        )
        found.setdefault(UUID(row.subject_id), []).append(text)
    return found


def _say(row: RequestRow, now: datetime) -> Shown:
    title = wording.DATA_REQUESTS[row.subject]
    state, tone, note = wording.DATA_REQUEST_STATES[row.state]
    if row.subject == "customers/data_request" and row.state == "done":
        state = N_("Ready") if row.has_document else N_("Done")
        note = "" if row.has_document else N_("The file was deleted.")
    if row.subject == own_erasures.SUBJECT and row.state == "open":
        note = wording.ERASURE_NOTICE
    if row.is_stuck:
        state, tone, note = wording.DATA_REQUEST_STUCK
    is_urgent = row.state == "open" and row.due_at < now + privacy.NEAR
    return Shown(row, _(title), _(state), tone, say(note), is_urgent)
