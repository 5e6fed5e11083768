"""What every resolver knows: the world, the shop, the token's scopes and who asks."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from ..clock import utc_now
from ..store.orders import Order
from ..store.shop import Shop
from .errors import access_denied

if TYPE_CHECKING:
    from ..world import World

HISTORY = timedelta(days=60)


@dataclass
class Context:
    """One execution. `window` is the slice of root nodes that a bulk operation is at."""

    world: World
    shop: Shop
    scopes: frozenset[str]
    now: datetime = field(default_factory=utc_now)
    window: slice | None = None
    cache: dict[Any, Any] = field(default_factory=dict)

    def has(self, scope: str) -> bool:
        """Whether the token grants a scope; to write is to read."""
        if scope in self.scopes:
            return True
        return scope.startswith("read_") and f"write_{scope[5:]}" in self.scopes

    def require(self, scope: str, field_name: str) -> None:
        """ACCESS_DENIED unless the token grants it."""
        if not self.has(scope):
            raise access_denied(field_name, f"`{scope}` access scope.")

    def visible_orders(self) -> list[Order]:
        """The shop's orders; without read_all_orders the last 60 days of them."""
        orders: list[Order] = self.shop.all("Order")
        if "read_all_orders" in self.scopes:
            return orders
        return [order for order in orders if order.created_at > self.now - HISTORY]

    def sees(self, order: Order) -> bool:
        """Whether this order is within what the token may read."""
        return "read_all_orders" in self.scopes or order.created_at > self.now - HISTORY

    def namespace(self, given: str | None) -> str:
        """The full name of a metafield namespace: `$app:x` belongs to our app alone."""
        reserved = f"app--{self.world.settings.app_id}"
        if not given or given == "$app":
            return reserved
        return given.replace("$app:", f"{reserved}--", 1) if given.startswith("$app:") else given
