"""What operator commands share: who acts, in which shop, and how a refusal is told.

The invariant: what is refused ends the command with the field or the code and the reason.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import click
from sqlalchemy.orm import Session

from jobs import overview
from loyalty.audit import Actor
from loyalty.base import db
from loyalty.base.errors import LoyaltyError
from loyalty.shops.directory import get_shop
from loyalty.shops.tables import Shop

OPERATOR = Actor("operator", "command")

shop_option = click.option("--shop", "domain", required=True, help="The shop's myshopify domain.")
any_shop_option = click.option("--shop", "domain", help="Only this shop (its myshopify domain).")
member_option = click.option(
    "--member", "member_id", type=click.UUID, required=True, help="The member's id."
)


def list_shops(domain: str | None) -> Sequence[overview.ListedShop]:
    """The shop of `domain`, or all of them; an unknown domain ends the command."""
    with db.shopless_transaction() as session:
        shops = [s for s in overview.list_shops(session) if domain in (None, s.domain)]
    if domain is not None and not shops:
        raise click.ClickException(f"no shop {domain}")
    return shops


def shop_id_of(domain: str) -> int:
    """The shop's id; an unknown domain ends the command."""
    (shop,) = list_shops(domain)
    return shop.shop_id


@contextmanager
def inside(domain: str) -> Iterator[tuple[Session, Shop]]:
    """A transaction inside the shop, whose refusals are told."""
    shop_id = shop_id_of(domain)
    with refusals(), db.shop_transaction(shop_id) as session:
        yield session, get_shop(session, shop_id)


@contextmanager
def refusals() -> Iterator[None]:
    """Say what was refused, with the field at fault where there is one."""
    try:
        yield
    except LoyaltyError as error:
        field = getattr(error, "field", None)
        raise click.ClickException(f"{field or error.code}: {error}") from error
