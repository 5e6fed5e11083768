"""What waits in the database, as Prometheus gauges read at each scrape."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime

from prometheus_client.core import GaugeMetricFamily
from prometheus_client.metrics_core import Metric

from jobs import overview, reconciliation
from jobs.overview import Backlog
from jobs.privacy.requests import Waiting, list_waiting
from loyalty.base import db
from loyalty.base.clock import utc_now


def read_gauges() -> Sequence[Metric]:
    """What waits and how long, for each hand-over; privacy requests; what looks have found."""
    with db.shopless_transaction() as session:
        backlogs = overview.list_backlogs(session)
        requests = list_waiting(session)
        states = reconciliation.list_states(session)
    now = utc_now()
    looks = reconciliation.families(states, now)
    return [*_families(backlogs, now), *_privacy(requests, now), *looks]


def _families(backlogs: Sequence[Backlog], now: datetime) -> Sequence[Metric]:
    inbox = GaugeMetricFamily("encore_inbox_rows", "Webhooks not done", labels=["state"])
    inbox_age = GaugeMetricFamily(
        "encore_inbox_oldest_seconds", "Age of the oldest webhook not done", labels=["state"]
    )
    deliveries = GaugeMetricFamily(
        "encore_deliveries", "Deliveries not done", labels=["subscriber", "state"]
    )
    overdue = GaugeMetricFamily(
        "encore_deliveries_overdue_seconds",
        "How late the latest delivery is",
        labels=["subscriber"],
    )
    outbox_rows, outbox_lag = 0, 0
    for backlog in backlogs:
        age_s = max(0, int((now - backlog.oldest_at).total_seconds()))
        if backlog.handover == "inbox":
            inbox.add_metric([backlog.state], backlog.rows)
            inbox_age.add_metric([backlog.state], age_s)
        elif backlog.handover == "outbox":
            outbox_rows, outbox_lag = backlog.rows, age_s
        else:
            deliveries.add_metric([backlog.handover, backlog.state], backlog.rows)
            if backlog.state == "pending":
                overdue.add_metric([backlog.handover], age_s)
    return [
        inbox,
        inbox_age,
        GaugeMetricFamily("encore_outbox_rows", "Events not relayed", value=outbox_rows),
        GaugeMetricFamily("encore_outbox_lag_seconds", "Age of the oldest event", value=outbox_lag),
        deliveries,
        overdue,
    ]


def _privacy(requests: Sequence[Waiting], now: datetime) -> Sequence[Metric]:
    """An alarm belongs on the time left: of 30 days, an honest run needs minutes."""
    waiting = GaugeMetricFamily(
        "encore_privacy_requests", "Privacy requests not met", labels=["subject", "state"]
    )
    counts = Counter((one.subject, "stuck" if one.is_stuck else "waiting") for one in requests)
    for labels, count in sorted(counts.items()):
        waiting.add_metric(labels, count)
    left = GaugeMetricFamily(
        "encore_privacy_seconds_left", "Until the soonest privacy request is due"
    )
    if requests:
        left.add_metric([], int((requests[0].due_at - now).total_seconds()))
    return [waiting, left]
