"""The chain while those it talks to fail: nothing is lost, the newest state wins, doubt is named.

The tests of this module share one world and build on each other.
"""

import shutil
import tempfile
import urllib.request
from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from loyalty.base.clock import utc_now
from sandbox.demo.story import ask, let_read_all_orders, open_admin, operate
from sandbox.demo.world import World, running_world
from tests.flows.chain import SHOP, Chain

# What goes wrong, as Apple's, Google's and Amazon's stand-ins call it.
FAILURES = {
    "nobody answers": (
        {"kind": "drop"},
        {"kind": "down", "surface": "api"},
        {"kind": "drop"},
    ),
    "too many requests": (
        {"kind": "status", "status": 429, "reason": "TooManyRequests"},
        {"kind": "status", "surface": "api", "status": 429},
        {"kind": "status", "status": 429, "code": "TooManyRequestsException"},
    ),
    "an error of theirs": (
        {"kind": "status", "status": 503, "reason": "ServiceUnavailable"},
        {"kind": "status", "surface": "api", "status": 500},
        {"kind": "status", "status": 500, "code": "InternalServiceErrorException"},
    ),
    "answers that come too late": (
        {"kind": "stall", "seconds": 18.0},
        {"kind": "slow", "surface": "api", "seconds": 12.0},
        {"kind": "slow", "seconds": 22.0},
    ),
    "done, but the answer is lost": (
        {"kind": "cut"},
        {"kind": "cut", "surface": "api"},
        {"kind": "cut"},
    ),
}

IN_DOUBT = ("answers that come too late", "done, but the answer is lost")


@pytest.fixture(scope="module")
def chain() -> Iterator[Chain]:
    state = Path(tempfile.mkdtemp(prefix="encore-faults-", dir="/var/tmp"))
    state.chmod(0o711)
    try:
        with running_world(state, customers=40, orders=40) as world:
            yield Chain(world)
    finally:
        shutil.rmtree(state, ignore_errors=True)


@pytest.fixture(scope="module")
def told() -> dict[str, Any]:
    """What earlier steps of the story leave for later ones."""
    return {"points": 0}


def test_a_member_has_the_card_on_both_platforms(chain: Chain, told: dict[str, Any]) -> None:
    let_read_all_orders(chain.world, SHOP)
    open_admin(chain.world, SHOP)
    operate(chain.world, "wait-for-backfill", "--shop", SHOP)
    told["member"] = chain.first_customer()
    told["phone"] = chain.add_card_to_phone(told["member"]["email"])
    told["object"] = chain.save_google_card(told["member"]["email"])

    assert chain.balance_on(told["phone"]) == 0
    assert chain.balance_at_google(told["object"]) == 0


@pytest.mark.parametrize("failure", FAILURES)
def test_after_a_failure_both_cards_are_true_and_the_email_came_once(
    chain: Chain, told: dict[str, Any], failure: str
) -> None:
    urls = _control_urls(chain.world)
    for url, fault in zip(urls, FAILURES[failure], strict=True):
        ask(f"{url}/faults", {**fault, "times": 1})

    newcomer = _join_by_buying(chain, failure)
    _buy(chain, told, 3)
    chain.wait(lambda: all(_is_spent(url) for url in urls), f"{failure}: met everywhere", 90)

    _wait_for_true_cards(chain, told)
    chain.wait(lambda: _is_all_made(chain), "every delivery made", 90)
    emails = len(chain.emails_to(newcomer))
    # Of an email whose answer was lost nobody knows, unless SNS tells: it may be sent once more.
    assert emails == 1 or (emails == 2 and failure in IN_DOUBT)


def test_while_all_are_down_many_changes_become_one_newest_card(
    chain: Chain, told: dict[str, Any]
) -> None:
    for url, fault in zip(_control_urls(chain.world), FAILURES["nobody answers"], strict=True):
        ask(f"{url}/faults", {**fault, "times": None})
    for points in (5, 7, 11):
        _buy(chain, told, points)
    chain.wait(lambda: _is_told_nothing(chain, told), "all changes made, none of them told", 90)
    accepted = _accepted(chain)
    _end_faults(chain.world)

    _wait_for_true_cards(chain, told)
    chain.wait(lambda: _is_all_made(chain), "every delivery made", 90)
    assert _accepted(chain) - accepted == {"apple": 1, "google": 1}


def test_someone_else_in_apples_place_is_told_nothing(chain: Chain, told: dict[str, Any]) -> None:
    apple, _, _ = _control_urls(chain.world)
    accepted = _accepted(chain)["apple"]
    ask(f"{apple}/faults", {"kind": "wrong_certificate", "times": None})

    _buy(chain, told, 2)
    chain.wait(lambda: _met(apple, "wrong_certificate") >= 1, "a handshake that failed", 90)
    chain.hurry()
    chain.wait(lambda: _met(apple, "wrong_certificate") >= 2, "one more", 90)
    assert _accepted(chain)["apple"] == accepted
    _end_faults(chain.world)

    _wait_for_true_cards(chain, told)
    assert _accepted(chain)["apple"] == accepted + 1


def test_what_failed_for_good_is_shown_with_its_reason_and_can_be_replayed(
    chain: Chain, told: dict[str, Any]
) -> None:
    apple, google, _ = _control_urls(chain.world)
    ask(f"{apple}/faults", {"kind": "status", "status": 403, "reason": "BadCertificate"})
    ask(f"{google}/faults", {"kind": "status", "surface": "api", "status": 403})

    _buy(chain, told, 13)
    chain.wait(lambda: chain.count("delivery", "state = 'dead'") >= 2, "two dead deliveries", 90)

    reasons = _refusals(chain)
    assert "BadCertificate" in reasons["apple"]
    assert "403" in reasons["google"]
    operate(chain.world, "replay-deliveries", "--shop", SHOP)
    _wait_for_true_cards(chain, told)
    assert chain.count("delivery", "state = 'dead'") == 0


def test_an_edit_that_shopify_would_not_explain_counts_once_it_does(
    chain: Chain, told: dict[str, Any]
) -> None:
    order = _order(chain, told["member"]["id"], 4)
    told["points"] += 4
    _wait_for_true_cards(chain, told)
    # Shopify's times have no fractions: the edit must be the younger one.
    made_at = datetime.fromisoformat(order["updated_at"])
    chain.wait(lambda: utc_now() >= made_at + timedelta(seconds=1), "the next second", 90)
    # Nothing else tells of the edit.
    chain.shopify("faults", surface="webhooks", mode="drop", topic="orders/updated")
    chain.shopify("faults", surface="graphql", mode="fail", count=2)

    line = {"line_id": order["line_items"][0]["id"], "quantity": 1}
    chain.shopify(f"orders/{order['id']}/edit", remove=[line])
    chain.wait(lambda: _is_over(chain, "graphql"), "reads that Shopify refused", 90)

    told["points"] -= 1  # 4 − floor(4 × 1/4) stand
    _wait_for_true_cards(chain, told)
    chain.shopify("faults", surface="webhooks", mode="off")
    assert chain.count("inbox_row", "state = 'parked'") == 0


def _control_urls(world: World) -> tuple[str, str, str]:
    """Of Apple's, Google's and Amazon's stand-in."""
    apple, google, amazon = world.phone_url, world.google_url, world.mail_url
    return f"{apple}/_control", f"{google}/_control", f"{amazon}/_control"


def _is_spent(url: str) -> bool:
    return all(fault["hits"] >= (fault["times"] or 1) for fault in ask(f"{url}/faults")["faults"])


def _is_over(chain: Chain, surface: str) -> bool:
    chain.hurry()
    return surface not in chain.shopify_state()["faults"]


def _met(url: str, kind: str) -> int:
    faults = ask(f"{url}/faults")["faults"]
    return sum(int(fault["hits"]) for fault in faults if fault["kind"] == kind)


def _join_by_buying(chain: Chain, failure: str) -> str:
    """Somebody new buys, joins by it and is sent their card; their address."""
    address = f"{failure.split(',')[0].replace(' ', '-')}@example.com"
    customer = chain.shopify("customers", first_name="Nora", email=address)
    _order(chain, customer["id"], 1)
    return address


def _buy(chain: Chain, told: dict[str, Any], points: int) -> None:
    _order(chain, told["member"]["id"], points)
    told["points"] += points


def _order(chain: Chain, customer_id: int, units: int) -> dict[str, Any]:
    line = {"title": "Candle", "price": "1.00", "quantity": units, "taxable": False}
    order: dict[str, Any] = chain.shopify("orders", customer_id=customer_id, lines=[line])
    return order


def _wait_for_true_cards(chain: Chain, told: dict[str, Any]) -> None:
    def is_true() -> bool:
        chain.hurry()
        shown = chain.balance_on(told["phone"]), chain.balance_at_google(told["object"])
        return shown == (told["points"], told["points"])

    chain.wait(is_true, f"{told['points']} points on both cards", 90)
    assert chain.available(told["member"]["email"]) == told["points"]


def _is_all_made(chain: Chain) -> bool:
    chain.hurry()
    return (
        chain.count("outbox_event", "state = 'new'") + chain.count("delivery", "state = 'pending'")
        == 0
    )


def _is_told_nothing(chain: Chain, told: dict[str, Any]) -> bool:
    """Whether the books have every point, and each platform's last try failed."""
    tries = chain.count("delivery", "state = 'pending' and error is not null")
    return tries >= 2 and chain.available(told["member"]["email"]) == told["points"]


def _accepted(chain: Chain) -> Counter[str]:
    """How many pushes each platform took."""
    rows = chain.rows("SELECT platform FROM push_hop WHERE hop = 'accepted'")
    return Counter(row["platform"] for row in rows)


def _refusals(chain: Chain) -> dict[str, str]:
    """Platform → the last reason it gave: what the member's profile shows of a push."""
    rows = chain.rows("SELECT platform, reason FROM push_hop WHERE hop = 'refused' ORDER BY at")
    return {row["platform"]: row["reason"] for row in rows}


def _end_faults(world: World) -> None:
    for url in _control_urls(world):
        request = urllib.request.Request(f"{url}/faults", method="DELETE")
        urllib.request.urlopen(request, timeout=30).close()
