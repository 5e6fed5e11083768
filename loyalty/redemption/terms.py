"""What a redemption promises, fixed when it was made: what its discount is made of.

The invariant: a reward that changes later changes no terms, and terms read back equal themselves.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from decimal import Decimal
from typing import Any, Self

from loyalty.rewards.tables import Reward

CLASSES = ("order", "product", "shipping")
"""What a discount may be combined with."""


@dataclass(frozen=True, slots=True)
class Terms:
    """The promise. Money in minor units of `currency`; `percentage` of 100.

    `amount_minor`: of a fixed amount or store credit, for the points that were paid.
    `code_source`: made, stock or none (store credit has no code). `combines_with`: those of
    CLASSES that the discount may meet. `asked_points`, `cart_minor`: as the wish said.
    """

    kind: str
    name: str
    currency: str
    code_source: str
    validity_days: int
    amount_minor: int | None = None
    percentage: Decimal | None = None
    product_id: int | None = None
    variant_id: int | None = None
    minimum_cart_minor: int = 0
    combines_with: frozenset[str] = frozenset()
    asked_points: int | None = None
    cart_minor: int | None = None

    @property
    def has_code(self) -> bool:
        """Whether a code is what the member gets."""
        return self.code_source != "none"

    @classmethod
    def of(
        cls,
        reward: Reward,
        currency: str,
        *,
        amount_minor: int | None,
        asked_points: int | None,
        cart_minor: int | None,
    ) -> Self:
        """The reward's terms as they stand now."""
        return cls(
            kind=reward.kind,
            name=reward.name,
            currency=currency,
            code_source="none" if reward.kind == "store_credit" else reward.code_source,
            validity_days=reward.validity_days,
            amount_minor=amount_minor,
            percentage=reward.percentage,
            product_id=reward.product_id,
            variant_id=reward.variant_id,
            minimum_cart_minor=reward.minimum_cart_minor,
            combines_with=frozenset(name for name in CLASSES if reward.combines_with.get(name)),
            asked_points=asked_points,
            cart_minor=cart_minor,
        )

    def to_json(self) -> dict[str, Any]:
        """As a redemption keeps them: decimals as text, sets as sorted lists."""
        return asdict(self) | {
            "percentage": None if self.percentage is None else str(self.percentage),
            "combines_with": sorted(self.combines_with),
        }

    @classmethod
    def from_json(cls, kept: Mapping[str, Any]) -> Self:
        """The terms that `to_json` wrote; what a later release added is as by default."""
        known = {field.name for field in fields(cls)}
        found = {name: value for name, value in kept.items() if name in known}
        percentage = found.get("percentage")
        return cls(
            **found
            | {
                "percentage": None if percentage is None else Decimal(percentage),
                "combines_with": frozenset(found.get("combines_with", ())),
            }
        )
