"""What a rule's conditions can choose of: collections, locations, products by name. Reads only.

The invariant: what is chosen already is among the choices, however many there are.
"""

from collections.abc import Collection as Many
from dataclasses import dataclass

from sqlalchemy import and_, or_, select
from sqlalchemy.orm import Session

from loyalty.catalogue.tables import Collection, Product
from loyalty.shops.tables import Location
from shopify_app.admin.programme.form import Typed, numbers

LISTED_MAX = 250


@dataclass(frozen=True, slots=True)
class Choices:
    """Ids as text with their titles; `has_more`: of collections, the first alone are listed."""

    collections: list[tuple[str, str]]
    locations: list[tuple[str, str]]
    products: list[str]
    has_more: bool


def read_choices(session: Session, shop_id: int, form: Typed) -> Choices:
    """Those for the conditions of this form."""
    chosen = _ids(form.chosen("collections"))
    rows = session.execute(
        select(Collection.collection_id, Collection.title)
        .where(
            Collection.shop_id == shop_id,
            or_(Collection.deleted_at.is_(None), Collection.collection_id.in_(chosen)),
        )
        .order_by(Collection.collection_id.in_(chosen).desc(), Collection.title)
        .limit(LISTED_MAX + len(chosen) + 1)
    ).all()
    places = session.execute(
        select(Location.location_id, Location.name)
        .where(
            Location.shop_id == shop_id,
            or_(
                and_(Location.deleted_at.is_(None), Location.is_active),
                Location.location_id.in_(_ids(form.chosen("locations"))),
            ),
        )
        .order_by(Location.name)
    )
    titles = session.scalars(
        select(Product.title)
        .where(Product.shop_id == shop_id, Product.product_id.in_(_ids(form.listed("products"))))
        .order_by(Product.title)
    )
    shown_max = LISTED_MAX + len(chosen)
    return Choices(
        collections=[(str(row.collection_id), row.title) for row in rows[:shown_max]],
        locations=[(str(row.location_id), row.name) for row in places],
        products=list(titles),
        has_more=len(rows) > shown_max,
    )


def _ids(parts: Many[str]) -> list[int]:
    found = numbers(parts)
    return [each for each in found if isinstance(each, int) and each < 2**63]
