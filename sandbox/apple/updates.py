"""What a phone does on a push: asks what changed, fetches it, checks it, tells its owner.

Invariant: the phone remembers the newest `lastUpdated` of each web service, and complains to the
web service about what is odd in its answers.
"""

import json
from collections import deque
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

from sandbox.apple.complaints import error_of
from sandbox.apple.errands import TryLater
from sandbox.apple.passfields import all_fields, lock_screen_text
from sandbox.apple.pkpass import Bundle, open_bundle
from sandbox.apple.problems import Refusal, refuse
from sandbox.apple.web_service import PKPASS, Address, Reply, Unreachable

if TYPE_CHECKING:
    from sandbox.apple.phone import Card, Phone

# iOS forgives a needless push or list so soon after a change.
GRACE = timedelta(minutes=5)

Service = tuple[str, str]
"""(webServiceURL, pass type id): what a tag belongs to."""
Entry = dict[str, Any]


class Updates:
    """One phone's updates: tags, timeline and lock screen."""

    def __init__(self, phone: "Phone") -> None:
        self._phone = phone
        self.tags: dict[Service, tuple[str, datetime]] = {}
        self.timeline: deque[Entry] = deque(maxlen=500)
        self.lock_screen: deque[dict[str, Any]] = deque(maxlen=100)
        self._pushed_at: dict[Service, str] = {}  # the first push not yet acted upon
        self._begun: dict[tuple[str, str], Entry] = {}

    def on_push(self, topic: str) -> None:
        """Take a push for a pass type. More of them before the list is asked for are one."""
        services = {(card.address.url, topic) for card in self._phone.list_cards()
                    if card.address and card.address.pass_type_id == topic}  # fmt: skip
        for service in services:
            self._pushed_at.setdefault(service, _now())
            self._phone.do(f"list {service}", partial(self._list, service))

    def refresh(self) -> None:
        """Fetch every pass, as when its owner pulls it down."""
        for card in self._phone.list_cards():
            if card.address:
                self._fetch_soon(card.address, {"pushed_at": None, "listed_at": None})

    def _list(self, service: Service) -> None:
        pushed_at = self._pushed_at.pop(service, None)
        tag, tagged_at = self.tags.get(service, (None, None))
        try:
            reply = self._phone.web.changed_serials(*service, tag)
            serials, new_tag = _serials_in(reply)
        except (Unreachable, _BadReply) as error:
            if pushed_at:
                self._pushed_at[service] = pushed_at
            if isinstance(error, _BadReply):
                self._phone.complaints.list_failed(*service, tag, str(error))
            raise TryLater from error
        self._judge_tag(service, len(serials), (tag, tagged_at), new_tag)
        if new_tag is not None:
            self.tags[service] = (new_tag, datetime.now(UTC))
        for serial in serials:
            self._fetch_listed(service, serial, {"pushed_at": pushed_at, "listed_at": reply.at})

    def _judge_tag(self, service: Service, count: int, old: tuple[str | None, datetime | None],
                   new_tag: str | None) -> None:  # fmt: skip
        tag, tagged_at = old
        if count and new_tag is None:
            self._phone.complaints.tag_missing(*service, count)
        elif count and new_tag == tag:
            self._phone.complaints.tag_stuck(*service, count, tag)
        elif not count and tagged_at and datetime.now(UTC) - tagged_at > GRACE:
            self._phone.complaints.push_spurious(*service, tag)

    def _fetch_listed(self, service: Service, serial: str, times: Entry) -> None:
        card = self._phone.cards.get((service[1], serial))
        if card is None or card.address is None:
            self._phone.complaints.serial_unknown(*service, serial)
        else:
            self._fetch_soon(card.address, times)

    def _fetch_soon(self, address: Address, times: Entry) -> None:
        key = (address.pass_type_id, address.serial)
        # A fetch that waits already serves this change too, and counts from the first push.
        self._begun.setdefault(key, _entry(key) | times)
        self._phone.do(f"get {key}", partial(self._fetch, key), partial(self._give_up, key))

    def _fetch(self, key: tuple[str, str]) -> None:
        card = self._phone.cards.get(key)
        if card is None or card.address is None:
            self._begun.pop(key, None)
            return  # removed meanwhile
        try:
            reply = self._phone.web.latest_pass(card.address, card.last_modified)
        except Unreachable as error:
            raise TryLater from error
        if reply.status not in (200, 304, 401):
            self._phone.complaints.fetch_failed(card.address, card.last_modified, error_of(reply))
            raise TryLater
        self._finish(card, card.address, reply, self._begun.pop(key, _entry(key)))

    def _finish(self, card: "Card", address: Address, reply: Reply, entry: Entry) -> None:
        entry["fetched_at"] = reply.at
        if reply.status == 401:
            entry["outcome"] = "unauthorized"
            self._phone.complaints.fetch_failed(address, card.last_modified, error_of(reply))
        elif reply.status == 304:
            entry["outcome"] = "not modified"
            if entry["listed_at"] and datetime.now(UTC) - card.updated_at > GRACE:
                self._phone.complaints.update_needless(address)
        else:
            self._replace(card, address, reply, entry)
        entry["balance"] = balance_of(card.bundle.content)
        self.timeline.append(entry)

    def _give_up(self, key: tuple[str, str]) -> None:
        self.timeline.append(self._begun.pop(key, _entry(key)) | {"outcome": "given up"})

    def _replace(self, card: "Card", address: Address, reply: Reply, entry: Entry) -> None:
        try:
            new = self._check(card, reply)
        except Refusal as refusal:
            entry |= {"verified": False, "outcome": "refused", "problems": refusal.as_json()}
            error = f"Received invalid pass data ({refusal})"
            self._phone.complaints.fetch_failed(address, card.last_modified, error)
            return
        modified, old = reply.headers.get("Last-Modified"), card.bundle
        entry |= {"verified": True, "outcome": "unchanged" if _is_same(old, new) else "updated"}
        if modified is None:
            self._phone.complaints.modified_missing(address)
        if _is_same(old, new) and card.last_modified is not None:
            self._phone.complaints.modified_ignored(address, card.last_modified)
        with self._phone.lock:
            card.bundle, card.last_modified = new, modified
            card.updated_at = datetime.now(UTC)
        self._notify(old, new, entry)

    def _check(self, card: "Card", reply: Reply) -> Bundle:
        content_type = reply.headers.get("Content-Type", "").partition(";")[0].strip()
        if content_type != PKPASS:
            raise refuse("content_type", f"{content_type!r} is not {PKPASS}")
        bundle = open_bundle(reply.body, self._phone.signatures)
        for name in ("passTypeIdentifier", "serialNumber", "authenticationToken"):
            if bundle.content.get(name) != card.bundle.content.get(name):
                raise refuse("identity_changed", f"{name} may never change in an update")
        return bundle

    def _notify(self, old: Bundle, new: Bundle, entry: Entry) -> None:
        shown = lock_screen_text(old.content, new.content)
        if shown is None:
            return
        entry["lock_screen"] = shown.text
        self.lock_screen.append({
            "at": _now(), "title": new.content["organizationName"], "text": shown.text,
            "kind": shown.kind, "fields": list(shown.fields), "serial": new.key[1],
        })  # fmt: skip


def balance_of(content: dict[str, Any]) -> str | int | float | None:
    """Return the value of the field with the key 'balance' or, without it, 'points'."""
    fields = all_fields(content)
    field = fields.get("balance") or fields.get("points")
    return field["value"] if field else None


class _BadReply(Exception):
    pass


def _serials_in(reply: Reply) -> tuple[list[str], str | None]:
    """Return the serials and the tag; 204 means none."""
    if reply.status == 204:
        return [], None
    if reply.status != 200:
        raise _BadReply(error_of(reply))
    try:
        content = json.loads(reply.body)
        serials, tag = content["serialNumbers"], content.get("lastUpdated")
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise _BadReply("Server response was malformed") from error
    is_right = isinstance(serials, list) and all(isinstance(serial, str) for serial in serials)
    if not is_right or not isinstance(tag, str | None):
        raise _BadReply("Server response was malformed")
    return serials, tag


def _entry(key: tuple[str, str]) -> Entry:
    return {"pass_type_id": key[0], "serial": key[1], "pushed_at": None, "listed_at": None,
            "fetched_at": None, "verified": None, "outcome": None, "balance": None,
            "lock_screen": None}  # fmt: skip


def _is_same(old: Bundle, new: Bundle) -> bool:
    """Whether nothing but the signature differs."""
    ignored = {"signature", "manifest.json"}
    return {name: data for name, data in old.files.items() if name not in ignored} == {
        name: data for name, data in new.files.items() if name not in ignored
    }


def _now() -> str:
    return datetime.now(UTC).isoformat()
