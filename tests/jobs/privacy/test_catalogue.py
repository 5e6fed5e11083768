"""Every table of the database is named in what is exported, erased and merged, or as nobody's."""

import psycopg
import pytest

from jobs.privacy.catalogue import NOBODYS, PARTS
from loyalty.privacy.parts import Blank, Keep, Moves, Part, Run, Stays, Unites
from tests.conftest import DatabaseUrls

_TABLES = "SELECT tablename FROM pg_tables WHERE schemaname = 'public'"
_OF_PEOPLE = """
SELECT DISTINCT table_name FROM information_schema.columns WHERE table_schema = 'public'
AND column_name ~ '(member|customer|device|pass)_id$'
"""
_COLUMNS = """
SELECT column_name FROM information_schema.columns
WHERE table_schema = 'public' AND table_name = %s
"""


def unnamed(connection: psycopg.Connection) -> set[str]:
    """Tables that nobody thought of."""
    tables = {name for (name,) in connection.execute(_TABLES)}
    return tables - {part.table.name for part in PARTS} - NOBODYS.keys()


def test_every_table_is_somebodys_or_nobodys(database_urls: DatabaseUrls) -> None:
    named = [part.table.name for part in PARTS]
    with psycopg.connect(database_urls.owner) as connection:
        tables = {name for (name,) in connection.execute(_TABLES)}

        assert unnamed(connection) == set()
    assert set(named) | NOBODYS.keys() <= tables
    assert len(named) == len(set(named)) and not set(named) & NOBODYS.keys()


def test_a_table_that_names_a_member_is_nobodys_never(database_urls: DatabaseUrls) -> None:
    with psycopg.connect(database_urls.owner) as connection:
        of_people = {name for (name,) in connection.execute(_OF_PEOPLE)}

    # A Pass Type ID is ours, and no pass.
    assert of_people - {"pass_type"} <= {part.table.name for part in PARTS}


def test_a_planted_table_is_found(database_urls: DatabaseUrls) -> None:
    with psycopg.connect(database_urls.owner) as connection:
        connection.execute("CREATE TABLE diary (shop_id bigint, member_id uuid, words text)")

        assert unnamed(connection) == {"diary"}
        connection.rollback()


@pytest.mark.parametrize("part", PARTS, ids=lambda part: part.table.name)
def test_each_part_says_what_is_exported_and_what_becomes_of_it(part: Part) -> None:
    assert part.title or part.withheld
    assert isinstance(part.merge, Moves | Stays | Unites) and part.merge.why
    assert all(k.why for k in (part.erase, part.erase_later) if isinstance(k, Keep))
    assert all(r.does for r in (part.erase, part.erase_later) if isinstance(r, Run))
    assert set(part.secrets) <= set(part.table.columns.keys())


@pytest.mark.parametrize(
    "part", [p for p in PARTS if isinstance(p.erase, Blank)], ids=lambda part: part.table.name
)
def test_a_part_that_is_blanked_names_each_of_its_columns(
    part: Part, database_urls: DatabaseUrls
) -> None:
    with psycopg.connect(database_urls.owner) as connection:
        columns = [name for (name,) in connection.execute(_COLUMNS, [part.table.name])]

    assert isinstance(part.erase, Blank)
    assert sorted([*part.erase.values, *part.erase.keeps]) == sorted(columns)


def test_titles_tell_the_parts_apart() -> None:
    titles = [part.title for part in PARTS if part.title]

    assert len(titles) == len(set(titles))
