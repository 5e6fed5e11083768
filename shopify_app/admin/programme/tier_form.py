"""The form of a shop's tiers: its settings, and a row for each tier.

The invariant: `mark` is the same for the same plan, so that what is saved is what was previewed.
"""

import hashlib
import json
from dataclasses import dataclass, field, replace

from loyalty.base.money import Money
from loyalty.shops.tables import Shop
from loyalty.tiers.ladder import Ladder
from loyalty.tiers.plans import TIERS_MAX, RungText, TierPlan, read_plan
from shopify_app.admin.pages import parse_id
from shopify_app.admin.programme.form import Typed, decimal_text

_COLUMNS = ("id", "name", "threshold", "multiplier")
_FLAGS = ("is_on", "counts_grants", "counts_imports")
_CHOSEN = ("metric", "cycle", "grace_days")

Row = dict[str, str]


@dataclass(frozen=True, slots=True)
class TierForm:
    """What was typed, and what is wrong by field: `tier.0.name` for the first row's name."""

    typed: Typed
    rows: list[Row]
    errors: dict[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, typed: Typed) -> "TierForm":
        """The form as it was sent; a row in which nothing stands is none."""
        rows = []
        for number in range(TIERS_MAX + 1):
            row = {name: typed.text(f"tier.{number}.{name}") for name in _COLUMNS}
            if row["id"] or row["name"] or row["threshold"]:
                rows.append(row)
        return cls(typed, rows)

    @classmethod
    def showing(cls, plan: TierPlan, currency: str) -> "TierForm":
        """The tiers as they are saved."""
        terms = plan.terms
        typed = Typed.showing(
            {
                "is_on": plan.is_on,
                **{name: getattr(terms, name) for name in (*_FLAGS[1:], *_CHOSEN)},
            }
        )
        return cls(
            typed,
            [
                {
                    "id": str(rung.id),
                    "name": rung.name,
                    "threshold": _threshold(rung.threshold, terms.metric, currency),
                    "multiplier": decimal_text(rung.multiplier),
                }
                for rung in plan.ladder.rungs
            ],
        )

    def with_row(self) -> "TierForm":
        """With an empty row at the end, as long as there may be more."""
        if len(self.rows) >= TIERS_MAX:
            return self
        blank = dict.fromkeys(_COLUMNS, "") | {"multiplier": "1"}
        return replace(self, rows=[*self.rows, blank])

    def without_row(self, number: str) -> "TierForm":
        """Without the row of this number."""
        return replace(self, rows=[row for n, row in enumerate(self.rows) if str(n) != number])

    def refused(self, name: str, message: str) -> "TierForm":
        """With the message beside its field: `tiers[2].threshold` is `tier.2.threshold`."""
        place = name.replace("tiers[", "tier.").replace("]", "")
        if place.endswith(".id"):
            place = place.removesuffix("id") + "name"
        return replace(self, errors={place: message})

    def plan(self, shop: Shop, present: Ladder) -> TierPlan:
        """What is typed as a plan. Raises BadTier."""
        typed = self.typed
        return read_plan(
            is_on=typed.has("is_on"),
            metric=typed.text("metric"),
            cycle=typed.text("cycle"),
            grace_days=typed.text("grace_days"),
            counts_grants=typed.has("counts_grants"),
            counts_imports=typed.has("counts_imports"),
            rungs=[_rung(row) for row in self.rows],
            currency=shop.currency,
            zone=shop.timezone,
            known={rung.id: rung.name for rung in present.rungs},
        )

    @property
    def mark(self) -> str:
        """A short text of all that is typed."""
        facts = (
            [self.typed.has(name) for name in _FLAGS],
            [self.typed.text(name) for name in _CHOSEN],
            self.rows,
        )
        return hashlib.sha256(json.dumps(facts).encode()).hexdigest()[:16]


def _rung(row: Row) -> RungText:
    return RungText(
        id=parse_id(row["id"]) if row["id"] else None,
        name=row["name"],
        threshold=row["threshold"],
        multiplier=row["multiplier"],
    )


def _threshold(threshold: int, metric: str, currency: str) -> str:
    return str(threshold) if metric == "points" else str(Money(threshold, currency).decimal())
