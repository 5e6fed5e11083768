"""Tables of shops. `shop_directory` alone has no policy: it maps domains to shop ids."""

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, ForeignKeyConstraint, Sequence
from sqlalchemy.orm import Mapped, mapped_column

from loyalty.base.db import Base

shop_id_sequence = Sequence("shop_id_seq", metadata=Base.metadata)


class ShopDirectory(Base):
    """Domain → shop id, for requests that name a shop by its domain.

    The app's role reads it through find_shop() and register_shop() alone.
    """

    __tablename__ = "shop_directory"

    domain: Mapped[str] = mapped_column(primary_key=True)
    shop_id: Mapped[int] = mapped_column(BigInteger, unique=True)


class Shop(Base):
    """A tenant. `status` is installed, needs_reauth or uninstalled.

    `earning_since`: orders created before it are history and earn nothing.
    """

    __tablename__ = "shop"

    shop_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    domain: Mapped[str]
    name: Mapped[str]
    currency: Mapped[str]
    timezone: Mapped[str]
    locale: Mapped[str] = mapped_column(server_default="en")
    email: Mapped[str | None]
    status: Mapped[str]
    shopify_updated_at: Mapped[datetime | None]
    earning_since: Mapped[datetime]
    installed_at: Mapped[datetime]
    uninstalled_at: Mapped[datetime | None]


class Location(Base):
    """A place of the shop where customers come. One that was deleted stays, inactive.

    uq (shop_id, location_id): the webhook's and back-fill's upsert.
    """

    __tablename__ = "location"
    __table_args__ = (
        ForeignKeyConstraint(["shop_id"], ["shop.shop_id"], name="fk_location__shop"),
    )

    shop_id: Mapped[int] = mapped_column(primary_key=True)
    location_id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    is_active: Mapped[bool]
    address: Mapped[dict[str, Any]]
    latitude: Mapped[str | None]
    longitude: Mapped[str | None]
    shopify_updated_at: Mapped[datetime | None]
    deleted_at: Mapped[datetime | None]


class StaffMember(Base):
    """Someone who works in the shop's admin, as their session token's `sub` names them.

    pk (shop_id, user_id): the name beside an audit row.
    """

    __tablename__ = "staff_member"
    __table_args__ = (
        ForeignKeyConstraint(["shop_id"], ["shop.shop_id"], name="fk_staff_member__shop"),
    )

    shop_id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    email: Mapped[str | None]
    seen_at: Mapped[datetime]
