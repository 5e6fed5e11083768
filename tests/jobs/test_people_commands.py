"""What operators type about people: each command does what its page will do later."""

import re
from collections.abc import Iterator
from uuid import UUID

import pytest
from click.testing import CliRunner, Result

from jobs.people_commands import people
from loyalty.audit import Actor
from loyalty.base import db
from loyalty.base.clock import utc_now
from loyalty.ledger.posting import Cause, credit, lock_balance
from loyalty.members.enrolment import record_customer
from loyalty.members.tables import Member, MemberBalance
from loyalty.programme.rules import get_programme
from loyalty.shops.directory import get_shop
from tests.conftest import DatabaseUrls
from tests.factories.facts import a_customer
from tests.jobs.conftest import Aurora, install_committed
from wallet import setup
from wallet.links import read_join_token

DOMAIN = "aurora.myshopify.com"
STAFF = Actor("staff", "42")


@pytest.fixture
def aurora(database: DatabaseUrls) -> Aurora:
    """Aurora with Alice, who is Shopify's customer 501."""
    shop_id = install_committed("aurora").shop_id
    with db.shop_transaction(shop_id) as session:
        shop = get_shop(session, shop_id)
        customer = record_customer(session, shop, a_customer(), now=utc_now(), is_backfill=False)
        assert customer.member_id is not None
        return Aurora(shop_id, customer.member_id)


@pytest.fixture(autouse=True)
def _settings() -> Iterator[None]:
    before = setup._settings
    setup.configure(setup.WalletSettings("https://encore.example", b"s" * 32, apple=None))
    yield
    setup._settings = before


def typed(command: str, *arguments: str) -> Result:
    return CliRunner().invoke(people, [command, "--shop", DOMAIN, *arguments])


def second_account(aurora: Aurora) -> UUID:
    """Alice's second account, with 40 points."""
    now = utc_now()
    with db.shop_transaction(aurora.shop_id) as session:
        shop = get_shop(session, aurora.shop_id)
        facts = a_customer(777, has_verified_email=False, first_name="Alicia")
        customer = record_customer(session, shop, facts, now=now, is_backfill=False)
        assert customer.member_id is not None
        balance = lock_balance(session, aurora.shop_id, customer.member_id)
        cause = Cause("grant", "second", "test", "1", "system:test", now)
        credit(session, balance, cause, points=40, now=now)
        return customer.member_id


def member(aurora: Aurora, member_id: UUID) -> Member:
    with db.shop_transaction(aurora.shop_id) as session:
        return session.get_one(Member, (aurora.shop_id, member_id))


def points(aurora: Aurora, member_id: UUID) -> int:
    with db.shop_transaction(aurora.shop_id) as session:
        return session.get_one(MemberBalance, (aurora.shop_id, member_id)).available


def test_enrolment_is_set(aurora: Aurora) -> None:
    assert typed("enrolment", "--mode", "joiners").exit_code == 0

    with db.shop_transaction(aurora.shop_id) as session:
        assert get_programme(session, aurora.shop_id).enrolment == "joiners"


def test_the_join_page_has_an_address_and_can_be_switched_off(aurora: Aurora) -> None:
    shown = typed("join-page", "--off", "--terms-url", "https://aurora.example/terms")

    token = re.search(r"https://encore\.example/join/(\S+) is off", shown.output)
    assert token is not None
    assert read_join_token(token[1], b"s" * 32) == aurora.shop_id
    assert "terms: https://aurora.example/terms" in shown.output


def test_terms_that_stand_nowhere_are_refused_with_field_and_reason(aurora: Aurora) -> None:
    refused = typed("join-page", "--terms-url", "http://aurora.example")

    assert refused.exit_code == 1
    assert "bad_setting: terms_url: Enter an address" in refused.output


def test_a_merge_is_previewed_done_listed_and_undone(aurora: Aurora) -> None:
    other = second_account(aurora)
    pair = ("--survivor", str(aurora.alice), "--merged", str(other))

    seen = typed("merge", *pair)
    assert "available=40" in seen.output and member(aurora, other).state == "active"

    done = typed("merge", *pair, "--write")
    merge_id = re.search(r"merged (\S+),", done.output)
    assert merge_id is not None, done.output
    assert points(aurora, aurora.alice) == 40
    assert merge_id[1] in typed("merges", "--member", str(aurora.alice)).output

    assert typed("undo-merge", "--merge", merge_id[1]).exit_code == 0
    assert (points(aurora, aurora.alice), points(aurora, other)) == (0, 40)


def test_a_merge_that_cannot_be_is_refused_with_field_and_reason(aurora: Aurora) -> None:
    alice = str(aurora.alice)

    refused = typed("merge", "--survivor", alice, "--merged", alice, "--write")

    assert refused.exit_code == 1
    assert "bad_merge: merged: A member cannot be merged with themselves" in refused.output


def test_a_merge_of_nobody_is_not_found(aurora: Aurora) -> None:
    refused = typed("undo-merge", "--merge", str(aurora.alice))

    assert refused.exit_code == 1 and "merge_not_found" in refused.output


def test_a_member_is_archived_and_restored(aurora: Aurora) -> None:
    other = second_account(aurora)

    assert "archived with 40 points" in typed("archive", "--member", str(other)).output
    assert member(aurora, other).state == "archived"
    assert "restored with 40 points" in typed("restore", "--member", str(other)).output
    assert "bad_state" in typed("restore", "--member", str(other)).output


def test_details_are_edited_and_given_back(aurora: Aurora) -> None:
    alice = str(aurora.alice)

    edited = typed("edit-member", "--member", alice, "--set", "first_name=Ally")
    assert "first_name: local" in edited.output
    assert member(aurora, aurora.alice).first_name == "Ally"

    released = typed("edit-member", "--member", alice, "--from-shopify", "first_name")
    assert "first_name: shopify" in released.output
    assert member(aurora, aurora.alice).first_name == "Alice"

    refused = typed("edit-member", "--member", alice, "--set", "email=nobody")
    assert refused.exit_code == 1 and "bad_contact: email:" in refused.output


def test_a_contact_is_verified_once(aurora: Aurora) -> None:
    arguments = ("--member", str(aurora.alice), "--which", "email")

    assert typed("verify-contact", *arguments).output == "verified\n"
    assert typed("verify-contact", *arguments).output == "was verified already\n"


def test_candidates_are_listed(aurora: Aurora) -> None:
    other = second_account(aurora)

    assert str(other) in typed("candidates", "--member", str(aurora.alice)).output


def test_an_unknown_shop_ends_the_command(aurora: Aurora) -> None:
    refused = CliRunner().invoke(people, ["enrolment", "--shop", "x.com", "--mode", "joiners"])

    assert refused.exit_code == 1 and "no shop x.com" in refused.output
