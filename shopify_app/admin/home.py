"""Home: the programme at a glance, what needs a person, and the import of the shop's history."""

from dataclasses import dataclass

from flask import g, render_template
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from loyalty.base.db import shop_transaction
from loyalty.queries.glance import read_glance
from shopify_app.admin.pages import blueprint, enter
from shopify_app.admin.formatting import ShopFormat
from shopify_app.admin.wording import explain
from shopify_app.platform.admin_auth import admin_page
from shopify_app.platform.tables import BackfillRun, InboxRow, Installation

_SUBJECTS = {
    "shop": "Shop details",
    "locations": "Locations",
    "customers": "Customers",
    "orders": "Orders",
}
_PARKED_REASONS_MAX = 5


@dataclass(frozen=True, slots=True)
class Parked:
    """How many webhooks of a topic wait for a person, for one reason."""

    topic: str
    reason: str
    count: int


@dataclass(frozen=True, slots=True)
class ImportRow:
    """One subject of the import in words. `value` is None while its size is unknown."""

    subject: str
    title: str
    state: str
    progress: str
    value: int | None
    total: int
    error: str


@dataclass(frozen=True, slots=True)
class Imports:
    """The newest import. `is_limited`: Shopify gives it the last 60 days of orders only."""

    rows: list[ImportRow]
    is_running: bool
    is_limited: bool


@blueprint.get("/app")
@admin_page
def home() -> str:
    """The page; while an import runs its moving part asks for itself again."""
    with shop_transaction(g.shop_id) as session:
        shop = enter(session)
        glance = read_glance(session, g.shop_id)
        parked = _list_parked(session)
        imports = _read_imports(session, g.shop_format)
    count = sum(row.count for row in parked)
    return render_template(
        "admin/home.html",
        programme=glance.programme_name,
        glance=glance,
        parked=parked,
        parked_title=f"{g.shop_format.number(count)} webhooks could not be read",
        imports=imports,
        needs_reauth=shop.status == "needs_reauth",
    )


def _list_parked(session: Session) -> list[Parked]:
    rows = session.execute(
        select(InboxRow.topic, InboxRow.error, func.count())
        .where(InboxRow.shop_id == g.shop_id, InboxRow.state == "parked")
        .group_by(InboxRow.topic, InboxRow.error)
        .order_by(func.count().desc(), InboxRow.topic)
        .limit(_PARKED_REASONS_MAX)
    )
    return [Parked(topic, error or "no reason was recorded", count) for topic, error, count in rows]


def _read_imports(session: Session, words: ShopFormat) -> Imports:
    newest = select(func.max(BackfillRun.generation)).where(BackfillRun.shop_id == g.shop_id)
    runs = session.scalars(
        select(BackfillRun).where(
            BackfillRun.shop_id == g.shop_id,
            BackfillRun.generation == newest.scalar_subquery(),
            BackfillRun.subject.in_(_SUBJECTS),
        )
    ).all()
    scopes = session.scalar(select(Installation.scopes).where(Installation.shop_id == g.shop_id))
    order = list(_SUBJECTS)
    return Imports(
        rows=[_row(run, words) for run in sorted(runs, key=lambda run: order.index(run.subject))],
        is_running=any(run.state in ("waiting", "asked", "reading") for run in runs),
        is_limited="read_all_orders" not in (scopes or "").split(","),
    )


def _row(run: BackfillRun, words: ShopFormat) -> ImportRow:
    read, total = run.objects_read, run.objects_total
    if run.state == "done":
        value, bar, progress = 1, 1, f"{words.number(read)} imported"
    elif run.state == "failed":
        value, bar, progress = 1, 1, f"Stopped after {words.number(read)}"
    elif total:
        value, bar = min(read, total), total
        progress = f"{words.number(read)} of {words.number(total)}"
    else:
        waiting = "Waiting" if run.state == "waiting" else "Shopify is preparing the data"
        value, bar = (0, 1) if run.state == "waiting" else (None, 1)
        progress = f"{words.number(read)} imported so far" if read else waiting
    return ImportRow(
        subject=run.subject,
        title=_SUBJECTS[run.subject],
        state=run.state,
        progress=progress,
        value=value,
        total=bar,
        error=explain(run.error) if run.error else "",
    )
