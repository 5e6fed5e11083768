"""The models of what Shopify shows, and of what was found, say what the migration made."""

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import create_engine

from loyalty.base.db import Base, psycopg_url
from loyalty.reconciliation.tables import Finding, ReconciliationMark, ReconciliationReport
from shopify_app.platform.projection.tables import ShownCustomer, ShownDefinitions
from tests.conftest import DatabaseUrls

_MODELS = (ShownCustomer, ShownDefinitions, ReconciliationMark, ReconciliationReport, Finding)


def test_migrated_tables_are_those_of_the_models(database_urls: DatabaseUrls) -> None:
    names = {model.__tablename__ for model in _MODELS}
    engine = create_engine(psycopg_url(database_urls.owner))

    with engine.connect() as connection:
        ours = {"include_object": lambda _, name, kind, *__: kind != "table" or name in names}
        context = MigrationContext.configure(connection, opts=ours)
        differences = compare_metadata(context, Base.metadata)
    engine.dispose()

    assert differences == []
