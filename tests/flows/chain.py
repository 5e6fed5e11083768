"""What the flow tests do and see: the shop's control, the phone, the books, the page."""

import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg.rows import dict_row

from sandbox.demo.story import ask, operate
from sandbox.demo.world import SHOPS, World
from sandbox.servers.launching import wait_until

SHOP = SHOPS[0]


@dataclass(frozen=True)
class Chain:
    """One shop's chain from order to phone."""

    world: World

    def shopify(self, path: str, **content: Any) -> Any:
        """POST to the Shopify stand-in's control."""
        return ask(f"{self.world.shopify_url}/_control/{path}", {"shop": SHOP, **content})

    def shopify_state(self) -> Any:
        """What the store holds and what is on its way."""
        return ask(f"{self.world.shopify_url}/_control/state?shop={SHOP}")

    def first_customer(self) -> Any:
        """Someone who has bought before."""
        customers = ask(f"{self.world.shopify_url}/_control/customers?shop={SHOP}")
        orders = self.rows("SELECT customer_id FROM shop_order WHERE is_paid AND NOT is_test")
        buyers = {row["customer_id"] for row in orders}
        return next(one for one in customers if one["id"] in buyers and one.get("email"))

    def settle(self) -> None:
        """Wait until no webhook is on its way, no queue has work, and Shopify shows all of it."""
        for _ in range(2):  # What is written there comes back by webhook.
            self.wait(lambda: self.shopify_state()["webhooks_idle"], "webhooks delivered")
            operate(self.world, "wait-for-work")
            self.wait(self._is_shown, "customers shown")

    def _is_shown(self) -> bool:
        unshown = "state = 'pending' and subscriber = 'projection'"
        return self.count("delivery", unshown) == 0

    def shown_at_shopify(self, email: str) -> dict[str, Any]:
        """Key → value of our metafields on the customer, and those of its tags that are ours."""
        address = f"{self.world.shopify_url}/_control/customers?shop={SHOP}&email={email}"
        [customer] = ask(address)
        shown = {field["key"]: field["value"] for field in customer["metafields"]}
        return shown | {"tags": [tag for tag in customer["tags"] if tag.startswith("Pass ")]}

    def add_card_to_phone(self, email: str) -> str:
        """Put the member's card on a new phone through the public page; the phone's address."""
        link = operate(self.world, "card-link", "--shop", SHOP, "--member", email)
        phone = ask(f"{self.world.phone_url}/phones", {})
        address = f"{self.world.phone_url}/phones/{phone['id']}"
        ask(f"{address}/add", {"url": f"{link}/apple.pkpass"})
        return address

    def save_google_card(self, email: str) -> str:
        """Follow the public page to Google and save the card there; the object's id."""
        link = operate(self.world, "card-link", "--shop", SHOP, "--member", email)
        with urllib.request.urlopen(f"{link}/google", timeout=30) as answer:
            assert answer.url.startswith(self.world.google_url), answer.url
        query = """SELECT o.object_id FROM google_object o JOIN member m
            ON m.shop_id = o.shop_id AND m.id = o.member_id WHERE m.email_norm = %s"""
        object_id = str(self.rows(query, email.lower())[0]["object_id"])
        ask(f"{self.world.google_url}/_control/save", {"object_id": object_id})
        return object_id

    def balance_at_google(self, object_id: str) -> int:
        """The balance that the object at Google shows."""
        found = ask(f"{self.world.google_url}/_control/objects/{object_id}")
        return int(found["content"]["loyaltyPoints"]["balance"]["int"])

    def emails_to(self, address: str) -> list[dict[str, Any]]:
        """The emails that SES took for an address."""
        found = ask(f"{self.world.mail_url}/_control/messages")["messages"]
        return [email for email in found if address.lower() in map(str.lower, email["to"])]

    def hurry(self) -> None:
        """End every back-off now: nobody wants to wait for an hour."""
        url = self.world.servers.owner_url
        with psycopg.connect(url) as connection:
            shop_id = connection.execute(
                "SELECT shop_id FROM shop_directory WHERE domain = %s", [SHOP]
            ).fetchone()
            assert shop_id
            connection.execute(f"SET LOCAL encore.shop = '{int(shop_id[0])}'".encode())
            connection.execute(
                "UPDATE delivery SET next_at = now() WHERE state = 'pending' AND claimed_by IS NULL"
            )
            connection.execute(
                "UPDATE inbox_row SET next_at = now() WHERE state = 'new' AND next_at > now()"
            )
            connection.execute(
                "UPDATE backfill_run SET next_at = now() "
                "WHERE finished_at IS NULL AND next_at > now()"
            )

    def balance_on(self, phone: str) -> int:
        """The balance that the phone's own copy shows; its signature was verified by openssl."""
        [card] = ask(phone)["passes"]
        return int(card["balance"].replace(",", ""))

    def wait(self, is_true: Callable[[], bool], what: str, timeout_s: int = 60) -> None:
        """Wait until it is true; the error names what was awaited."""
        wait_until(is_true, timeout_s=timeout_s, what=what)

    def rows(self, query: str, *values: Any) -> list[dict[str, Any]]:
        """Rows of the shop, read as the database's owner."""
        url = self.world.servers.owner_url
        with psycopg.connect(url, row_factory=dict_row) as connection:
            found = connection.execute(
                "SELECT shop_id FROM shop_directory WHERE domain = %s", [SHOP]
            ).fetchone()
            assert found, f"{SHOP} is not installed"
            connection.execute(f"SET LOCAL encore.shop = '{int(found['shop_id'])}'".encode())
            return connection.execute(query.encode(), values or None).fetchall()

    def count(self, table: str, where: str = "true") -> int:
        """How many rows of the shop a table has."""
        return int(self.rows(f"SELECT count(*) AS n FROM {table} WHERE {where}")[0]["n"])

    def ledger(self) -> list[tuple[str, str, int]]:
        """Key, kind and points of every entry."""
        rows = self.rows("SELECT idempotency_key, kind, points FROM ledger_entry ORDER BY 1")
        return [(row["idempotency_key"], row["kind"], row["points"]) for row in rows]

    def available(self, email: str) -> int:
        """What the books say a member has."""
        query = """SELECT b.available FROM member m JOIN member_balance b
            ON b.shop_id = m.shop_id AND b.member_id = m.id WHERE m.email_norm = %s"""
        return int(self.rows(query, email.lower())[0]["available"])
