"""Awards as they lie on the desk: stored ones, and those that are being made, in memory."""

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Self
from uuid import UUID

from loyalty.earning.model import AwardPlan


@dataclass(slots=True)
class ShareSheet:
    """A line's share of an award; `basis` is weighted, `basis_minor` not."""

    line_id: int
    quantity: int
    basis: Decimal
    basis_minor: int
    promotion_id: UUID | None
    promotion_multiplier: Decimal


@dataclass(slots=True)
class AwardSheet:
    """An award. `standing_points`: what the ledger still holds of `points`.

    `added_at`: when its pieces were added to the order; None for those it was first looked at with.
    """

    rule_id: UUID
    number: int
    member_id: UUID
    rule_version: int
    basis: Decimal
    points: int
    standing_points: int
    forgiven_points: int
    tier_id: UUID | None
    tier_multiplier: Decimal
    awarded_at: datetime
    added_at: datetime | None = None
    shares: list[ShareSheet] = field(default_factory=list)
    is_new: bool = False
    is_changed: bool = False

    @classmethod
    def of(
        cls,
        plan: AwardPlan,
        number: int,
        member_id: UUID,
        now: datetime,
        *,
        added_at: datetime | None = None,
    ) -> Self:
        """A new award, of which the ledger holds nothing yet."""
        return cls(
            rule_id=plan.rule_id,
            number=number,
            member_id=member_id,
            rule_version=plan.rule_version,
            basis=plan.basis,
            points=plan.points,
            standing_points=0,
            forgiven_points=0,
            tier_id=plan.tier_id,
            tier_multiplier=plan.tier_multiplier,
            awarded_at=now,
            added_at=added_at,
            shares=[
                ShareSheet(
                    line.line_id,
                    line.quantity,
                    line.basis,
                    line.basis_minor,
                    line.promotion_id,
                    line.promotion_multiplier,
                )
                for line in plan.lines
            ],
            is_new=True,
        )
