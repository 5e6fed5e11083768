"""The models say what the migrations made."""

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import create_engine, inspect

from loyalty.automatic_emails import EmailSwitch
from loyalty.base.db import Base, psycopg_url
from mailing import tables
from mailing.tables import EmailMessage, MailLook, MailPace, MailTemplate
from tests.conftest import DatabaseUrls


def test_migrated_tables_are_those_of_the_models(database_urls: DatabaseUrls) -> None:
    models = (EmailSwitch, EmailMessage, MailLook, MailPace, MailTemplate)
    names = {model.__tablename__ for model in models}
    engine = create_engine(psycopg_url(database_urls.owner))

    with engine.connect() as connection:
        ours = {"include_object": lambda _, name, kind, *__: kind != "table" or name in names}
        context = MigrationContext.configure(connection, opts=ours)
        differences = compare_metadata(context, Base.metadata)
    engine.dispose()

    assert differences == []


def test_every_kind_of_email_may_be_stored(database_urls: DatabaseUrls) -> None:
    engine = create_engine(psycopg_url(database_urls.owner))

    with engine.connect() as connection:
        checks = inspect(connection).get_check_constraints("email_message")
    engine.dispose()

    (rule,) = (check["sqltext"] for check in checks if check["name"] == "ck_email_message__kind")
    assert [kind for kind in tables.KINDS if f"'{kind}'" not in rule] == []
