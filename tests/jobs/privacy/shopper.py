"""Who the tests of privacy are about: a member whose words nobody else in a database says."""

from dataclasses import dataclass
from uuid import UUID

KEY = b"a link secret of the tests, 32 b"
STREET = "Lantern Lane 5"


@dataclass(frozen=True)
class Shopper:
    """A member with a customer; `marks` are words that only they bring into a database."""

    shop_id: int
    member_id: UUID
    customer_id: int
    first_name: str
    last_name: str

    @property
    def domain(self) -> str:
        return "aurora.myshopify.com" if self.first_name == "Alice" else "borealis.myshopify.com"

    @property
    def email(self) -> str:
        return email_of(self.first_name)

    @property
    def phone(self) -> str:
        return phone_of(self.customer_id)

    @property
    def device_id(self) -> str:
        return f"{self.first_name.lower()}s-phone"

    @property
    def marks(self) -> tuple[str, ...]:
        return (self.first_name, self.last_name, self.email, self.phone, STREET)


def email_of(first_name: str) -> str:
    return f"{first_name}@Example.com"


def phone_of(customer_id: int) -> str:
    return f"+3460{customer_id}"


def order_id_of(shopper: Shopper) -> int:
    """The shopper's one order."""
    return shopper.customer_id + 9_000_000
