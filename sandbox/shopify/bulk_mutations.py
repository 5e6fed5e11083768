"""Bulk operations that write: one mutation, run once for each line of variables that was uploaded.

Each line's answer stands in the result's file, with the number of its line; a line that was refused
has its userErrors there, and the others are done all the same.
"""

from __future__ import annotations

import json
import threading
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

from graphql import (
    DocumentNode,
    GraphQLError,
    NoDeprecatedCustomRule,
    OperationDefinitionNode,
    parse,
    validate,
)

from .admin_api.context import Context
from .admin_api.endpoint import run_mutation
from .admin_api.errors import refuse, validation_error
from .admin_api.schema import load_schema
from .bulk import AT_ONCE_MAX, BulkRunner, Stopped
from .clock import utc_now
from .faults import Fault
from .store.discounts import BulkOperation
from .store.shop import Shop

_UNLIKE_OTHERS = ("bulkOperationRunQuery", "bulkOperationRunMutation", "stagedUploadsCreate")


def start(runner: BulkRunner, shop: Shop, mutation: str, path: str) -> BulkOperation:
    """A new operation in CREATED; UserErrors when the mutation, its file or its moment is wrong."""
    document = _check(mutation)
    live = [b for b in shop.all("BulkOperation") if b.status in ("CREATED", "RUNNING")]
    if len([b for b in live if b.type == "MUTATION"]) >= AT_ONCE_MAX:
        message = f"A maximum of {AT_ONCE_MAX} bulk mutations can run at once for this shop."
        raise refuse(message, None, "OPERATION_IN_PROGRESS")
    file = runner.world.uploads.find(path, shop.id)
    if file is None:
        message = "The JSONL file could not be found. Try uploading the file again."
        raise refuse(message, ["stagedUploadPath"], "NO_SUCH_FILE")
    number = shop.next_id("BulkOperation")
    operation = BulkOperation(number, mutation, utc_now(), type="MUTATION")
    shop.add(operation)
    context = Context(runner.world, shop, frozenset(shop.granted_scopes))
    threading.Thread(
        target=_run, args=(runner, context, operation, document, file), daemon=True
    ).start()
    return operation


def _check(mutation: str) -> DocumentNode:
    """The parsed mutation, else UserErrors."""
    try:
        document = parse(mutation)
    except GraphQLError as error:
        raise _invalid(error.message) from error
    schema = load_schema().schema
    errors = validate(schema, document) or validate(schema, document, [NoDeprecatedCustomRule])
    if errors:
        raise _invalid(str(validation_error(errors[0])["message"]))
    operations = [d for d in document.definitions if isinstance(d, OperationDefinitionNode)]
    if len(operations) != 1 or operations[0].operation.value != "mutation":
        raise _invalid("it must contain exactly one mutation")
    fields = [getattr(s, "name", None) for s in operations[0].selection_set.selections]
    names = [field.value for field in fields if field is not None]
    if len(names) != 1 or names[0] in _UNLIKE_OTHERS:
        raise _invalid("it must run exactly one mutation that may be run in bulk")
    return document


def _run(
    runner: BulkRunner,
    context: Context,
    operation: BulkOperation,
    document: DocumentNode,
    uploaded: Path,
) -> None:
    """From CREATED to the end, whatever it is, and its webhook."""
    runner.world.faults.stall("bulk")
    fault = runner.world.faults.take("bulk", "fail")
    name = f"{uuid.uuid4().hex}.jsonl"
    status, error_code = "COMPLETED", None
    try:
        runner.move(operation, "RUNNING")
        with (runner.folder / name).open("w") as file:
            _write(runner, context, operation, document, uploaded, file, fault)
    except Stopped as stopped:
        status = str(stopped)
        error_code = "INTERNAL_SERVER_ERROR" if status == "FAILED" else None
    runner.finish(context.shop, operation, name, status, error_code)


def _write(
    runner: BulkRunner,
    context: Context,
    operation: BulkOperation,
    document: DocumentNode,
    uploaded: Path,
    file: IO[str],
    fault: Fault | None,
) -> None:
    for number, variables in enumerate(_lines(uploaded)):
        runner.check(operation, fault)
        row: dict[str, Any]
        if variables is None:
            row = {"errors": [{"message": "Invalid JSON"}]}
        else:
            context.now = utc_now()
            context.cache.clear()
            with runner.world.lock:
                row = run_mutation(context, document, variables)
        file.write(json.dumps({**row, "__lineNumber": number}) + "\n")
        operation.object_count += 1
        operation.root_object_count += 1
        time.sleep(runner.seconds_per_object)


def _lines(uploaded: Path) -> Iterator[dict[str, Any] | None]:
    with uploaded.open() as file:
        for line in file:
            if not line.strip():
                continue
            try:
                variables = json.loads(line)
            except ValueError:
                variables = None
            yield variables if isinstance(variables, dict) else None


def _invalid(message: str) -> Exception:
    return refuse(f"Invalid bulk mutation: {message}", ["mutation"], "INVALID_MUTATION")
