"""The whole schedule in one table. Each task is safe to run twice, and to miss once."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta

import structlog

from jobs import (
    actions,
    coupons,
    earning,
    expiry,
    insights,
    member_messages,
    overview,
    purge,
    queues,
    reconciliation,
    referrals,
    segments,
    standings,
    strays,
)
from jobs.privacy import requests
from loyalty.base import db
from loyalty.base.clock import utc_now
from loyalty.reconciliation import balances
from loyalty.shops import directory
from shopify_app.platform import installations
from shopify_app.platform.backfill import merges

log = structlog.get_logger()


@dataclass(frozen=True)
class Task:
    """`run()` each `every`, in step with UTC midnight plus `at`."""

    name: str
    run: Callable[[], object]
    every: timedelta
    at: time = time(0)

    def turn(self, now: datetime) -> datetime:
        """When the turn began that `now` falls in: what makes one turn run once."""
        midnight = datetime.combine(now.astimezone(UTC).date(), self.at, UTC)
        return midnight + (now - midnight) // self.every * self.every


def sweep() -> None:
    """Ring for every shop with due work: what makes every lost bell harmless."""
    with db.shopless_transaction() as session:
        work = directory.shops_with_work(session, utc_now())
    for bell, shop_id in work:
        queues.ring(bell, shop_id)


def selfcheck() -> int:
    """Rebuild every shop's figures from its books; returns, keeps and logs the differences."""
    return sum(_check_shop(shop.shop_id) for shop in _list_shops())


def _check_shop(shop_id: int) -> int:
    with db.shop_transaction(shop_id) as session:
        differences = balances.prove(session, shop_id, now=utc_now())
    for found in differences:
        log.error(
            "selfcheck_difference",
            shop=shop_id,
            member=str(found.member_id),
            figure=found.figure,
            cached=found.cached,
            rebuilt=found.rebuilt,
        )
    log.info("selfcheck_done", shop=shop_id, differences=len(differences))
    return len(differences)


def refresh_tokens() -> None:
    """Ask for every shop's token once, so that no refresh token dies of old age."""
    for shop in _list_shops():
        if shop.status != "installed":
            continue
        try:
            installations.access_token(shop.shop_id)
        except Exception:
            log.exception("token_refresh_failed", shop=shop.shop_id)


def purge_bodies() -> None:
    """Forget webhooks and events that were dealt with a month ago, of shops that left too."""
    for shop in _list_shops():
        try:
            purge.purge(shop.shop_id, now=utc_now())
        except Exception:
            log.exception("purge_failed", shop=shop.shop_id)
    purge.purge_strays(now=utc_now())


def ask_for_merges() -> None:
    """Have Shopify's merges that nothing works on any more looked at again."""
    for shop in _list_shops():
        if shop.status == "installed":
            merges.ask_waiting(shop.shop_id, now=utc_now())


def _list_shops() -> Sequence[overview.ListedShop]:
    with db.shopless_transaction() as session:
        return overview.list_shops(session)


SCHEDULE = (
    Task("sweep", sweep, every=timedelta(seconds=15)),
    Task("waiting_orders", earning.run_all, every=timedelta(minutes=15), at=time(0, 5)),
    Task("actions", actions.run_all, every=timedelta(minutes=15)),
    Task("expiry", expiry.run_all, every=timedelta(minutes=15)),
    Task("standings", standings.run_all, every=timedelta(minutes=15)),
    Task("insights", insights.run_all, every=timedelta(minutes=15), at=time(0, 10)),
    Task("segments", segments.run_all, every=timedelta(minutes=15), at=time(0, 5)),
    Task("referrals", referrals.run_all, every=timedelta(minutes=15), at=time(0, 10)),
    Task("coupons", coupons.run_all, every=timedelta(minutes=15), at=time(0, 10)),
    Task("coupon_discounts", coupons.ask_for_looks, every=timedelta(hours=1), at=time(0, 50)),
    Task("member_messages", member_messages.run_all, every=timedelta(minutes=5)),
    Task("waiting_merges", ask_for_merges, every=timedelta(hours=1), at=time(0, 20)),
    Task("reconcile", reconciliation.ask_for_sweeps, every=timedelta(hours=1), at=time(0, 40)),
    Task("look_through", reconciliation.ask_for_looks, every=timedelta(days=1), at=time(2, 40)),
    Task("privacy_requests", requests.run_all, every=timedelta(minutes=5)),
    Task("stray_orders", strays.run_all, every=timedelta(days=1), at=time(1, 40)),
    Task("refresh_tokens", refresh_tokens, every=timedelta(days=1), at=time(2, 10)),
    Task("selfcheck", selfcheck, every=timedelta(days=1), at=time(3, 10)),
    Task("purge_bodies", purge_bodies, every=timedelta(days=1), at=time(4, 10)),
)
