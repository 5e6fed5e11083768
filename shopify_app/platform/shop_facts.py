"""What Shopify says of a shop itself, by GraphQL: its name, currency, zone and address for mail."""

from dataclasses import asdict, dataclass
from typing import Any

from shopify_app.platform import graphql_calls
from shopify_app.platform.errors import ShapeError


@dataclass(frozen=True, slots=True)
class ShopFacts:
    """The arguments of an install that are Shopify's to say."""

    name: str
    currency: str
    timezone: str
    email: str | None

    def as_arguments(self) -> dict[str, Any]:
        """The facts by name."""
        return asdict(self)


def fetch(domain: str, access_token: str) -> ShopFacts:
    """The facts of the shop that `access_token` belongs to; a merchant waits: two tries."""
    return read(graphql_calls.call(domain, access_token, "shop_info", attempts_max=2))


def read(data: dict[str, Any]) -> ShopFacts:
    """The facts in an answer of shop_info."""
    try:
        shop = data["shop"]
        return ShopFacts(
            name=str(shop["name"]),
            currency=str(shop["currencyCode"]),
            timezone=str(shop["ianaTimezone"]),
            email=shop.get("email") or None,
        )
    except (KeyError, TypeError) as error:
        raise ShapeError("shop_info") from error
