"""When shops are looked through, and what all the looks have come to, as metrics.

The clock only asks: the looking is work of the back-fill's queue, leased and tried again.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

import structlog
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from sqlalchemy import text
from sqlalchemy.orm import Session

from jobs import overview
from loyalty.base import db
from loyalty.base.clock import utc_now
from shopify_app.platform import backfill_runs as runs

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class State:
    """`measure` open: findings of a kind that stand unmended; report: a subject's newest looks.

    `amount`: how many are open, or how many the newest looks of all shops found.
    """

    measure: str
    name: str
    amount: int
    oldest_at: datetime


def ask_for_sweeps() -> None:
    """Have every installed shop swept for what no webhook brought."""
    _ask_all(lambda session, shop_id, now: runs.ask_for_sweep(session, shop_id, now=now))


def ask_for_looks() -> None:
    """Have every installed shop's codes and what it shows looked at."""
    _ask_all(ask_for_look)


def ask_for_look(session: Session, shop_id: int, now: datetime) -> None:
    """Have one shop's codes and what it shows looked at."""
    runs.ask_for_codes(session, shop_id, now=now)
    runs.ask_for_shown(session, shop_id, now=now)


def list_states(session: Session) -> Sequence[State]:
    """What stands unmended and what the newest looks found, over all shops; needs no shop."""
    rows = session.execute(
        text("SELECT measure, name, amount, oldest_at FROM reconciliation_state()")
    )
    return [State(row.measure, row.name, row.amount, row.oldest_at) for row in rows]


def families(states: Sequence[State], now: datetime) -> Sequence[Metric]:
    """The states as gauges."""
    unmended = GaugeMetricFamily(
        "encore_findings_open", "What was found and is not mended", labels=["kind"]
    )
    newest = GaugeMetricFamily(
        "encore_reconciliation_found", "What the newest looks found", labels=["subject"]
    )
    age = GaugeMetricFamily(
        "encore_reconciliation_oldest_seconds",
        "Since the shop that waits longest was looked through",
        labels=["subject"],
    )
    for state in states:
        if state.measure == "open":
            unmended.add_metric([state.name], state.amount)
        else:
            newest.add_metric([state.name], state.amount)
            age.add_metric([state.name], max(0, int((now - state.oldest_at).total_seconds())))
    return [unmended, newest, age]


def _ask_all(ask: Callable[[Session, int, datetime], None]) -> None:
    with db.shopless_transaction() as session:
        shops = overview.list_shops(session)
    for shop in shops:
        if shop.status != "installed":
            continue
        try:
            with db.shop_transaction(shop.shop_id) as session:
                ask(session, shop.shop_id, utc_now())
        except Exception:
            log.exception("reconciliation_not_asked", shop=shop.shop_id)
