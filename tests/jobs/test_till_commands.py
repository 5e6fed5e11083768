"""What operators type about the till: limits and managers, and no PIN on the screen."""

from collections.abc import Iterator

import pytest
from click.testing import CliRunner, Result

from jobs.till_commands import till_commands
from loyalty.base import db
from loyalty.till.limits import Limits, read_limits
from loyalty.till.managers import find_by_pin
from tests.jobs.conftest import Aurora
from wallet import setup as wallet_setup
from wallet.setup import WalletSettings

SHOP = ("--shop", "aurora.myshopify.com")


@pytest.fixture(autouse=True)
def _secret() -> Iterator[None]:
    """What PINs are kept under."""
    before = wallet_setup._settings
    wallet_setup.configure(WalletSettings("https://encore.example", b"l" * 32, apple=None))
    yield
    wallet_setup._settings = before


def typed(command: str, *arguments: str, keyboard: str | None = None) -> Result:
    return CliRunner().invoke(till_commands, (command, *SHOP, *arguments), input=keyboard)


def test_a_limit_is_set_listed_and_taken_away(aurora: Aurora) -> None:
    where = ("--user", "7", "--location", "901")
    assert typed("till-limit", "--redeem", "2000").exit_code == 0
    assert typed("till-limit", *where, "--grant", "50", "--redeem", "100").exit_code == 0

    assert typed("till-limits").output.splitlines() == [
        "user=each location=each grant=as elsewhere redeem=2000",
        "user=7 location=901 grant=50 redeem=100",
    ]
    with db.shop_transaction(aurora.shop_id) as session:
        assert read_limits(session, aurora.shop_id, 7, 901) == Limits(50, 100)
    assert typed("till-limit", *where).output == "taken away\n"
    assert typed("till-limit", *where).exit_code == 1


def test_a_limit_that_cannot_be_says_why(aurora: Aurora) -> None:
    result = typed("till-limit", "--redeem", "-1")

    assert result.exit_code == 1
    assert "redeem: Use 0 to" in result.output


def test_a_managers_pin_is_asked_for_and_not_shown(aurora: Aurora) -> None:
    result = typed("till-manager", "--name", "Mona", keyboard="271828\n")

    assert result.exit_code == 0, result.output
    assert "271828" not in result.output
    with db.shop_transaction(aurora.shop_id) as session:
        secret = wallet_setup.current().link_secret
        found = find_by_pin(session, aurora.shop_id, "271828", secret=secret)
        assert found is not None and found.name == "Mona"
    assert "Mona since" in typed("till-managers").output


def test_a_pin_is_no_argument(aurora: Aurora) -> None:
    """It would stand in the shell's history and in the list of processes."""
    result = typed("till-manager", "--name", "Mona", "--pin", "271828", keyboard="271828\n")

    assert (result.exit_code, typed("till-managers").output) == (2, "")


def test_a_bad_pin_says_why(aurora: Aurora) -> None:
    result = typed("till-manager", "--name", "Mona", keyboard="1234\n")

    assert result.exit_code == 1
    assert "pin: A PIN has 6 to 8 digits" in result.output


def test_a_manager_is_removed(aurora: Aurora) -> None:
    typed("till-manager", "--name", "Mona", keyboard="271828\n")

    assert typed("remove-till-manager", "--name", "Mona").exit_code == 0

    assert typed("till-managers").output == ""
    assert typed("remove-till-manager", "--name", "Mona").exit_code == 1


def test_an_unknown_shop_ends_the_command(aurora: Aurora) -> None:
    arguments = ("till-limits", "--shop", "nobody.myshopify.com")

    assert "no shop nobody" in CliRunner().invoke(till_commands, arguments).output
