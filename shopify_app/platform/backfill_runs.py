"""Rows of the back-fill: what is to be read, in which order. The database only; no network.

Generation 0 holds re-reads of single things; each install has a generation of its own.
"""

from datetime import UTC, datetime, timedelta
from uuid import UUID

from sqlalchemy import func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from loyalty.base.db import ring_after_commit
from loyalty.base.ids import new_id
from loyalty.earning.waiting import list_lacking_products
from shopify_app.platform.tables import BackfillRun

SUBJECTS = ("shop", "locations", "collections", "products", "customers", "orders")
"""Products and customers before orders: what an order names is then already known in full."""
REREADS = 0
_LACKING_MAX = 50
_GATHERING = timedelta(seconds=5)
_OPEN = ("waiting", "asked", "reading")
# Not due until the subject before it is through.
_NOT_YET = datetime(9999, 1, 1, tzinfo=UTC)


def start(session: Session, shop_id: int, *, now: datetime) -> int:
    """Ask for the shop's whole history in a new generation, returned; the caller commits."""
    cancel(session, shop_id, reason="superseded", now=now)
    newest = session.scalar(
        select(func.max(BackfillRun.generation)).where(BackfillRun.shop_id == shop_id)
    )
    generation = (newest or 0) + 1
    for subject in SUBJECTS:
        due_at = now if subject == SUBJECTS[0] else _NOT_YET
        session.add(_fresh(shop_id, generation, subject, due_at))
    session.flush()
    ring_after_commit(session, "backfill", shop_id)
    return generation


def cancel(session: Session, shop_id: int, *, reason: str, now: datetime) -> None:
    """End whatever the shop's open runs were doing."""
    session.execute(
        update(BackfillRun)
        .where(BackfillRun.shop_id == shop_id, BackfillRun.state.in_(_OPEN))
        .values(state="failed", error=reason, finished_at=now)
    )


def ask_for_order(session: Session, shop_id: int, order_id: int, *, now: datetime) -> None:
    """Have one order read again by GraphQL; asking twice before it is read is asking once."""
    _ask(session, shop_id, f"order:{order_id}", now)


def ask_for_location(session: Session, shop_id: int, location_id: int, *, now: datetime) -> None:
    """Have one location read by GraphQL; asking twice before it is read is asking once."""
    _ask(session, shop_id, f"location:{location_id}", now)


def ask_for_product(session: Session, shop_id: int, product_id: int, *, now: datetime) -> None:
    """Have one product read with its collections; asking twice before it is read is asking once."""
    _ask(session, shop_id, f"product:{product_id}", now)


def ask_for_collection(
    session: Session, shop_id: int, collection_id: int, *, now: datetime
) -> None:
    """Have one collection read with its products; asking twice before it is read is asking once."""
    _ask(session, shop_id, f"collection:{collection_id}", now)


def ask_for_lacking_products(session: Session, shop_id: int, *, now: datetime) -> None:
    """Have products read that orders wait for, unless that is under way."""
    for product_id in list_lacking_products(session, shop_id, limit=_LACKING_MAX):
        _ask(session, shop_id, f"product:{product_id}", now, again=False)


def ask_for_merge(
    session: Session, shop_id: int, gone_id: int, kept_id: int, *, now: datetime
) -> None:
    """Have two customers whom Shopify merged read by GraphQL, then their members merged."""
    _ask(session, shop_id, f"merge:{gone_id}:{kept_id}", now)


def ask_for_join(session: Session, shop_id: int, request_id: UUID, *, now: datetime) -> None:
    """Have Shopify asked for somebody who wants to join, and make them a member."""
    _ask(session, shop_id, f"join:{request_id}", now)


def ask_for_coupon(
    session: Session, shop_id: int, coupon_id: UUID, *, now: datetime, again: bool = True
) -> None:
    """Have a coupon's discount and codes made; with `again` also what is being made already."""
    _ask(session, shop_id, f"coupon:{coupon_id}", now, again=again)


def ask_for_customer(session: Session, shop_id: int, customer_id: int, *, now: datetime) -> None:
    """Have one customer read by GraphQL whom Shopify seems to have no more."""
    _ask(session, shop_id, f"customer:{customer_id}", now)


def ask_for_sweep(session: Session, shop_id: int, *, now: datetime) -> None:
    """Have what changed in Shopify since the last sweep held against what we know."""
    _ask(session, shop_id, "sweep", now)


def ask_for_codes(session: Session, shop_id: int, *, now: datetime) -> None:
    """Have the discounts of codes that can still be used looked for."""
    _ask(session, shop_id, "codes", now)


def ask_for_shown(session: Session, shop_id: int, *, now: datetime) -> None:
    """Have what Shopify shows of all members held against what it should, if nobody does."""
    _ask(session, shop_id, "shown", now, again=False)


def ask_for_projection(session: Session, shop_id: int, *, now: datetime) -> None:
    """Have what is due to be shown sent in one operation, when more of it has come together."""
    _ask(session, shop_id, "projection", now + _GATHERING, again=False)


def ask_for_coupon_states(session: Session, shop_id: int, *, now: datetime) -> None:
    """Have the discounts of the shop's coupons looked at, unless that is under way."""
    _ask(session, shop_id, "coupons", now, again=False)


def resume(session: Session, shop_id: int, *, now: datetime) -> None:
    """Make due what waited for a token, now that there is one again."""
    session.execute(
        update(BackfillRun)
        .where(
            BackfillRun.shop_id == shop_id,
            BackfillRun.state.in_(_OPEN),
            BackfillRun.next_at < _NOT_YET,
        )
        .values(next_at=now)
    )


def wake(session: Session, shop_id: int, bulk_operation_id: str, *, now: datetime) -> bool:
    """Make the run of a finished bulk operation due at once; False when it is none of ours."""
    found = session.execute(
        update(BackfillRun)
        .where(
            BackfillRun.shop_id == shop_id,
            BackfillRun.bulk_operation_id == bulk_operation_id,
            BackfillRun.state == "asked",
        )
        .values(next_at=now)
        .returning(BackfillRun.id)
    ).first()
    if found is not None:
        ring_after_commit(session, "backfill", shop_id)
    return found is not None


def finish(session: Session, run: BackfillRun, *, now: datetime, error: str | None = None) -> None:
    """End `run` and make the next subject due, even when this one failed with `error`."""
    run.state = "failed" if error else "done"
    run.finished_at, run.error = now, error or _lasting(run.error)
    session.flush()
    if run.generation == REREADS:
        return  # None of them waits for another.
    following = session.scalars(
        select(BackfillRun)
        .where(
            BackfillRun.shop_id == run.shop_id,
            BackfillRun.generation == run.generation,
            BackfillRun.state == "waiting",
        )
        .with_for_update()
    ).all()
    if following:
        min(following, key=lambda other: SUBJECTS.index(other.subject)).next_at = now
    ring_after_commit(session, "backfill", run.shop_id)


def _ask(
    session: Session, shop_id: int, subject: str, now: datetime, *, again: bool = True
) -> None:
    """With `again` what is being read already is read once more."""
    row = insert(BackfillRun).values(
        shop_id=shop_id,
        id=new_id(),
        generation=REREADS,
        subject=subject,
        state="waiting",
        objects_read=0,
        attempts=0,
        next_at=now,
    )
    news = row.on_conflict_do_update(
        index_elements=["shop_id", "generation", "subject"],
        set_={
            "state": "waiting",
            "next_at": now,
            "attempts": 0,
            "error": None,
            "objects_read": 0,
            "bulk_operation_id": None,
            "started_at": None,
        },
        where=None if again else BackfillRun.state.not_in(_OPEN),
    )
    if session.scalar(news.returning(BackfillRun.id)) is None:
        return
    ring_after_commit(session, "backfill", shop_id)


def _lasting(error: str | None) -> str | None:
    """What of a run's error outlives its end: what was left out does, a hiccup does not."""
    return error if error and "left out" in error else None


def _fresh(shop_id: int, generation: int, subject: str, due_at: datetime) -> BackfillRun:
    return BackfillRun(
        shop_id=shop_id,
        id=new_id(),
        generation=generation,
        subject=subject,
        state="waiting",
        objects_read=0,
        attempts=0,
        next_at=due_at,
    )
