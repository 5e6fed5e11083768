"""Errors in the shapes that Shopify gives them."""

from __future__ import annotations

import re
from typing import Any

from graphql import GraphQLError

_NO_FIELD = re.compile(r"Cannot query field '(\w+)' on type '(\w+)'")


class UserErrors(Exception):
    """A mutation's refusal: it becomes the payload's userErrors, with nothing changed."""

    def __init__(self, *errors: dict[str, Any]) -> None:
        super().__init__(str(errors))
        self.errors = list(errors)


def refuse(message: str, field: list[str] | None = None, code: str | None = None) -> UserErrors:
    """A refusal with one error."""
    return UserErrors({"field": field, "message": message, "code": code})


def not_modelled(what: str) -> GraphQLError:
    """The store does not know this; it says so rather than to invent."""
    message = f"{what} is not modelled by this stand-in"
    return GraphQLError(message, extensions={"code": "NOT_MODELLED"})


def bad_request(message: str, code: str = "BAD_REQUEST") -> GraphQLError:
    """A query that Shopify refuses while it runs it."""
    return GraphQLError(message, extensions={"code": code})


def access_denied(field: str, sentence: str) -> GraphQLError:
    """The token lacks a scope."""
    return GraphQLError(
        f"Access denied for {field} field. Required access: {sentence}",
        extensions={
            "code": "ACCESS_DENIED",
            "documentation": "https://shopify.dev/api/usage/access-scopes",
            "requiredAccess": sentence,
        },
    )


def validation_error(error: GraphQLError) -> dict[str, Any]:
    """A document's error as Shopify words it."""
    shown = error.formatted
    found = _NO_FIELD.match(error.message)
    if found:
        field, typename = found.groups()
        return {
            **shown,
            "message": f"Field '{field}' doesn't exist on type '{typename}'",
            "extensions": {"code": "undefinedField", "typeName": typename, "fieldName": field},
        }
    return {**shown, "extensions": {"code": "graphqlValidation", **(error.extensions or {})}}
