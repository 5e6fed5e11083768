"""How Alembic runs our migrations: as the database's owner, one transaction, forward only.

The invariant: a caller gives `owner_url` and `app_role` as attributes, or config.py does.
"""

from urllib.parse import urlsplit

from alembic import context
from sqlalchemy import create_engine

import loyalty.tables
import shopify_app.platform.projection.tables
import shopify_app.platform.tables
import wallet.google.tables
import wallet.tables
from loyalty.base.db import Base, psycopg_url

__all__ = ["loyalty", "shopify_app", "wallet"]


def _urls() -> tuple[str, str]:
    attributes = context.config.attributes
    if "owner_url" in attributes:
        return attributes["owner_url"], attributes["app_role"]
    import config

    settings = config.load()
    assert settings.database_owner_url, "migrations need DATABASE_OWNER_URL"
    owner = settings.database_owner_url.get_secret_value()
    app_role = urlsplit(settings.database_url.get_secret_value()).username
    assert app_role and app_role != urlsplit(owner).username, "the app needs a role of its own"
    return owner, app_role


def _run() -> None:
    owner_url, app_role = _urls()
    engine = create_engine(psycopg_url(owner_url))
    with engine.connect() as connection:
        context.configure(connection=connection, target_metadata=Base.metadata)
        context.config.attributes["app_role"] = app_role
        with context.begin_transaction():
            context.run_migrations()
    engine.dispose()


_run()
