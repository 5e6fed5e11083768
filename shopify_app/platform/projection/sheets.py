"""A customer of Shopify's as it is to look and as it looks: the difference is to be written.

Rows are read with what they should say in one transaction, and written after Shopify has answered.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, delete, select
from sqlalchemy.orm import Session

from loyalty.base.bulk import among, among_many, put_rows
from loyalty.members.tables import Customer
from loyalty.reconciliation import recording
from shopify_app.platform import backfill_runs as runs
from shopify_app.platform.projection import shown
from shopify_app.platform.projection.shown import NAMESPACE, TAGS, TYPES
from shopify_app.platform.projection.tables import ShownCustomer

LEAVING_MAX = 20
"""How many customers whom nobody of ours is behind any more are cleared beside others."""
_NOBODY: dict[str, str] = {}


@dataclass(slots=True)
class Sheet:
    """`wanted`: key → value; `digests`: None when Shopify must be asked. `error`: why it is not."""

    customer_id: int
    member_id: UUID | None
    wanted: Mapping[str, str]
    wanted_tag: str | None
    held: dict[str, str]
    digests: dict[str, str] | None
    tag: str | None
    written_at: datetime | None
    state: str
    error: Exception | None = None
    is_written: bool = False

    @property
    def gid(self) -> str:
        """How the Admin API names the customer."""
        return f"gid://shopify/Customer/{self.customer_id}"

    @property
    def is_open(self) -> bool:
        """Whether something can and must still be written, or looked at to know that."""
        is_unsure = self.is_leaving and self.digests is None
        return self.error is None and self.state != "gone" and (self.differs() or is_unsure)

    @property
    def is_leaving(self) -> bool:
        """Whether the customer is nobody's of ours and is to be cleared."""
        return self.state == "leaving" and self.member_id is None

    @property
    def is_cleared(self) -> bool:
        """Whether nothing of ours is there any more for certain, nor is to be."""
        is_settled = self.error is None and self.state != "gone" and not self.is_open
        is_empty = not self.wanted and not self.held and self.tag is None
        return is_settled and is_empty and (self.is_written or self.is_leaving)

    def differs(self) -> bool:
        """Whether the customer looks other than it should."""
        return shown.kept(self.wanted) != self.held or self.wanted_tag != self.tag

    def inputs(self) -> list[dict[str, Any]]:
        """What metafieldsSet is to be told: what differs, with the digest that must be there."""
        target, digests = shown.kept(self.wanted), self.digests or {}
        return [
            {
                "ownerId": self.gid,
                "namespace": NAMESPACE,
                "key": key,
                "type": TYPES[key],
                "value": value,
                "compareDigest": digests.get(key),
            }
            for key, value in self.wanted.items()
            if self.held.get(key) != target[key]
        ]

    def surplus(self) -> list[dict[str, str]]:
        """The metafields that are to be no more."""
        keys = [key for key in self.held if key not in self.wanted]
        return [{"ownerId": self.gid, "namespace": NAMESPACE, "key": key} for key in keys]

    def see(self, node: Mapping[str, Any] | None) -> None:
        """Take over how Shopify shows the customer; None when it has them no more."""
        if node is None or not node.get("id"):
            self.state = "gone"
            return
        self.held, self.digests, self.tag = look(node)


def look(node: Mapping[str, Any]) -> tuple[dict[str, str], dict[str, str], str | None]:
    """What stands on a customer's node: our values as kept, their digests, and our tag."""
    fields = {key: node[key] for key in TYPES if node.get(key)}
    values = {key: str(field["value"]) for key, field in fields.items()}
    digests = {key: str(field["compareDigest"]) for key, field in fields.items()}
    tags = [tag for tag in TAGS if tag in (node.get("tags") or ())]
    # Both at once are none of what we write: it differs from either.
    return shown.kept(values), digests, " ".join(tags) or None


def take(by_gid: Mapping[str, Sheet], metafields: Sequence[Mapping[str, Any]]) -> None:
    """Note what Shopify says stands there now."""
    for field in metafields:
        sheet = by_gid[field["owner"]["id"]]
        key = str(field["key"])
        sheet.held[key] = shown.kept({key: str(field["value"])})[key]
        sheet.digests = {**(sheet.digests or {}), key: str(field["compareDigest"])}
        sheet.is_written = True


def load(session: Session, shop_id: int, member_ids: Collection[UUID]) -> list[Sheet]:
    """The sheets of these members' living customers, and of some that are to be cleared."""
    of_members = among_many(Customer.member_id, member_ids) & Customer.deleted_at.is_(None)
    leaving = _list_leaving(session, shop_id)
    wanted = shown.read(session, shop_id, member_ids)
    sheets = _read(session, shop_id, of_members & Customer.redacted_at.is_(None), wanted)
    known = {sheet.customer_id for sheet in sheets}
    return sheets + [one for one in leaving if one.customer_id not in known]


def load_some(session: Session, shop_id: int, customer_ids: Collection[int]) -> list[Sheet]:
    """The sheets of these customers, whosever they are by now; nobody's are to be cleared."""
    if not customer_ids:
        return []
    chosen = among(Customer.customer_id, customer_ids)
    owners = session.scalars(
        select(Customer.member_id).where(
            Customer.shop_id == shop_id, chosen, Customer.member_id.is_not(None)
        )
    )
    wanted = shown.read(session, shop_id, {owner for owner in owners if owner is not None})
    return _read(session, shop_id, chosen, wanted)


def store(session: Session, shop_id: int, sheets: Iterable[Sheet], *, now: datetime) -> None:
    """Keep how the customers look now; what was cleared is forgotten, who is gone is looked for."""
    cleared = [one for one in sheets if one.is_cleared]
    rows = [row_of(shop_id, one, now) for one in sheets if not one.is_cleared]
    put_rows(session, ShownCustomer, rows)
    forget(session, shop_id, cleared)
    for one in sheets:
        if one.state == "gone":
            runs.ask_for_customer(session, shop_id, one.customer_id, now=now)
    things = [str(one.customer_id) for one in sheets if one.is_written]
    recording.mend(session, shop_id, recording.SHOWN_CHANGED, things, now=now)


def forget(session: Session, shop_id: int, cleared: Sequence[Sheet]) -> None:
    """Keep nothing of customers who show nothing of ours and are nobody's."""
    if cleared:
        session.execute(
            delete(ShownCustomer).where(
                ShownCustomer.shop_id == shop_id,
                among(ShownCustomer.customer_id, [one.customer_id for one in cleared]),
            )
        )


def keep(session: Session, shop_id: int, sheet: Sheet) -> None:
    """Keep how Shopify was seen to show the customer; who is nobody's is to be cleared."""
    state = "kept" if sheet.member_id is not None else "leaving"
    put_rows(session, ShownCustomer, [row_of(shop_id, sheet) | {"state": state}])


def _list_leaving(session: Session, shop_id: int) -> list[Sheet]:
    """The next of them: who was tried longest ago comes first, so that each has its turn."""
    is_ours_again = (
        select(Customer.customer_id)
        .where(
            Customer.shop_id == shop_id,
            Customer.customer_id == ShownCustomer.customer_id,
            Customer.member_id.is_not(None),
            Customer.redacted_at.is_(None),
        )
        .exists()
    )
    statement = (
        select(ShownCustomer)
        .where(ShownCustomer.shop_id == shop_id, ShownCustomer.state == "leaving", ~is_ours_again)
        .order_by(ShownCustomer.written_at.nulls_first(), ShownCustomer.customer_id)
        .limit(LEAVING_MAX)
    )
    rows = session.scalars(statement).all()
    return [_sheet(row.customer_id, None, row, None) for row in rows]


def _read(
    session: Session,
    shop_id: int,
    chosen: ColumnElement[bool],
    wanted: Mapping[UUID, shown.Shown],
) -> list[Sheet]:
    joined = (ShownCustomer.shop_id == Customer.shop_id) & (
        ShownCustomer.customer_id == Customer.customer_id
    )
    rows = session.execute(
        select(Customer.customer_id, Customer.member_id, ShownCustomer)
        .outerjoin(ShownCustomer, joined)
        .where(Customer.shop_id == shop_id, chosen)
        .order_by(Customer.customer_id)
        .execution_options(populate_existing=True)
    ).all()
    return [
        _sheet(customer_id, member_id, row, wanted.get(member_id) if member_id else None)
        for customer_id, member_id, row in rows
    ]


def _sheet(
    customer_id: int,
    member_id: UUID | None,
    row: ShownCustomer | None,
    wanted: shown.Shown | None,
) -> Sheet:
    return Sheet(
        customer_id,
        member_id,
        wanted.values() if wanted else _NOBODY,
        wanted.tag if wanted else None,
        dict(row.held) if row else {},
        # Nothing of ours is there, as far as we know: a write must find it so.
        ({} if row is None else dict(row.digests) if row.digests is not None else None),
        row.tag if row else None,
        row.written_at if row else None,
        row.state if row else "kept",
    )


def row_of(shop_id: int, sheet: Sheet, now: datetime | None = None) -> dict[str, Any]:
    """The row of the sheet as it stands; `now`: when what is written was.

    What is still open keeps its state, so that who is leaving is not forgotten; of them `now` is
    when it was tried.
    """
    is_settled = sheet.error is None and sheet.state != "gone" and not sheet.differs()
    state = "kept" if is_settled else sheet.state
    return {
        "shop_id": shop_id,
        "customer_id": sheet.customer_id,
        "held": sheet.held,
        "digests": sheet.digests,
        "tag": sheet.tag,
        "state": state,
        "written_at": now if now and _is_tried(sheet) else sheet.written_at,
    }


def _is_tried(sheet: Sheet) -> bool:
    return sheet.is_written or sheet.is_leaving


def chunks(sheets: Sequence[Sheet], size: int) -> Iterable[list[Sheet]]:
    """Whole customers whose metafields to set are `size` at most together."""
    chunk: list[Sheet] = []
    count = 0
    for sheet in sheets:
        more = len(sheet.inputs())
        if chunk and count + more > size:
            yield chunk
            chunk, count = [], 0
        chunk.append(sheet)
        count += more
    if chunk:
        yield chunk
