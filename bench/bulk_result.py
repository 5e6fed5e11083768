"""Serves made-up results of Shopify's bulk operations over HTTP, a line at a time, from no file.

argv: port, customers, orders. GET /customers and /orders; what it says is the same every time.
"""

import json
import sys
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

LINES = 2
_CUSTOMER, _ORDER, _LINE = 7_987_654_321_002, 5_987_654_321_001, 6_987_654_321_003
_AT, _CHUNK = "2025-03-04T12:00:00Z", 500


def _money(amount: str) -> dict[str, object]:
    return {"shopMoney": {"amount": amount, "currencyCode": "USD"}}


CUSTOMER = json.dumps(
    {
        "id": f"gid://shopify/Customer/{_CUSTOMER}",
        "firstName": "Alice",
        "lastName": f"No {_CUSTOMER}",
        "state": "DISABLED",
        "verifiedEmail": True,
        "createdAt": _AT,
        "updatedAt": _AT,
        "numberOfOrders": "5",
        "defaultAddress": {
            "address1": "1 Main Street",
            "address2": None,
            "city": "Springfield",
            "provinceCode": "IL",
            "zip": "62701",
            "countryCodeV2": "US",
        },
        "defaultEmailAddress": {"emailAddress": f"{_CUSTOMER}@example.com"},
        "defaultPhoneNumber": None,
    }
)
ORDER = json.dumps(
    {
        "id": f"gid://shopify/Order/{_ORDER}",
        "name": f"#{_ORDER}",
        "test": False,
        "createdAt": _AT,
        "processedAt": _AT,
        "updatedAt": _AT,
        "cancelledAt": None,
        "displayFinancialStatus": "PAID",
        "sourceName": "web",
        "taxesIncluded": False,
        "customer": {"id": f"gid://shopify/Customer/{_CUSTOMER}"},
        "retailLocation": None,
        "totalPriceSet": _money("52.00"),
        "currentTotalPriceSet": _money("52.00"),
        "totalRefundedSet": _money("0.0"),
        "totalTipReceivedSet": _money("0.0"),
        "shippingLine": {"discountedPriceSet": _money("5.0"), "taxLines": []},
    }
)
LINE = json.dumps(
    {
        "id": f"gid://shopify/LineItem/{_LINE}",
        "title": "Oat soap",
        "quantity": 2,
        "currentQuantity": 2,
        "isGiftCard": False,
        "product": {"id": "gid://shopify/Product/8000000001"},
        "originalTotalSet": _money("25.00"),
        "discountAllocations": [{"allocatedAmountSet": _money("1.50")}],
        "taxLines": [{"priceSet": _money("2.00")}],
        "__parentId": f"gid://shopify/Order/{_ORDER}",
    }
)


def customers(count: int) -> Iterator[str]:
    """The lines of so many customers."""
    for number in range(count):
        yield CUSTOMER.replace(str(_CUSTOMER), str(7_000_000_000_000 + number))


def orders(count: int, of_customers: int) -> Iterator[str]:
    """The lines of so many orders, each with its own lines behind it."""
    for number in range(count):
        customer = str(7_000_000_000_000 + number * 7919 % of_customers)
        order = str(5_000_000_000_000 + number)
        yield ORDER.replace(str(_ORDER), order).replace(str(_CUSTOMER), customer)
        for place in range(LINES):
            line = str(6_000_000_000_000 + number * LINES + place)
            yield LINE.replace(str(_ORDER), order).replace(str(_LINE), line)


def main() -> None:
    """Serve until killed."""
    port, customer_count, order_count = map(int, sys.argv[1:])

    class Handler(BaseHTTPRequestHandler):
        """Answers as the storage does that Shopify names."""

        def do_GET(self) -> None:
            """The lines, and then the end of the connection."""
            whole: Iterator[str] = iter(())
            if self.path == "/customers":
                whole = customers(customer_count)
            elif self.path == "/orders":
                whole = orders(order_count, customer_count)
            self.send_response(200)
            self.end_headers()
            chunk: list[str] = []
            for line in whole:
                chunk.append(line)
                if len(chunk) == _CHUNK:
                    self.wfile.write(("\n".join(chunk) + "\n").encode())
                    chunk = []
            self.wfile.write("\n".join(chunk).encode())

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    ThreadingHTTPServer(("127.0.0.1", port), Handler).serve_forever()


if __name__ == "__main__":
    main()
