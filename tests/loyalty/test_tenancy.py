"""The two walls between shops: shop_id in every key, and row-level security behind it."""

import psycopg
import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from loyalty.base.db import enter_shop
from loyalty.members.enrolment import record_customer
from loyalty.members.tables import Member
from loyalty.queries.members import list_members
from loyalty.shops.directory import find_shop_id
from loyalty.shops.tables import Shop
from tests.conftest import DatabaseUrls
from tests.factories.facts import NOON, a_customer
from tests.loyalty.conftest import install_shop

# Tables that belong to no shop, each with its reason.
GLOBAL_TABLES = {
    "alembic_version",  # which migrations ran
    "shop_directory",  # domain → shop id, asked before the shop is known
    "stray_webhook",  # webhooks of shops we do not know
    "apple_device",  # a phone holds passes of many shops
    "mail_pace",  # the installation has one account with Amazon, for all shops
    "removed_shop",  # the proof of a removal outlives its shop
    "used_state",  # states of an install, which come back before there is a shop
}

# The functions that see past one shop, each with its reason: nothing else may.
DEFINER_FUNCTIONS = {
    "find_shop": "encore_reader",  # a request names a domain before its shop is known
    "shops_with_work": "encore_reader",  # the sweep rings for every shop with something due
    "find_members": "encore_reader",  # a LIKE under the policy cannot use the trigram index
    "list_shops": "encore_reader",  # operators and daily tasks go from shop to shop
    "backlogs": "encore_reader",  # metrics: counts and ages, no content
    "reconciliation_state": "encore_reader",  # metrics: counts and ages, no content
    "privacy_waiting": "encore_reader",  # which shops have a request to meet, and by when
    "forget_devices": "encore_remover",  # a phone goes when no shop's pass is on it any more
    "remove_shop": "encore_remover",  # shop/redact: the rows of the transaction's own shop
}

_DEFINER_FUNCTIONS = """
SELECT p.proname, r.rolname FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
JOIN pg_roles r ON r.oid = p.proowner WHERE n.nspname = 'public' AND p.prosecdef
"""
_ROLES_ABOVE_THE_WALL = """
SELECT rolname FROM pg_roles WHERE rolname LIKE 'encore%' AND (rolsuper OR rolbypassrls)
"""
_TABLES_WITHOUT_SHOP = """
SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = 'public' AND c.relkind IN ('r', 'p') AND NOT EXISTS (
    SELECT FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attname = 'shop_id' AND a.attnotnull
)
"""
_UNIQUE_WITHOUT_SHOP = """
SELECT i.indexrelid::regclass::text FROM pg_index i
JOIN pg_class c ON c.oid = i.indrelid JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'shop_id'
WHERE n.nspname = 'public' AND i.indisunique AND i.indkey[0] <> a.attnum
AND c.relname <> 'shop_directory'
"""
_FOREIGN_KEYS_WITHOUT_SHOP = """
SELECT k.conname FROM pg_constraint k JOIN pg_namespace n ON n.oid = k.connamespace
JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = k.conkey[1]
WHERE n.nspname = 'public' AND k.contype = 'f' AND a.attname <> 'shop_id'
"""
_WITHOUT_FORCED_SECURITY = """
SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'shop_id'
WHERE n.nspname = 'public' AND c.relkind = 'r' AND c.relname <> 'shop_directory'
AND NOT (c.relrowsecurity AND c.relforcerowsecurity AND EXISTS (
    SELECT FROM pg_policy p WHERE p.polrelid = c.oid AND p.polname = 'own_shop'))
"""


def names(connection: psycopg.Connection, query: str) -> set[str]:
    return {name for (name,) in connection.execute(query.encode())}


def test_every_tenant_table_has_the_shop_in_all_its_keys(database_urls: DatabaseUrls) -> None:
    with psycopg.connect(database_urls.owner) as connection:
        assert names(connection, _TABLES_WITHOUT_SHOP) <= GLOBAL_TABLES
        assert names(connection, _UNIQUE_WITHOUT_SHOP) == set()
        assert names(connection, _FOREIGN_KEYS_WITHOUT_SHOP) == set()
        assert names(connection, _WITHOUT_FORCED_SECURITY) == set()


def test_only_the_listed_functions_see_past_one_shop(database_urls: DatabaseUrls) -> None:
    with psycopg.connect(database_urls.owner) as connection:
        found = dict(connection.execute(_DEFINER_FUNCTIONS.encode()).fetchall())

        assert found == DEFINER_FUNCTIONS
        assert names(connection, _ROLES_ABOVE_THE_WALL) == set()


def test_a_planted_table_without_a_shop_is_found(database_urls: DatabaseUrls) -> None:
    with psycopg.connect(database_urls.owner) as connection:
        connection.execute("CREATE TABLE planted (id bigint PRIMARY KEY)")
        connection.execute("CREATE TABLE unguarded (shop_id bigint NOT NULL, id bigint UNIQUE)")

        assert "planted" in names(connection, _TABLES_WITHOUT_SHOP) - GLOBAL_TABLES
        assert "unguarded_id_key" in names(connection, _UNIQUE_WITHOUT_SHOP)
        assert "unguarded" in names(connection, _WITHOUT_FORCED_SECURITY)
        connection.rollback()


def test_a_query_without_a_shop_sees_nothing_and_does_not_fail(
    session: Session, alice: Member
) -> None:
    session.execute(text("RESET encore.shop"))
    session.expire_all()

    assert session.scalars(select(Member)).all() == []


@pytest.fixture
def bob(session: Session) -> Member:
    borealis = install_shop(session, "borealis", currency="USD", timezone="America/Toronto")
    facts = a_customer(601, first_name="Bob", email="bob@example.com")
    customer = record_customer(session, borealis, facts, now=NOON, is_backfill=False)
    return session.get_one(Member, (borealis.shop_id, customer.member_id))


def test_aurora_never_sees_bob(session: Session, bob: Member, aurora: Shop, alice: Member) -> None:
    session.expunge_all()
    enter_shop(session, aurora.shop_id)

    assert [member.id for member in session.scalars(select(Member))] == [alice.id]
    assert list_members(session, aurora.shop_id, search="bob@example").rows == []
    assert list_members(session, bob.shop_id).rows == []


def test_a_row_cannot_be_written_into_another_shop(
    session: Session, bob: Member, aurora: Shop
) -> None:
    enter_shop(session, aurora.shop_id)

    with pytest.raises(DBAPIError, match="row-level security"), session.begin_nested():
        session.execute(
            text("INSERT INTO refund VALUES (:shop, 1, 1, 0, false, now())"), {"shop": bob.shop_id}
        )


@pytest.mark.parametrize(
    "statement",
    [
        "ALTER TABLE member DISABLE ROW LEVEL SECURITY",
        "DROP POLICY own_shop ON member",
        "SET ROLE encore_reader",
        "SET ROLE encore_remover",
        "SET ROLE encore_owner",
        "SELECT * FROM shop_directory",
        "ALTER ROLE CURRENT_USER BYPASSRLS",
        "ALTER TABLE ledger_entry DISABLE TRIGGER ALL",
    ],
)
def test_the_apps_role_cannot_get_round_the_wall(session: Session, statement: str) -> None:
    with pytest.raises(DBAPIError), session.begin_nested():
        session.execute(text(statement))


def test_turning_security_off_shows_nothing_more(session: Session, alice: Member) -> None:
    session.execute(text("RESET encore.shop"))
    session.execute(text("SET LOCAL row_security = off"))

    with pytest.raises(DBAPIError, match="row-level security"), session.begin_nested():
        session.execute(text("SELECT * FROM member"))


def test_the_directory_finds_a_shop_by_its_domain_only(session: Session, aurora: Shop) -> None:
    assert find_shop_id(session, "aurora.myshopify.com") == aurora.shop_id
    assert find_shop_id(session, "nobody.myshopify.com") is None


def test_removing_a_shop_leaves_the_other_whole(
    session: Session, bob: Member, aurora: Shop, alice: Member
) -> None:
    enter_shop(session, aurora.shop_id)
    session.execute(text("SELECT remove_shop()"))
    session.expunge_all()

    assert session.scalars(select(Member)).all() == []
    assert find_shop_id(session, "aurora.myshopify.com") is None
    enter_shop(session, bob.shop_id)
    assert [member.id for member in session.scalars(select(Member))] == [bob.id]
