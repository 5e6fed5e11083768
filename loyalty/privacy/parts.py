"""One table's part in what is held of a person; every column is named, so that none is forgotten.

Packages list the parts of their own tables; the composition stands in jobs/privacy. What a part
says of merging is carried out by loyalty.merging.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    Column,
    ColumnElement,
    Table,
    Text,
    cast,
    delete,
    func,
    select,
    true,
    update,
)
from sqlalchemy.orm import InstrumentedAttribute, Session

from loyalty.base.db import Base


@dataclass(frozen=True, slots=True)
class Person:
    """By what one person's rows are known in a shop, all their identities together."""

    shop_id: int
    member_ids: tuple[UUID, ...] = ()
    customer_ids: tuple[int, ...] = ()
    order_ids: tuple[int, ...] = ()
    emails: tuple[str, ...] = ()
    phones: tuple[str, ...] = ()
    webhook_ids: tuple[UUID, ...] = ()
    """Webhooks that name them: looked for once, before anything of theirs is locked."""


Whose = Callable[[Person], ColumnElement[bool]]
Scrub = Callable[[Session, Person, datetime], None]


@dataclass(frozen=True, slots=True)
class Blank:
    """Set columns to what names nobody; a callable value is given the time. `keeps`: the others."""

    values: Mapping[str, Any]
    keeps: Sequence[str]


@dataclass(frozen=True, slots=True)
class Drop:
    """Delete the rows."""


@dataclass(frozen=True, slots=True)
class Keep:
    """Leave the rows as they are, for a reason."""

    why: str


BOOKS = Keep("the shop's books: numbers of a member who is anonymous by now")


@dataclass(frozen=True, slots=True)
class Run:
    """Whatever else it takes; `does` says it in words."""

    does: str
    scrub: Scrub


Erasure = Blank | Drop | Keep | Run


@dataclass(frozen=True, slots=True)
class Merging:
    """Two members of a shop who are made one, or two again; `notes` are kept for the undo.

    Both balances are locked. What a part notes stands under its table's name, and names nobody.
    """

    shop_id: int
    merge_id: UUID
    survivor_id: UUID
    merged_id: UUID
    merged_at: datetime
    now: datetime
    notes: dict[str, Any]


MergeStep = Callable[[Session, Merging], None]


def _all_rows() -> ColumnElement[bool]:
    return true()


@dataclass(frozen=True, slots=True)
class Moves:
    """The rows get the survivor's id, and go home at an undo; `why` says it in words.

    A row that the survivor has already, by the rest of its key, stays. `only`: the rows that
    move. `has_home`: the table remembers in home_member_id whose row it was. `later`: what else
    goes home at an undo, such as rows of orders that go home.
    """

    why: str
    only: Callable[[], ColumnElement[bool]] = _all_rows
    has_home: bool = False
    later: Callable[[Merging], ColumnElement[bool]] | None = None


@dataclass(frozen=True, slots=True)
class Stays:
    """The rows stay as they are, for a reason."""

    why: str


@dataclass(frozen=True, slots=True)
class Unites:
    """Whatever else it takes; `why` says it in words."""

    why: str
    merge: MergeStep
    undo: MergeStep


Merge = Moves | Stays | Unites


@dataclass(frozen=True, slots=True)
class Part:
    """What is done with a table's rows of a person.

    `title` heads them in the exported document; None leaves them out, and `withheld` says why.
    `secrets` are columns that open something and are therefore not exported. `named`: columns
    that hold the id of something of the shop's, whose name is exported instead. `erase_later` is
    done at a second look, days after `erase`, when what had to reach the outside has reached it.
    `merge`: what becomes of the rows when two members are made one.
    """

    model: type[Base]
    whose: Whose
    title: str | None
    erase: Erasure
    merge: Merge
    secrets: Sequence[str] = ()
    withheld: str = ""
    named: Mapping[str, InstrumentedAttribute[str]] = field(default_factory=dict)
    erase_later: Erasure = Keep("nothing is left to do")

    @property
    def table(self) -> Table:
        """The table itself."""
        table = self.model.__table__
        assert isinstance(table, Table)
        return table


def by_member(model: Any) -> Whose:
    """The rows whose member_id is the person's."""
    return lambda person: (
        (model.shop_id == person.shop_id) & (model.member_id.in_(person.member_ids))
    )


def by_customer(model: Any) -> Whose:
    """The rows whose customer_id is the person's."""
    return lambda person: (
        (model.shop_id == person.shop_id) & (model.customer_id.in_(person.customer_ids))
    )


def by_either(model: Any) -> Whose:
    """The rows whose member_id or customer_id is the person's."""
    return lambda person: (
        (model.shop_id == person.shop_id)
        & (model.member_id.in_(person.member_ids) | model.customer_id.in_(person.customer_ids))
    )


def read_rows(session: Session, part: Part, person: Person) -> list[dict[str, Any]]:
    """The person's rows of the part, column by column, without its secrets."""
    shown = [c for c in part.table.columns if c.name not in (*part.secrets, "shop_id")]
    columns = [_name_of(part, c) if c.name in part.named else c for c in shown]
    rows = session.execute(
        select(*columns).where(part.whose(person)).order_by(*part.table.primary_key.columns)
    )
    return [dict(row) for row in rows.mappings()]


def _name_of(part: Part, column: Column[Any]) -> ColumnElement[Any]:
    """What the row's id names: `segment_id` is exported as `segment`, by its name."""
    name = part.named[column.name]
    found = select(name).where(
        name.class_.shop_id == part.table.c.shop_id, name.class_.id == column
    )
    said = func.coalesce(found.scalar_subquery(), cast(column, Text))
    return said.label(column.name.removesuffix("_id"))


def carry_out(
    session: Session, erasure: Erasure, part: Part, person: Person, *, now: datetime
) -> None:
    """Erase the person's rows of the part so; twice is no matter. Flushes; the caller commits."""
    if isinstance(erasure, Run):
        erasure.scrub(session, person, now)
    elif isinstance(erasure, Drop):
        session.execute(delete(part.table).where(part.whose(person)))
    elif isinstance(erasure, Blank):
        values = {name: v(now) if callable(v) else v for name, v in erasure.values.items()}
        session.execute(update(part.table).where(part.whose(person)).values(values))
    session.flush()
