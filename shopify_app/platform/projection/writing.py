"""Shopify's customers are brought to show what they should: what differs, 25 metafields a call.

The invariant: nothing older ever replaces something newer. Each write names the digest of what it
replaces; who finds another there looks again at both sides, and in that order.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import structlog

from loyalty.base.clock import utc_now
from loyalty.base.db import shop_transaction
from loyalty.shops.directory import get_shop
from shopify_app.platform import client
from shopify_app.platform.errors import NeedsReauth, ShopifyError, UserErrors
from shopify_app.platform.projection import definitions, flood, sheets
from shopify_app.platform.projection.sheets import Sheet, chunks
from shopify_app.platform.projection.shown import TAGS

log = structlog.get_logger()

# https://shopify.dev/docs/api/admin-graphql/latest/mutations/metafieldsSet (read 2026-11-22)
AT_ONCE_MAX = 25
PAUSE = timedelta(seconds=5)
"""The first change is shown at once, further ones once in that time, newest only."""
_ROUNDS = 4
_READ_AT_ONCE = 50
_PATIENCE = {"attempts_max": 3}
_STALE = ("STALE_OBJECT", "INVALID_COMPARE_DIGEST")


class TooSoon(Exception):
    """The customer was written a moment ago; asking again after `retry_after` costs no attempt."""

    retryable = True

    def __init__(self, retry_after: timedelta) -> None:
        super().__init__("written a moment ago")
        self.retry_after = retry_after


Errors = Mapping[UUID, Exception | None]


def write_member(shop_id: int, member_id: UUID) -> None:
    """Bring the customers of one member to what they should show; raises what kept it from that."""
    error = write_members(shop_id, [member_id])[member_id]
    if error is not None:
        raise error


def write_members(shop_id: int, member_ids: Sequence[UUID]) -> Errors:
    """The same for many in few calls; each member's error. Not in a transaction; commits."""
    errors: dict[UUID, Exception | None] = dict.fromkeys(member_ids)
    now = utc_now()
    with shop_transaction(shop_id) as session:
        if get_shop(session, shop_id).status != "installed":
            return errors  # The nightly look finds what is missing once it is back.
        loaded = sheets.load(session, shop_id, member_ids)
        sheets.forget(session, shop_id, [one for one in loaded if one.is_cleared])
        found = [one for one in loaded if one.is_open]
        if flood.is_on(session, shop_id):
            waiting = [sheet for sheet in found if flood.may_wait(sheet)]
            flood.mark(session, shop_id, waiting, now=now)
            found = [sheet for sheet in found if sheet not in waiting]
    ready = [sheet for sheet in found if not _is_too_soon(sheet, errors, now)]
    if not ready:
        return errors
    try:
        _write(shop_id, ready)
    except NeedsReauth:
        return errors  # Not the members' fault: the nightly look finds them, too.
    finally:
        with shop_transaction(shop_id) as session:
            sheets.store(session, shop_id, ready, now=utc_now())
    for sheet in ready:
        if sheet.member_id is not None and sheet.error is not None:
            errors[sheet.member_id] = sheet.error
    log.info("customers_shown", shop=shop_id, customers=sum(one.is_written for one in ready))
    return errors


def _is_too_soon(sheet: Sheet, errors: dict[UUID, Exception | None], now: datetime) -> bool:
    if sheet.written_at is None or sheet.member_id is None or not sheet.differs():
        return False
    # A clock that was set back must not hold a customer back for long.
    left = min(sheet.written_at + PAUSE - now, PAUSE)
    if left > timedelta(0):
        errors[sheet.member_id] = TooSoon(left)
    return left > timedelta(0)


def _write(shop_id: int, ready: Sequence[Sheet]) -> None:
    """Write all that is open. What Shopify refuses is noted on the sheet; an outage on all left."""
    try:
        definitions.make(shop_id)
        for _ in range(_ROUNDS):
            todo = [sheet for sheet in ready if sheet.is_open]
            if not todo:
                break
            _refresh(shop_id, [sheet for sheet in todo if sheet.digests is None])
            for chunk in chunks(_to_set(todo), AT_ONCE_MAX):
                _set(shop_id, chunk)
            _delete(shop_id, [sheet for sheet in todo if sheet.is_open and sheet.surplus()])
            _tag([sheet for sheet in todo if sheet.is_open], shop_id)
    except UserErrors as refusal:
        _fail(ready, refusal)
    except NeedsReauth:
        raise
    except ShopifyError as outage:
        _fail(ready, outage)
    _fail(ready, ShopifyError("the customer changes as fast as we look", retryable=True))


def _to_set(todo: Sequence[Sheet]) -> list[Sheet]:
    """Whose metafields are to be set, of those who have not turned out to be gone."""
    return [sheet for sheet in todo if sheet.is_open and sheet.inputs()]


def _fail(ready: Sequence[Sheet], error: Exception) -> None:
    for sheet in ready:
        if sheet.is_open:
            sheet.error = error


def _refresh(shop_id: int, unsure: Sequence[Sheet]) -> None:
    """Look at Shopify first and then at our books, so that what is written is the newer of both."""
    for start in range(0, len(unsure), _READ_AT_ONCE):
        part = unsure[start : start + _READ_AT_ONCE]
        ids = [sheet.gid for sheet in part]
        nodes = client.execute(shop_id, "shown_by_id", {"ids": ids}, **_PATIENCE)["nodes"]
        for sheet, node in zip(part, nodes, strict=True):
            sheet.see(node)
        with shop_transaction(shop_id) as session:
            customers = [sheet.customer_id for sheet in part]
            newest = {s.customer_id: s for s in sheets.load_some(session, shop_id, customers)}
        for sheet in part:
            fresh = newest[sheet.customer_id]
            sheet.wanted, sheet.wanted_tag = fresh.wanted, fresh.wanted_tag


def _set(shop_id: int, chunk: Sequence[Sheet]) -> None:
    """Set the metafields of these customers, all or none; who was at fault says so for itself."""
    inputs = [(sheet, one) for sheet in chunk for one in sheet.inputs()]
    told = {"metafields": [one for _, one in inputs]}
    try:
        data = client.execute(shop_id, "metafields_set", told, **_PATIENCE)
    except UserErrors as refusal:
        at_fault = [_blame(inputs, error) for error in refusal.errors]
        if not any(at_fault):
            raise
        return
    by_gid = {sheet.gid: sheet for sheet in chunk}
    sheets.take(by_gid, data["metafieldsSet"]["metafields"])


def _blame(inputs: Sequence[tuple[Sheet, dict[str, Any]]], error: Mapping[str, Any]) -> bool:
    """Note on the sheet what an error of metafieldsSet says; whether it names one."""
    index, code = error.get("elementIndex"), error.get("code")
    if not isinstance(index, int) or not 0 <= index < len(inputs):
        return False
    sheet, one = inputs[index]
    if code in _STALE:
        sheet.digests = None
    elif (error.get("field") or [""])[-1] == "ownerId":
        sheet.state = "gone"
    else:
        sheet.error = ShopifyError(f"Shopify refuses {one['key']}: {code}")
    return True


def _delete(shop_id: int, todo: Sequence[Sheet]) -> None:
    # Apart, so that whoever is leaving never keeps a member from being shown.
    members = [sheet for sheet in todo if sheet.member_id is not None]
    leaving = [sheet for sheet in todo if sheet.member_id is None]
    for some in (members, leaving):
        surplus = [(sheet, one) for sheet in some for one in sheet.surplus()]
        for start in range(0, len(surplus), AT_ONCE_MAX):
            _delete_part(shop_id, surplus[start : start + AT_ONCE_MAX])


def _delete_part(shop_id: int, part: Sequence[tuple[Sheet, dict[str, str]]]) -> None:
    """Delete these metafields, all or none; only a customer who is at fault is kept from it."""
    told = {"metafields": [one for _, one in part]}
    try:
        client.execute(shop_id, "metafields_delete", told, **_PATIENCE)
    except UserErrors as refusal:
        log.info("metafields_not_deleted", shop=shop_id, reason=str(refusal))
        named = {_index(error) for error in refusal.errors}
        at_fault = [sheet for index, (sheet, _) in enumerate(part) if index in named]
        for sheet in at_fault:
            # There is but one thing that can be wrong: the customer is no more.
            sheet.state = "gone"
        if not at_fault:
            _fail([sheet for sheet, _ in part], refusal)
        return
    for sheet, one in part:
        sheet.held.pop(one["key"], None)
        (sheet.digests or {}).pop(one["key"], None)
        sheet.is_written = True


def _index(error: Mapping[str, Any]) -> int | None:
    """Which of the metafields an error without `elementIndex` is about: metafields, 3, ownerId."""
    path = error.get("field") or []
    is_number = len(path) > 1 and str(path[1]).isdecimal()
    return int(path[1]) if is_number else None


def _tag(todo: Sequence[Sheet], shop_id: int) -> None:
    for sheet in todo:
        if sheet.tag == sheet.wanted_tag:
            continue
        others = [tag for tag in TAGS if tag != sheet.wanted_tag]
        told = {"id": sheet.gid, "remove": others}
        name = "customer_tags_swap" if sheet.wanted_tag else "customer_tags_remove"
        if sheet.wanted_tag:
            told["add"] = [sheet.wanted_tag]
        try:
            client.execute(shop_id, name, told, **_PATIENCE)
        except UserErrors as refusal:
            # There is but one thing that can be wrong: the customer is no more.
            log.info("tags_refused", shop=shop_id, reason=str(refusal))
            sheet.state = "gone"
            continue
        sheet.tag, sheet.is_written = sheet.wanted_tag, True
