"""What a rule or promotion asks of an order and its lines, typed; JSON only at the edge.

The invariant: `read_conditions(write_conditions(c)) == c`, and nothing unknown is read past.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from loyalty.base.errors import BadRule
from loyalty.base.said import said

_ENTRIES_MAX = 250
_TEXT_MAX = 255
_ID_MAX = 2**63 - 1
_MINIMUM_MAX = 10**15


@dataclass(frozen=True, slots=True)
class Conditions:
    """All that are set must hold; of one list any entry will do. Empty asks nothing.

    `collections`, `products` and `tags` choose lines; the others ask the whole order.
    `channels` are Shopify's source names (web, pos …), `locations` its ids; `minimum_minor`
    is a bound that may be met exactly.
    """

    collections: frozenset[int] = frozenset()
    products: frozenset[int] = frozenset()
    tags: frozenset[str] = frozenset()
    channels: frozenset[str] = frozenset()
    locations: frozenset[int] = frozenset()
    first_order: bool = False
    minimum_minor: int | None = None

    @property
    def asks_for_products(self) -> bool:
        """Whether it takes more than a line's product id to answer: the mirror of products."""
        return bool(self.collections or self.tags)


def tag_key(tag: str) -> str:
    """How a product's tag is compared: Shopify's tags know no case."""
    return tag.strip().casefold()


def read_conditions(stored: object) -> Conditions:
    """The conditions of a JSON object; raises BadRule naming what cannot work."""
    if not isinstance(stored, Mapping):
        raise BadRule("conditions", said("is no object"))
    unknown = sorted(set(map(str, stored)) - {field.name for field in fields(Conditions)})
    if unknown:
        raise BadRule(f"conditions.{unknown[0][:40]}", said("is no condition of ours"))
    return Conditions(
        collections=_ids(stored, "collections"),
        products=_ids(stored, "products"),
        tags=frozenset(tag_key(tag) for tag in _texts(stored, "tags")),
        channels=frozenset(channel.strip().lower() for channel in _texts(stored, "channels")),
        locations=_ids(stored, "locations"),
        first_order=_flag(stored, "first_order"),
        minimum_minor=_minimum(stored),
    )


def write_conditions(conditions: Conditions) -> dict[str, Any]:
    """The JSON object of what is set, lists sorted."""
    written: dict[str, Any] = {}
    for field in fields(conditions):
        value = getattr(conditions, field.name)
        if isinstance(value, frozenset):
            value = sorted(value)
        if value not in ([], False, None):
            written[field.name] = value
    return written


def _ids(stored: Mapping[str, Any], name: str) -> frozenset[int]:
    for value in _entries(stored, name):
        if not isinstance(value, int) or isinstance(value, bool) or not 0 < value <= _ID_MAX:
            raise BadRule(f"conditions.{name}", said("holds something that is no id of Shopify's"))
    return frozenset(_entries(stored, name))


def _texts(stored: Mapping[str, Any], name: str) -> list[str]:
    for value in _entries(stored, name):
        if not isinstance(value, str) or not value.strip() or len(value) > _TEXT_MAX:
            raise BadRule(
                f"conditions.{name}",
                said("holds something that is no text of 1–%(most)s", most=_TEXT_MAX),
            )
    return _entries(stored, name)


def _entries(stored: Mapping[str, Any], name: str) -> list[Any]:
    value = stored.get(name, [])
    if not isinstance(value, list):
        raise BadRule(f"conditions.{name}", said("is no list"))
    if name in stored and not value:
        raise BadRule(f"conditions.{name}", said("is empty, so nothing could ever match it"))
    if len(value) > _ENTRIES_MAX:
        raise BadRule(
            f"conditions.{name}", said("has more than %(most)s entries", most=_ENTRIES_MAX)
        )
    return value


def _flag(stored: Mapping[str, Any], name: str) -> bool:
    value = stored.get(name, False)
    if not isinstance(value, bool):
        raise BadRule(f"conditions.{name}", said("is neither true nor false"))
    return value


def _minimum(stored: Mapping[str, Any]) -> int | None:
    value = stored.get("minimum_minor")
    if value is None:
        return None
    if not isinstance(value, int) or isinstance(value, bool) or not 0 < value <= _MINIMUM_MAX:
        raise BadRule("conditions.minimum_minor", said("is no amount above zero in minor units"))
    return value
