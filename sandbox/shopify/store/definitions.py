"""What an app says of its metafields before it writes them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar

from .records import Record


@dataclass
class MetafieldDefinition(Record):
    """The definition of one key of an owner type. `namespace` is the full one, never `$app:`."""

    typename: ClassVar[str] = "MetafieldDefinition"
    name: str
    namespace: str
    key: str
    owner_type: str
    type_name: str
    access: dict[str, Any]
    capabilities: dict[str, Any]
    created_at: datetime
