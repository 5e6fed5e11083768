"""The models say what the migration made."""

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import create_engine

from loyalty.base.db import Base, psycopg_url
from loyalty.segments.tables import Segment, SegmentMember, SegmentMove, SegmentOverride
from tests.conftest import DatabaseUrls

MODELS = (Segment, SegmentMember, SegmentMove, SegmentOverride)


def test_migrated_tables_are_those_of_the_models(database_urls: DatabaseUrls) -> None:
    names = {model.__tablename__ for model in MODELS}
    engine = create_engine(psycopg_url(database_urls.owner))

    with engine.connect() as connection:
        ours = {"include_object": lambda _, name, kind, *__: kind != "table" or name in names}
        context = MigrationContext.configure(connection, opts=ours)
        differences = compare_metadata(context, Base.metadata)
    engine.dispose()

    assert differences == []
