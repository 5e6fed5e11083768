"""Who cannot be written to is not, and the reason is told; nobody is mistaken for another."""

import pytest

from loyalty.base.db import shop_transaction
from loyalty.members.tables import Member
from mailing.errors import EmailRefused
from tests.mailing.cast import Addressee, taken
from tests.mailing.stand_in import Amazon


@pytest.mark.parametrize(
    "address",
    [
        *("alice", "alice@", "@example.com", "a b@example.com", "alice@localhost", "a@b@c.example"),
        *("alice@example..com", "älice@example.com", "x" * 65 + "@example.com", "a,b@example.com"),
        *("alice@example.com\nBcc: eve@example.com", ".alice@example.com", "a@-x.example"),
    ],
)
def test_an_address_that_is_none_is_blocked_with_the_reason(
    alice: Addressee, amazon: Amazon, before: int, address: str
) -> None:
    alice.stage()
    alice.change(email=address, email_norm=address.lower())

    alice.work()

    assert taken(amazon, before) == []
    assert (alice.states(), alice.deliveries()) == (["blocked"], ["done"])
    assert alice.events()[-1].details["reason"] == "The email address is not valid"
    with pytest.raises(EmailRefused, match="not valid"):
        alice.ask()


def test_a_domain_in_another_script_is_written_in_ascii(
    alice: Addressee, amazon: Amazon, before: int
) -> None:
    alice.change(email="alice@bücher.example", email_norm="alice@bücher.example")
    alice.ask()

    alice.work()

    assert [email["to"] for email in taken(amazon, before)] == [["alice@xn--bcher-kva.example"]]


def test_an_erased_member_is_sent_nothing(alice: Addressee, amazon: Amazon, before: int) -> None:
    alice.ask()
    alice.change(state="erased", email=None, email_norm="")

    alice.work()

    assert taken(amazon, before) == []
    assert alice.states() == ["blocked"]


def test_an_email_names_only_its_own_shop(
    alice: Addressee, bob: Addressee, amazon: Amazon, before: int
) -> None:
    alice.ask()
    bob.ask()

    bob.work()

    assert [email["to"] for email in taken(amazon, before)] == [["bob@example.com"]]
    assert alice.states() == ["queued"]
    with shop_transaction(alice.shop_id) as session:
        assert session.query(Member).count() == 1
