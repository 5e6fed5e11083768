"""A shop with a reward and a member with points, committed, over the stand-in for Shopify."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

from loyalty.audit import Actor
from loyalty.base.clock import utc_now
from loyalty.base.db import shop_transaction
from loyalty.catalogue.tables import Product
from loyalty.ledger.posting import Cause, credit, lock_balance
from loyalty.members.enrolment import record_customer
from loyalty.members.tables import MemberBalance
from loyalty.redemption.reserving import Wish
from loyalty.redemption.tables import Redemption
from loyalty.rewards.saving import add_reward
from loyalty.shops.directory import get_shop
from shopify_app.platform import client, redeeming
from tests.factories.facts import a_customer
from tests.platform.shopify import Shopify

STAFF = Actor("staff", "1")


@dataclass
class Redeemer:
    """Alice of Aurora, who redeems; the shop sells in US dollars."""

    shopify: Shopify
    shop_id: int
    member_id: UUID
    customer_id: int

    def a_reward(self, **settings: Any) -> UUID:
        """5.00 off for 100 points."""
        given: dict[str, Any] = {"name": "Five off", "kind": "fixed_amount", "cost_points": 100}
        if settings.get("kind", "fixed_amount") in ("fixed_amount", "store_credit"):
            given["amount_minor"] = 500
        with shop_transaction(self.shop_id) as session:
            shop = get_shop(session, self.shop_id)
            return add_reward(session, shop, given | settings, actor=STAFF, now=utc_now()).id

    def know_product(self, product_id: int) -> int:
        """The product in our mirror of the shop's, as its webhook brings it."""
        with shop_transaction(self.shop_id) as session:
            session.add(Product(shop_id=self.shop_id, product_id=product_id, title="Lamp", tags=[]))
        return product_id

    def a_wish(self, reward_id: UUID, **changes: Any) -> Wish:
        """On the customer's page, once."""
        facts: dict[str, Any] = {"reward_id": reward_id, "channel": "online", "client_key": uuid4()}
        return Wish(**facts | changes)

    def redeem(self, reward_id: UUID, **options: Any) -> Redemption:
        """Redeem it now."""
        wish = options.pop("wish", None) or self.a_wish(reward_id)
        actor = Actor("member", str(self.member_id))
        return redeeming.redeem(self.shop_id, self.member_id, wish, actor=actor, **options)

    def read(self, redemption_id: UUID) -> Redemption:
        """The redemption as the database has it."""
        with shop_transaction(self.shop_id) as session:
            return session.get_one(Redemption, (self.shop_id, redemption_id))

    def make_due(self, redemption_id: UUID) -> None:
        """Let whoever worked on it have died, a lease ago."""
        with shop_transaction(self.shop_id) as session:
            session.get_one(Redemption, (self.shop_id, redemption_id)).next_at = utc_now()

    @property
    def points(self) -> int:
        """What is available."""
        with shop_transaction(self.shop_id) as session:
            return session.get_one(MemberBalance, (self.shop_id, self.member_id)).available

    def discount(self, code: str | None) -> dict[str, Any] | None:
        """The code's discount as Shopify has it."""
        variables = {"code": code, "search": code}
        data = client.execute(self.shop_id, "discount_by_code", variables)
        found: dict[str, Any] | None = data["codeDiscountNodeByCode"]
        return found

    def works(self, code: str | None) -> bool:
        """Whether the code can be used."""
        found = self.discount(code)
        return found is not None and found["codeDiscount"]["status"] == "ACTIVE"

    def credits(self) -> list[str]:
        """Amounts of store credit that Alice was paid."""
        gid = f"gid://shopify/Customer/{self.customer_id}"
        accounts = client.execute(self.shop_id, "store_credit_movements", {"id": gid})
        nodes = accounts["customer"]["storeCreditAccounts"]["nodes"]
        return [m["amount"]["amount"] for node in nodes for m in node["transactions"]["nodes"]]

    def give_credit(self, amount: str) -> None:
        """The merchant gives Alice store credit by hand."""
        variables = {
            "id": f"gid://shopify/Customer/{self.customer_id}",
            "credit": {"creditAmount": {"amount": amount, "currencyCode": "USD"}},
        }
        client.execute(self.shop_id, "store_credit_credit", variables)

    def lose_answer(self, operation: str, mode: str = "cut", **more: Any) -> None:
        """Let the next answer to this operation break off after it was done."""
        self.shopify.fail("graphql", mode, topic=operation, count=1, **more)


def make_redeemer(shopify: Shopify, shop_id: int, points: int = 1000) -> Redeemer:
    """Somebody new in Shopify and in the shop, with points."""
    email = f"{uuid4().hex}@example.com"
    made = shopify.tell("customers", first_name="Alice", email=email)
    facts = a_customer(int(made["id"]), email=email)
    with shop_transaction(shop_id) as session:
        now = utc_now()
        shop = get_shop(session, shop_id)
        customer = record_customer(session, shop, facts, now=now, is_backfill=False)
        assert customer.member_id is not None
        balance = lock_balance(session, shop_id, customer.member_id)
        cause = Cause("grant", f"grant:{uuid4()}", "test", "1", "system:test", now)
        credit(session, balance, cause, points=points, now=now)
        return Redeemer(shopify, shop_id, customer.member_id, int(made["id"]))
