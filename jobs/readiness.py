"""What a process needs before it can work: PostgreSQL, Redis, and the newest migration."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import text

from jobs import queues
from loyalty.base import db

_ALEMBIC = Path(__file__).parents[1] / "alembic.ini"


def has_postgresql() -> bool:
    """Whether the database answers."""
    with db.shopless_transaction() as session:
        return bool(session.scalar(text("SELECT 1")))


def has_redis() -> bool:
    """Whether Redis answers; raises when it does not."""
    return bool(queues.connection().ping())


class AtNewestMigration:
    """Whether the database is where this code's migrations end; reads them once."""

    def __init__(self) -> None:
        self._head = ScriptDirectory.from_config(Config(_ALEMBIC)).get_current_head()

    def __call__(self) -> bool:
        with db.shopless_transaction() as session:
            return session.scalar(text("SELECT version_num FROM alembic_version")) == self._head


def migrate(owner_url: str, app_role: str) -> None:
    """Bring the database to the newest migration, as its owner."""
    settings = Config(_ALEMBIC)
    settings.attributes.update(owner_url=owner_url, app_role=app_role)
    command.upgrade(settings, "head")
