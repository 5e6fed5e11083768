"""The parts of our dealings with Shopify in what is held of a person: bodies that name them.

A body is only searched for, never understood: whatever holds one of their numbers, their email
or their phone is theirs.
"""

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, LargeBinary, cast, false, func, or_, select, update
from sqlalchemy.orm import Session

from loyalty.privacy.parts import Drop, Keep, Part, Person, Run, Stays, by_customer, by_either
from shopify_app.platform.projection.tables import ShownCustomer
from shopify_app.platform.tables import (
    CustomerMerge,
    InboxRow,
    PrivacyDocument,
    PrivacyRequest,
)

_BATCH = 200
_DEALT_WITH = ("done", "ignored", "parked")
_ALL = ("new", *_DEALT_WITH)


def with_webhooks(session: Session, person: Person) -> Person:
    """`person` with the ids of the webhooks that name them now, handled or not.

    This reads every body of the shop, so nothing of the person may be locked yet. What
    arrives meanwhile is found at the next look.
    """
    return replace(person, webhook_ids=tuple(row[0] for row in _naming(session, person, _ALL)))


def count_unread(session: Session, person: Person) -> int:
    """How many of the person's webhooks are not handled yet: their bodies are still needed."""
    return sum(
        session.scalar(
            select(func.count())
            .select_from(InboxRow)
            .where(*_are_of(person, ids), InboxRow.state == "new")
        )
        or 0
        for ids in _batches(person.webhook_ids)
    )


def _is_naming(person: Person) -> ColumnElement[bool]:
    """Rows of which nothing but their text is looked at; `_naming` looks closer."""
    needles = [
        func.position(cast(needle, LargeBinary).op("IN")(InboxRow.body)) > 0
        for needle in _needles(person)
    ]
    return (InboxRow.shop_id == person.shop_id) & or_(false(), *needles)


def _needles(person: Person) -> list[bytes]:
    """What a body that names the person holds: their numbers, or their contacts as JSON."""
    numbers = [str(number).encode() for number in (*person.customer_ids, *person.order_ids)]
    return numbers + [spelled for text in _contacts(person) for spelled in _spellings(text)]


def _contacts(person: Person) -> Sequence[str]:
    return (*person.emails, *(email.lower() for email in person.emails), *person.phones)


def _spellings(text: str) -> Iterator[bytes]:
    yield text.encode()
    if not text.isascii():
        yield json.dumps(text)[1:-1].encode()


def _naming(
    session: Session, person: Person, states: Sequence[str]
) -> Iterator[tuple[UUID, str, datetime, bytes]]:
    """(id, topic, received_at, body) of the rows that name the person, oldest first."""
    needles = _needles(person)
    if not needles:
        return
    # A number is theirs only as a whole, not inside a longer one.
    pattern = re.compile(
        rb"(?<![0-9])(?:" + b"|".join(re.escape(needle) for needle in needles) + rb")(?![0-9])"
    )
    found = session.execute(
        select(InboxRow.id, InboxRow.topic, InboxRow.received_at, InboxRow.body)
        .where(_is_naming(person), InboxRow.state.in_(states))
        .order_by(InboxRow.id)
    )
    for row_id, topic, received_at, body in found:
        if pattern.search(body):
            yield row_id, topic, received_at, body


def read_webhooks(session: Session, person: Person) -> list[dict[str, object]]:
    """The webhooks that name the person, as they came."""
    rows = _naming(session, person, _ALL)
    return [
        {"topic": topic, "received_at": received_at, "body": _parsed(body)}
        for _, topic, received_at, body in rows
    ]


def _parsed(body: bytes) -> object:
    try:
        return json.loads(body)
    except ValueError:
        return body.decode("utf-8", "replace")


def _blank_bodies(session: Session, person: Person, now: datetime) -> None:
    """Empty what was dealt with. What is still new has its turn first, and is looked at again."""
    for ids in _batches(person.webhook_ids):
        session.execute(
            update(InboxRow)
            .where(*_are_of(person, ids), InboxRow.state.in_(_DEALT_WITH))
            .values(body=b"")
            .execution_options(synchronize_session=False)
        )


def _batches(ids: Sequence[UUID]) -> Iterator[Sequence[UUID]]:
    return (ids[start : start + _BATCH] for start in range(0, len(ids), _BATCH))


def _are_of(person: Person, ids: Sequence[UUID]) -> tuple[ColumnElement[bool], ...]:
    return InboxRow.shop_id == person.shop_id, InboxRow.id.in_(ids)


def _merges(person: Person) -> ColumnElement[bool]:
    ids = person.customer_ids
    return (CustomerMerge.shop_id == person.shop_id) & (
        CustomerMerge.kept_customer_id.in_(ids) | CustomerMerge.deleted_customer_id.in_(ids)
    )


def _clear_shown(session: Session, person: Person, _: datetime) -> None:
    """What Shopify shows of them is taken away there, and then the row is deleted."""
    session.execute(
        update(ShownCustomer)
        .where(by_customer(ShownCustomer)(person), ShownCustomer.state != "gone")
        .values(state="leaving")
        .execution_options(synchronize_session=False)
    )


_PAST = Stays("it tells of the past")
_BODIES = Run("bodies that name the person are emptied", _blank_bodies)

PARTS: Sequence[Part] = (
    Part(
        ShownCustomer,
        by_customer(ShownCustomer),
        "What Shopify shows of the programme",
        Run("what Shopify shows is taken away there", _clear_shown),
        Stays("it is a customer's, whosever they are"),
        secrets=("digests",),
        erase_later=Drop(),
    ),
    Part(
        InboxRow,
        _is_naming,
        "What Shopify told us",
        _BODIES,
        _PAST,
        erase_later=_BODIES,
    ),
    Part(
        CustomerMerge,
        _merges,
        "Merged accounts",
        Keep("two numbers of Shopify's, so that a late webhook is understood"),
        Stays("it is what a merge begins with"),
    ),
    Part(
        PrivacyRequest,
        by_either(PrivacyRequest),
        "Privacy requests",
        Keep("the proof that the request was met; it names nobody"),
        _PAST,
        secrets=("error",),
    ),
    Part(
        PrivacyDocument,
        by_either(PrivacyDocument),
        None,
        Keep("the merchant has some days to hand on what was gathered before"),
        _PAST,
        withheld="a copy of such a document",
        erase_later=Drop(),
    ),
)
