"""The discount that owns a code, as Shopify has it now. Never inside a transaction."""

from dataclasses import dataclass
from typing import Any

from shopify_app.platform import client


@dataclass(frozen=True, slots=True)
class Found:
    """A discount by one of its codes. `code_gid`: that code, where it could be told apart.

    `status`: ACTIVE, EXPIRED or SCHEDULED.
    """

    gid: str
    status: str
    tags: frozenset[str]
    code_gid: str | None

    @property
    def works(self) -> bool:
        """Whether its codes can be used, now or later."""
        return self.status != "EXPIRED"


def find(shop_id: int, code: str, **patience: Any) -> Found | None:
    """The discount of `code`, None when the shop has no such code; raises ShopifyError."""
    variables = {"code": code, "search": '"' + code.replace('"', "") + '"'}
    data = client.execute(shop_id, "discount_by_code", variables, **patience)
    node = data.get("codeDiscountNodeByCode")
    if node is None:
        return None
    inside = node.get("codeDiscount") or {}
    codes = (inside.get("codes") or {}).get("nodes") or []
    own = [str(each["id"]) for each in codes if str(each["code"]).upper() == code.upper()]
    return Found(
        gid=str(node["id"]),
        status=str(inside.get("status")),
        tags=frozenset(inside.get("tags") or ()),
        code_gid=own[0] if own else None,
    )
