"""Who may read what: the schema's own access scopes, checked field by field."""

from __future__ import annotations

import re

from .context import Context
from .errors import access_denied
from .schema import Requirement, load_schema

# Mutations whose rows name no scope although Shopify asks for one.
EXTRA = {
    ("Mutation", "refundCreate"): Requirement(
        ("write_orders", "write_marketplace_orders"), "`write_orders` access scope."
    ),
}
# "… Also: Requires `x`" names a scope that is needed besides.
_ALSO = re.compile(r"Also: Requires `(\w+)`")


def check_access(context: Context, parent: str, field: str, returned: str) -> None:
    """ACCESS_DENIED unless the token may use this field and read what it returns."""
    key = (parent, field)
    if key not in context.cache:
        context.cache[key] = _missing(context, parent, field, returned)
    sentence = context.cache[key]
    if sentence:
        raise access_denied(field, sentence)


def _missing(context: Context, parent: str, field: str, returned: str) -> str | None:
    """What is lacking, in Shopify's words; None when nothing is."""
    known = load_schema()
    # A connection is as private as what it connects.
    returned = returned.removesuffix("Connection").removesuffix("Edge")
    needed = [
        known.fields.get((parent, field)) or EXTRA.get((parent, field)),
        known.types.get(returned),
    ]
    for requirement in needed:
        if requirement and not _satisfied(context, requirement):
            return requirement.sentence
    return None


def _satisfied(context: Context, requirement: Requirement) -> bool:
    also = _ALSO.findall(requirement.sentence)
    first = [scope for scope in requirement.any_of if scope not in also]
    return any(map(context.has, first or requirement.any_of)) and all(map(context.has, also))
