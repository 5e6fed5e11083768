"""Bulk operations: start one, or cancel it."""

from __future__ import annotations

from typing import Any

from ..context import Context
from ..errors import refuse
from ..registry import resolves
from .helpers import wanted


@resolves("Mutation", "bulkOperationRunQuery")
def run_query(source: Any, context: Context, arguments: dict[str, Any]) -> Any:
    operation = context.world.bulk.start(
        context.shop, arguments["query"], group_objects=arguments["groupObjects"]
    )
    return {"bulkOperation": operation}


@resolves("Mutation", "bulkOperationRunMutation")
def run_mutation(source: Any, context: Context, arguments: dict[str, Any]) -> Any:
    operation = context.world.run_bulk_mutation(
        context.shop, arguments["mutation"], arguments["stagedUploadPath"]
    )
    return {"bulkOperation": operation}


@resolves("Mutation", "bulkOperationCancel")
def cancel(source: Any, context: Context, arguments: dict[str, Any]) -> Any:
    operation = wanted(context, arguments["id"], "BulkOperation")
    if operation.status not in ("CREATED", "RUNNING"):
        message = "A bulk operation cannot be canceled when it is completed"
        raise refuse(message, ["id"])
    operation.status = "CANCELING"
    return {"bulkOperation": operation}
