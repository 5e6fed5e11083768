"""What the till asks of the Shopify stand-in, over HTTP: tokens, people, and orders."""

from __future__ import annotations

import json
import urllib.error
import urllib.parse
import urllib.request
from dataclasses import dataclass
from typing import Any

TIMEOUT_S = 30


class Unanswered(Exception):
    """Shopify refused or did not answer; the message says which."""


@dataclass(frozen=True)
class Sale:
    """What is in the cart: one custom sale of `amount`, and the codes that were added."""

    shop: str
    amount: str
    customer_id: int | None
    location_id: int
    user: int
    codes: tuple[str, ...] = ()

    def as_order(self) -> dict[str, Any]:
        """As the stand-in is asked for it."""
        return {
            "shop": self.shop,
            "source": "pos",
            "customer_id": self.customer_id,
            "lines": [{"title": "Custom sale", "price": self.amount}],
            "location_id": self.location_id,
            "user_id": self.user,
            "discounts": [{"code": code} for code in self.codes],
        }


@dataclass(frozen=True)
class Shopify:
    """The stand-in's control address."""

    url: str

    def state(self, shop: str) -> dict[str, Any]:
        """The shop's staff and locations; LookupError when there is no such shop."""
        found: dict[str, Any] = self._ask(f"/_control/state?{_query(shop=shop)}")
        return found

    def session_token(self, shop: str, user: int) -> str:
        """A session token of the person who is logged in at the till."""
        answer = self._ask(f"/_control/id-token?{_query(shop=shop, user=user)}")
        return str(answer["id_token"])

    def find_customer(self, shop: str, customer_id: int) -> dict[str, Any] | None:
        """A customer as their webhook shows them."""
        everybody = self._ask(f"/_control/customers?{_query(shop=shop)}")
        return next((found for found in everybody if found["id"] == customer_id), None)

    def sell(self, sale: Sale) -> dict[str, Any]:
        """A paid POS order of one custom sale."""
        placed: dict[str, Any] = self._ask("/_control/orders", sale.as_order())
        return placed

    def quote(self, sale: Sale) -> dict[str, str]:
        """What the sale would come to; Unanswered when a code of it is refused."""
        quoted: dict[str, str] = self._ask("/_control/orders/quotes", sale.as_order())
        return quoted

    def _ask(self, path: str, content: dict[str, Any] | None = None) -> Any:
        body = None if content is None else json.dumps(content).encode()
        request = urllib.request.Request(
            self.url + path, body, {"Content-Type": "application/json"}
        )
        try:
            with urllib.request.urlopen(request, timeout=TIMEOUT_S) as response:
                return json.load(response)
        except urllib.error.HTTPError as error:
            text = error.read().decode(errors="replace")
            if error.code == 404:
                raise LookupError(text) from error
            raise Unanswered(text) from error
        except OSError as error:
            raise Unanswered(str(error)) from error


def _query(**values: object) -> str:
    return urllib.parse.urlencode(values)
