"""A discount with many codes: made once, its codes added in bulk, which Shopify does a while later.

The invariant: a code asked for twice is in the pool once. Never inside a transaction.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from loyalty.redemption.terms import Terms
from shopify_app.platform import client
from shopify_app.platform.discounts.finding import find
from shopify_app.platform.discounts.making import TAKEN, make
from shopify_app.platform.discounts.promises import Promise
from shopify_app.platform.discounts.refusals import code_in_words, in_words
from shopify_app.platform.errors import ShapeError, ShopifyError, UserErrors
from shopify_app.platform.payloads.reading import object_at, objects_at

CODES_AT_ONCE_MAX = 250
"""Shopify refuses more codes in one call."""
_PASSING = {"INTERNAL_ERROR"}
_NOT_MADE = "NOT_MADE"
"""Our word for a code of which Shopify says neither that it is there nor why not."""


class CodesRefused(Exception):
    """Shopify adds none of the codes it was asked for; the message is for people.

    `by_code`: the codes that it names → its error code. Empty: it names none, and means all.
    """

    def __init__(self, reason: str, by_code: Mapping[str, str]) -> None:
        super().__init__(reason)
        self.by_code = by_code


@dataclass(frozen=True, slots=True)
class PoolTerms:
    """What each code of a pool is worth. `tag`: by which its discount is known again.

    `first_code`: Shopify makes no discount without one; nobody need be given it.
    `ends_at` None: no end.
    """

    tag: str
    first_code: str
    terms: Terms
    starts_at: datetime
    ends_at: datetime | None


@dataclass(frozen=True, slots=True)
class Adding:
    """How far an addition of codes is. `refused`: code → Shopify's error code.

    A code that was in this pool already is not among the refused.
    """

    is_done: bool
    added: int
    refused: dict[str, str]

    @property
    def foreign(self) -> set[str]:
        """The codes that other discounts of the shop have."""
        return {code for code, error in self.refused.items() if error in TAKEN}

    @property
    def failed(self) -> set[str]:
        """The codes that may be asked for again as they are."""
        passing = {*_PASSING, _NOT_MADE}
        return {code for code, error in self.refused.items() if error in passing}

    @property
    def unwanted(self) -> dict[str, str]:
        """The codes that Shopify will never take → why, for people."""
        others = self.refused.keys() - self.foreign - self.failed
        return {code: code_in_words(self.refused[code]) for code in others}


def make_pool(shop_id: int, wanted: PoolTerms, **patience: Any) -> str:
    """The gid of the pool's discount, made unless it is there already.

    Anybody may use its codes: Shopify cannot bind one of many to a customer. Raises CodeTaken,
    DiscountRefused, ShopifyError.
    """
    promise = Promise(
        tag=wanted.tag,
        code=wanted.first_code,
        terms=wanted.terms,
        customer_ids=(),
        starts_at=wanted.starts_at,
        ends_at=wanted.ends_at,
        is_pool=True,
    )
    return make(shop_id, promise, **patience)


def add_codes(shop_id: int, gid: str, codes: Sequence[str], **patience: Any) -> str:
    """Ask Shopify to add up to 250 codes to the pool; what to give `poll_codes`.

    An answer that is lost may be asked for again: see Adding. Raises CodesRefused, ShopifyError.
    """
    assert 0 < len(codes) <= CODES_AT_ONCE_MAX
    variables = {"discountId": gid, "codes": [{"code": code} for code in codes]}
    try:
        data = client.execute(shop_id, "redeem_codes_add", variables, **patience)
    except UserErrors as refusal:
        if refusal.codes == _PASSING:
            raise ShopifyError(str(refusal), retryable=True) from refusal
        raise CodesRefused(str(in_words(refusal)), _named(refusal, codes)) from refusal
    creation = (data.get("discountRedeemCodeBulkAdd") or {}).get("bulkCreation")
    if not isinstance(creation, dict) or not creation.get("id"):
        raise ShapeError("bulkCreation")
    return str(creation["id"])


def poll_codes(shop_id: int, gid: str, adding_gid: str, **patience: Any) -> Adding | None:
    """How far the addition `adding_gid` to the pool `gid` is; None when Shopify knows none such.

    Its codes are asked for only once it is done and some were refused. Raises ShopifyError.
    """
    data = client.execute(shop_id, "redeem_codes_creation", {"id": adding_gid}, **patience)
    creation = data.get("discountRedeemCodeBulkCreation")
    if creation is None:
        return None
    refused: dict[str, str] = {}
    present = 0
    lacks = creation["done"] and int(creation["importedCount"]) < int(creation["codesCount"])
    for node in _read_codes(shop_id, adding_gid, patience) if lacks else ():
        errors = {str(error["code"]) for error in node["errors"]}
        if errors & TAKEN and has_code(shop_id, gid, node["code"], **patience):
            present += 1
        elif errors or node["discountRedeemCode"] is None:
            # Of a discount that was deleted meanwhile it makes no code, and gives no reason.
            refused[str(node["code"])] = min(errors, default=_NOT_MADE)
    return Adding(bool(creation["done"]), int(creation["importedCount"]) + present, refused)


def _named(refusal: UserErrors, codes: Sequence[str]) -> dict[str, str]:
    """The codes at which Shopify's errors point (`codes`, `3`, `code`), or the only one."""
    named: dict[str, str] = {}
    for error in refusal.errors:
        place, *rest = [str(part) for part in error.get("field") or ("",)]
        numbers = [int(part) for part in rest[:1] if part.isdigit()] or [0] * (len(codes) == 1)
        if place == "codes" and numbers and numbers[0] < len(codes):
            named[codes[numbers[0]]] = str(error.get("code") or "")
    return named


def _read_codes(
    shop_id: int, adding_gid: str, patience: dict[str, Any]
) -> Iterator[Mapping[str, Any]]:
    variables: dict[str, Any] = {"id": adding_gid}
    while True:
        data = client.execute(shop_id, "redeem_codes_refused", variables, **patience)
        page = object_at(object_at(data, "discountRedeemCodeBulkCreation"), "codes")
        yield from objects_at(page, "nodes")
        if not page["pageInfo"]["hasNextPage"]:
            return
        variables["after"] = page["pageInfo"]["endCursor"]


def has_code(shop_id: int, gid: str, code: str, **patience: Any) -> bool:
    """Whether the code belongs to the pool; raises ShopifyError."""
    found = find(shop_id, code, **patience)
    return found is not None and found.gid == gid
