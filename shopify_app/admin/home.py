"""Home: the programme at a glance, what needs a person, and the import of the shop's history."""

from dataclasses import dataclass

from flask import g, render_template
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from loyalty.base.clock import utc_now
from loyalty.base.db import shop_transaction
from loyalty.queries.glance import read_glance
from shopify_app.admin import wording
from shopify_app.admin.formatting import ShopFormat
from shopify_app.admin.languages import _
from shopify_app.admin.notices import read_notices
from shopify_app.admin.pages import blueprint, enter
from shopify_app.platform.admin_auth import admin_page
from shopify_app.platform.backfill.progress import SubjectProgress, progress
from shopify_app.platform.tables import InboxRow

_PARKED_REASONS_MAX = 5


@dataclass(frozen=True, slots=True)
class Parked:
    """How many webhooks of a topic wait for a person, for one reason in words."""

    topic: str
    reason: str
    count: int


@dataclass(frozen=True, slots=True)
class ImportRow:
    """One subject of the import in words. `value` of `total`; None while the size is unknown."""

    subject: str
    title: str
    state: str
    progress: str
    value: int | None
    total: int
    error: str


@blueprint.get("/app")
@admin_page
def home() -> str:
    """The page; while an import runs its moving part asks for itself again."""
    with shop_transaction(g.shop_id) as session:
        shop = enter(session)
        notices = read_notices(session, shop, now=utc_now())
        glance = read_glance(session, g.shop_id)
        parked = _list_parked(session)
        history = progress(session, g.shop_id)
    return render_template(
        "admin/home.html",
        notices=notices,
        glance=glance,
        parked=parked[:_PARKED_REASONS_MAX],
        parked_count=sum(row.count for row in parked),
        history=history,
        imports=[_describe(subject, g.shop_format) for subject in history.subjects],
    )


def _list_parked(session: Session) -> list[Parked]:
    """The most frequent reason first."""
    rows = session.execute(
        select(InboxRow.topic, InboxRow.error, func.count())
        .where(InboxRow.shop_id == g.shop_id, InboxRow.state == "parked")
        .group_by(InboxRow.topic, InboxRow.error)
        .order_by(func.count().desc(), InboxRow.topic)
    )
    return [Parked(topic, wording.explain_parked(error), count) for topic, error, count in rows]


def _describe(found: SubjectProgress, words: ShopFormat) -> ImportRow:
    value, total = _bar(found)
    return ImportRow(
        subject=found.subject,
        title=_(wording.SUBJECTS[found.subject]),
        state=found.state,
        progress=_progress(found, words),
        value=value,
        total=total,
        error=wording.explain_import(found.error),
    )


def _bar(found: SubjectProgress) -> tuple[int | None, int]:
    """How full the bar is, and of how many; no filling while Shopify has not counted."""
    if found.state in ("done", "failed"):
        return 1, 1
    if found.objects_total:
        return min(found.objects_read, found.objects_total), found.objects_total
    return (0 if found.state == "waiting" else None), 1


def _progress(found: SubjectProgress, words: ShopFormat) -> str:
    read = words.number(found.objects_read)
    if found.state == "done":
        return _("%(count)s imported", count=read) if found.objects_read else _("Done")
    if found.state == "failed":
        return _("Stopped after %(count)s", count=read)
    if found.objects_total:
        return _("%(count)s of %(total)s", count=read, total=words.number(found.objects_total))
    if found.objects_read:
        return _("%(count)s imported so far", count=read)
    return _("Waiting") if found.state == "waiting" else _("Shopify is preparing the data")
