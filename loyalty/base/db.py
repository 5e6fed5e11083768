"""The database: one declarative base, one way to open a transaction, always inside one shop."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy import UUID as SqlUuid
from sqlalchemy import (
    BigInteger,
    DateTime,
    Engine,
    LargeBinary,
    MetaData,
    Text,
    create_engine,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase, Session

from loyalty.base import bell, faults

NAMING = {
    "ix": "ix_%(table_name)s__%(column_0_N_name)s",
    "uq": "uq_%(table_name)s__%(column_0_N_name)s",
    "ck": "ck_%(table_name)s__%(constraint_name)s",
    "fk": "fk_%(table_name)s__%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}


class Base(DeclarativeBase):
    """Parent of every table. shop_id leads each tenant table's primary key."""

    metadata = MetaData(naming_convention=NAMING)
    type_annotation_map: ClassVar[dict[Any, Any]] = {
        int: BigInteger,
        str: Text,
        bytes: LargeBinary,
        UUID: SqlUuid(as_uuid=True),
        datetime: DateTime(timezone=True),
        dict[str, Any]: JSONB,
        list[str]: JSONB,
    }


_engine: Engine | None = None


def configure(url: str, **engine_options: Any) -> Engine:
    """Open the pool of this process on `url`; called once by the composition root or a test."""
    global _engine
    options = {"pool_pre_ping": True, "pool_size": 10, "max_overflow": 10} | engine_options
    _engine = create_engine(psycopg_url(url), **options)
    return _engine


def engine() -> Engine:
    """The pool of this process."""
    assert _engine is not None, "loyalty.base.db.configure() was not called"
    return _engine


def psycopg_url(url: str) -> str:
    """`url` with SQLAlchemy's name for the psycopg 3 driver."""
    scheme, rest = url.split("://", 1)
    return f"postgresql+psycopg://{rest}" if scheme in ("postgres", "postgresql") else url


@contextmanager
def shop_transaction(shop_id: int) -> Iterator[Session]:
    """A session inside one shop: commits at the end, then rings the bells asked for.

    Row-level security shows this shop's rows and no others; an error rolls back.
    """
    with Session(engine(), expire_on_commit=False) as session:
        with session.begin():
            enter_shop(session, shop_id)
            yield session
        for queue, shop in session.info.pop("bells", {}):
            faults.point("committed_before_bell", queue=queue, shop=shop)
            bell.ring(queue, shop)


@contextmanager
def shop_trial(shop_id: int) -> Iterator[Session]:
    """A session inside one shop of which nothing stays: rolled back at the end, no bell is rung."""
    with Session(engine(), expire_on_commit=False) as session:
        enter_shop(session, shop_id)
        yield session


def enter_shop(session: Session, shop_id: int) -> None:
    """Bind the open transaction to `shop_id` for row-level security."""
    # A literal, never set_config(): Citus carries only literals to its workers.
    session.execute(text(f"SET LOCAL encore.shop = '{int(shop_id)}'"))


@contextmanager
def shopless_transaction() -> Iterator[Session]:
    """A session that names no shop: tenant tables look empty, directory functions work."""
    with Session(engine(), expire_on_commit=False) as session, session.begin():
        yield session


def ring_after_commit(session: Session, queue: bell.Queue, shop_id: int) -> None:
    """Ring `queue` for `shop_id` once this session's transaction has committed."""
    session.info.setdefault("bells", {})[(queue, shop_id)] = True
