"""Imported codes of a reward: brought in with a report, and given to one redemption each.

The invariant: a code is given once, and never again, whatever becomes of the redemption; one that
an order has used is not given at all.
"""

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from loyalty import audit
from loyalty.audit import Actor
from loyalty.base.bulk import add_rows, among
from loyalty.base.errors import BadReward, OutOfStock
from loyalty.base.said import said
from loyalty.coupons.codes import list_taken
from loyalty.orders.tables import OrderCode
from loyalty.rewards.free_codes import is_free
from loyalty.rewards.listing import get_reward
from loyalty.rewards.tables import Reward, RewardCode

CODES_MAX = 100_000
_LENGTH_MAX = 255
"""Shopify's own: longer codes cannot be."""


@dataclass(frozen=True, slots=True)
class Rejected:
    """A line of the file that was left out, counted from 1, and why."""

    line: int
    why: str


@dataclass(frozen=True, slots=True)
class Report:
    """What became of a file of codes: how many are new, and every line that is not."""

    added: int
    rejected: list[Rejected]


def import_codes(
    session: Session, shop_id: int, reward_id: UUID, text: str, *, actor: Actor, now: datetime
) -> Report:
    """Add the codes of a CSV, one a line in its first column; a heading `code` may stand above.

    The good ones are added, the others reported: empty, too long, unreadable, twice in the file,
    known already. Raises RewardNotFound, BadReward for a reward without stock or a file beyond
    100,000 lines. Flushes; the caller commits.
    """
    reward = get_reward(session, shop_id, reward_id)
    if reward.code_source != "stock":
        raise BadReward("reward", said("makes its own codes: it has no stock"))
    lines, rejected = _sort_out(text)
    taken = _taken(session, shop_id, list(lines))
    rows = [
        {
            "shop_id": shop_id,
            "code": code,
            "reward_id": reward_id,
            "redemption_id": None,
            "imported_at": now,
        }
        for code in lines
        if code not in taken
    ]
    added = add_rows(session, RewardCode, rows, "code")
    rejected += [
        Rejected(line, said("known already")) for c, line in lines.items() if c not in added
    ]
    subject = ("reward", str(reward_id))
    audit.record(
        session, shop_id, actor, "reward_codes_imported", subject, now=now, codes=len(added)
    )
    session.flush()
    return Report(len(added), sorted(rejected, key=lambda each: each.line))


def take_code(session: Session, reward: Reward, redemption_id: UUID) -> str:
    """The next free code, which is this redemption's from now on; raises OutOfStock."""
    row = session.scalar(
        select(RewardCode)
        .where(is_free(reward.shop_id, reward.id))
        .order_by(RewardCode.code)
        .limit(1)
        .with_for_update(skip_locked=True)
    )
    if row is None:
        raise OutOfStock(said("This reward is out of stock"))
    row.redemption_id = redemption_id
    session.flush()
    return row.code


def count_free(session: Session, shop_id: int, reward_id: UUID) -> int:
    """How many codes are left."""
    statement = select(func.count()).select_from(RewardCode).where(is_free(shop_id, reward_id))
    return session.scalar(statement) or 0


def _sort_out(text: str) -> tuple[dict[str, int], list[Rejected]]:
    """The codes that can be, each with its first line, and the lines that cannot."""
    good: dict[str, int] = {}
    rejected = []
    for line, code in _read(text):
        why = _fault(code)
        if why is None and code in good:
            why = said("stands in line %(line)s already", line=good[code])
        if why is None:
            good[code] = line
        else:
            rejected.append(Rejected(line, why))
    return good, rejected


def _read(text: str) -> list[tuple[int, str]]:
    try:
        found = list(islice(_codes(text), CODES_MAX + 1))
    except csv.Error as error:
        raise BadReward("codes", said("are no CSV: %(error)s", error=str(error))) from error
    if len(found) > CODES_MAX:
        raise BadReward("codes", said("are more than %(most)s lines", most=CODES_MAX))
    return found


def _codes(text: str) -> Iterator[tuple[int, str]]:
    """Each line's number and code in upper case, as Shopify compares them."""
    reader = csv.reader(io.StringIO(text.removeprefix("\ufeff"), newline=""))
    for line, row in enumerate(reader, start=1):
        code = row[0].strip().upper() if row else ""
        if not (line == 1 and code == "CODE"):
            yield line, code


def _fault(code: str) -> str | None:
    if not code:
        return said("is empty")
    if len(code) > _LENGTH_MAX:
        return said("is longer than %(most)s characters", most=_LENGTH_MAX)
    if not code.isprintable() or any(letter.isspace() for letter in code):
        return said("holds blanks or characters that nobody can type")
    return None


def _taken(session: Session, shop_id: int, codes: list[str]) -> set[str]:
    """Those that a redemption, a coupon or an order has: two rewards never share a code."""
    if not codes:
        return set()
    ordered = select(OrderCode.code).where(
        OrderCode.shop_id == shop_id, among(OrderCode.code, codes)
    )
    return list_taken(session, shop_id, codes) | set(session.scalars(ordered))
