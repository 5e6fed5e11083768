"""Bulk operations: a query over everything, run aside, its rows in a file.

States and limits are Shopify's: CREATED → RUNNING → COMPLETED (or CANCELED,
FAILED), five at once. The rows of nested connections carry `__parentId` and
may stand anywhere after their parent.
"""

from __future__ import annotations

import json
import random
import threading
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

from flask import Blueprint, Response
from graphql import DocumentNode

from .admin_api.context import Context
from .admin_api.endpoint import run_query
from .admin_api.errors import refuse
from .bulk_rules import check_bulk_query
from .clock import utc_now
from .faults import Fault
from .faulty import failed_answer, half
from .journal import Received
from .store.discounts import BulkOperation
from .store.shop import Shop
from .webhooks.shop_payloads import bulk_payload
from .world import World

AT_ONCE_MAX = 5
CHUNK = 20  # root objects resolved under one hold of the lock


class Stopped(Exception):
    """The operation ends early; the argument is its last status."""


class BulkRunner:
    """Runs the operations of all shops, each in a thread of its own."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.seconds_per_object = 0.0
        self.folder = world.settings.state / "bulk"
        self.folder.mkdir(parents=True, exist_ok=True)

    def start(self, shop: Shop, query: str, *, group_objects: bool) -> BulkOperation:
        """A new operation in CREATED; UserErrors when the query or its moment is wrong."""
        document = check_bulk_query(query)
        live = [b for b in shop.all("BulkOperation") if b.status in ("CREATED", "RUNNING")]
        if len([b for b in live if b.type == "QUERY"]) >= AT_ONCE_MAX:
            message = f"A maximum of {AT_ONCE_MAX} bulk queries can run at once for this shop."
            raise refuse(message, None, "OPERATION_IN_PROGRESS")
        operation: BulkOperation = shop.add(
            BulkOperation(shop.next_id("BulkOperation"), query, utc_now())
        )
        operation.group_objects = group_objects
        scopes = frozenset(shop.granted_scopes)
        threading.Thread(
            target=self._run, args=(shop, operation, document, scopes), daemon=True
        ).start()
        return operation

    def _run(
        self, shop: Shop, operation: BulkOperation, document: DocumentNode, scopes: frozenset[str]
    ) -> None:
        """From CREATED to the end, whatever it is, and its webhook."""
        self.world.faults.stall("bulk")
        fault = self.world.faults.take("bulk", "fail")
        name = f"{uuid.uuid4().hex}.jsonl"
        status, error_code = "COMPLETED", None
        try:
            self.move(operation, "RUNNING")
            with (self.folder / name).open("w") as file:
                self._write(file, Context(self.world, shop, scopes), operation, document, fault)
        except Stopped as stopped:
            status = str(stopped)
            error_code = "INTERNAL_SERVER_ERROR" if status == "FAILED" else None
        except PermissionError:
            status, error_code = "FAILED", "ACCESS_DENIED"
        self.finish(shop, operation, name, status, error_code)

    def _write(
        self,
        file: IO[str],
        context: Context,
        operation: BulkOperation,
        document: DocumentNode,
        fault: Fault | None,
    ) -> None:
        """Write all rows, a chunk of roots at a time; counts as it goes."""
        start = 0
        while True:
            context.window = slice(start, start + CHUNK)
            context.cache.clear()  # orders may have come since the last chunk
            with self.world.lock:
                result = run_query(context, document)
            if result.errors:
                self.world.journal.write(Received("BULK", operation.gid, 0, str(result.errors[0])))
                code = (result.errors[0].extensions or {}).get("code")
                raise PermissionError if code == "ACCESS_DENIED" else Stopped("FAILED")
            rows = list(_rows(result.data or {}))
            roots = [row for row in rows if "__parentId" not in row]
            if not roots:
                return
            for row in _order(rows, grouped=operation.group_objects):
                self.check(operation, fault)
                file.write(json.dumps(row).replace("/", "\\/") + "\n")
                operation.object_count += 1
                time.sleep(self.seconds_per_object)
            operation.root_object_count += len(roots)
            start += CHUNK

    def check(self, operation: BulkOperation, fault: Fault | None) -> None:
        """Stop where a fault or a cancel says so."""
        if operation.status == "CANCELING":
            raise Stopped("CANCELED")
        if fault and operation.object_count >= fault.after:
            raise Stopped("FAILED")

    def move(self, operation: BulkOperation, status: str) -> None:
        """Take it on to `status`, unless it is being cancelled."""
        with self.world.lock:
            if operation.status == "CANCELING":
                raise Stopped("CANCELED")
            operation.status = status

    def finish(
        self, shop: Shop, operation: BulkOperation, name: str, status: str, error_code: str | None
    ) -> None:
        """End it: its file is there to be fetched, and its webhook is sent."""
        path = self.folder / name
        with self.world.lock:
            operation.status, operation.error_code = status, error_code
            operation.completed_at = utc_now()
            if operation.object_count:  # no rows, no file
                operation.file_size = path.stat().st_size
                if status == "COMPLETED":
                    operation.file_name = name
                else:
                    operation.partial_file_name = name
            payload = bulk_payload(shop, operation)
            self.world.emitter.emit(shop, ("bulk_operations/finish", payload))


def bulk_files(world: World) -> Blueprint:
    """`/bulk/<name>`: the result files, streamed, without a token as Shopify's signed links."""
    pages = Blueprint("bulk", __name__)

    @pages.get("/bulk/<name>")
    def result(name: str) -> Response:
        fault = failed_answer(world, "files")
        if fault:
            return fault
        path = world.settings.state / "bulk" / name
        if not path.is_file():
            return Response("Not Found", 404)
        headers = {"Content-Length": str(path.stat().st_size)}
        body = _stream(path)
        if world.faults.take("files", "cut"):
            body = half(path.read_bytes())
        return Response(body, 200, headers, mimetype="application/jsonl")

    return pages


def _stream(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while chunk := file.read(64 * 1024):
            yield chunk


def _rows(data: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The flat rows of a result: a node, then the nodes of its connections."""
    for value in data.values():
        if _is_connection(value):
            for node in _nodes(value):
                yield from _flatten(node, None)
        elif isinstance(value, dict):
            yield from _rows(value)


def _flatten(node: dict[str, Any], parent_id: str | None) -> Iterator[dict[str, Any]]:
    own = {key: value for key, value in node.items() if not _is_connection(value)}
    if parent_id is not None:
        own["__parentId"] = parent_id
    yield own
    for value in node.values():
        if _is_connection(value):
            for child in _nodes(value):
                yield from _flatten(child, node["id"])


def _is_connection(value: Any) -> bool:
    return isinstance(value, dict) and (
        isinstance(value.get("edges"), list) or isinstance(value.get("nodes"), list)
    )


def _nodes(connection: dict[str, Any]) -> list[dict[str, Any]]:
    if isinstance(connection.get("nodes"), list):
        return list(connection["nodes"])
    return [edge["node"] for edge in connection["edges"]]


def _order(rows: list[dict[str, Any]], *, grouped: bool) -> list[dict[str, Any]]:
    """Ungrouped rows: parents in order, children wherever they fall after all of them."""
    if grouped:
        return rows
    parents = [row for row in rows if "__parentId" not in row]
    children = [row for row in rows if "__parentId" in row]
    random.shuffle(children)
    return [*parents, *children]
