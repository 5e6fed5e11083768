"""What every test may ask for: one embedded PostgreSQL and Valkey a run, and migrated databases.

Domain tests share one database and roll back; a flow test asks for a database of its own.
"""

import hashlib
import itertools
import os
import shutil
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest
import redis
from alembic import command
from alembic.config import Config
from playwright.sync_api import Browser, Page
from psycopg import sql
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

from jobs.privacy.catalogue import PARTS
from jobs.segments import FACTS_OUTSIDE
from loyalty.base import db
from loyalty.campaigns import channels
from loyalty.criteria import outside
from loyalty.merging import catalogue
from mailing import campaigns as mail_campaigns
from sandbox.servers import postgres as embedded
from sandbox.servers.postgres import APP, OWNER, SUPERUSER, Postgres
from sandbox.servers.valkey import start_valkey
from shopify_app.platform import shop_ids
from tests.chromium import chromium, page_of
from wallet import campaigns as wallet_campaigns

ROOT = Path(__file__).parents[1]
_LEFT_OUT = pytest.StashKey[int]()
_LONGEST = ("tests/flows/", "tests/browser/", "tests/jobs/", "tests/mailing/", "tests/platform/")
_numbers = itertools.count(1)


@dataclass(frozen=True)
class DatabaseUrls:
    """One migrated database, for the app's role and for its owner."""

    app: str
    owner: str


@pytest.fixture(scope="session")
def postgres(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Postgres]:
    """The server of this run, or the one that was named; it need not survive a power cut."""
    named = request.config.getoption("--postgres")
    server = embedded.start(
        Path(named) if named else tmp_path_factory.mktemp("postgres"),
        {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"},
    )
    yield server
    if not named:
        server.remove()


@pytest.fixture(scope="session")
def template_database(postgres: Postgres) -> str:
    """The name of a database that these very migrations have made; only ever copied."""
    migrations = sorted((ROOT / "migrations").rglob("*.py"))
    digest = hashlib.sha256(b"".join(path.read_bytes() for path in migrations)).hexdigest()
    name = f"encore_template_{digest[:12]}"
    if not _is_there(postgres, name):
        making = f"{name}_{os.getpid()}"  # whole before it has its name
        names = [sql.Identifier(part) for part in (making, OWNER, name)]
        _as_superuser(postgres, sql.SQL("CREATE DATABASE {} OWNER {}").format(*names[:2]))
        migrate(postgres.url(making, OWNER))
        _as_superuser(
            postgres, sql.SQL("ALTER DATABASE {} RENAME TO {}").format(names[0], names[2])
        )
    return name


@pytest.fixture(scope="session")
def database_urls(postgres: Postgres, template_database: str) -> Iterator[DatabaseUrls]:
    """The database that tests share: leave nothing committed in it."""
    with _copy(postgres, template_database) as urls:
        yield urls


@pytest.fixture
def fresh_database(postgres: Postgres, template_database: str) -> Iterator[DatabaseUrls]:
    """A migrated database of the test's own, where it may commit; dropped afterwards."""
    with _copy(postgres, template_database) as urls:
        yield urls


@pytest.fixture(scope="session")
def _committing(postgres: Postgres, template_database: str) -> Iterator[tuple[Engine, str]]:
    """A pool on the database of all tests that commit, and its owner's URL."""
    before = db._engine
    with _copy(postgres, template_database) as urls:
        engine = db.configure(urls.app, hide_parameters=True)
        db._engine = before
        yield engine, urls.owner
        engine.dispose()


@pytest.fixture
def database(_committing: tuple[Engine, str]) -> Iterator[None]:
    """A database where transactions really commit; its shops are removed after the test."""
    before = db._engine
    db._engine, owner_url = _committing
    shop_ids._known.clear()
    yield
    with psycopg.connect(owner_url) as connection:
        shops = connection.execute("SELECT shop_id FROM shop_directory").fetchall()
    for (shop_id,) in shops:
        with db.shop_transaction(shop_id) as session:
            session.execute(text("SELECT remove_shop()"))
    with db.shopless_transaction() as session:
        session.execute(text("DELETE FROM apple_device"))  # devices are nobody's
    shop_ids._known.clear()
    db._engine = before


@pytest.fixture(scope="session")
def engine(database_urls: DatabaseUrls) -> Iterator[Engine]:
    """The app's pool on the shared database."""
    engine = db.configure(database_urls.app)
    yield engine
    engine.dispose()


@pytest.fixture
def session(engine: Engine) -> Iterator[Session]:
    """A session as the app's role whose every commit is undone after the test."""
    with engine.connect() as connection:
        transaction = connection.begin()
        with Session(
            connection, join_transaction_mode="create_savepoint", expire_on_commit=False
        ) as session:
            yield session
        transaction.rollback()


@pytest.fixture(scope="session")
def _valkey(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    server = start_valkey(tmp_path_factory.mktemp("valkey"))
    yield server.url
    server.stop()


@pytest.fixture
def valkey_url(_valkey: str) -> str:
    """The URL of an empty Valkey."""
    redis.Redis.from_url(_valkey).flushall()
    return _valkey


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """The one Chromium of the run: Playwright takes no second beside it."""
    with chromium() as running:
        yield running


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A desktop's window."""
    with page_of(browser) as opened:
        yield opened


def pytest_addoption(parser: pytest.Parser) -> None:
    """Let a run that starts others give them its server."""
    parser.addoption("--postgres", metavar="FOLDER", help="use the server that runs there")


def pytest_configure() -> None:
    """Tear down on SIGTERM as on Ctrl-C: our servers outlive the process that started them."""
    catalogue.register(PARTS)
    outside.register(FACTS_OUTSIDE)
    channels.register([mail_campaigns.CHANNEL, wallet_campaigns.CHANNEL])
    signal.signal(signal.SIGTERM, signal.default_int_handler)


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> LoadScopeScheduling:
    """How a run of several processes shares the tests out."""
    return _ByModule(config, log)


class _ByModule(LoadScopeScheduling):
    """A module's tests stay in one process, and so do all of the browser's: they share a world.

    Planted faults share none: each is a run of its own.
    """

    def _split_scope(self, nodeid: str) -> str:
        module = nodeid.partition("::")[0]
        if module.endswith("test_planted_faults.py"):
            return nodeid
        return "tests/browser" if module.startswith("tests/browser/") else module


def _place(nodeid: str) -> int:
    """A long module that starts last would end alone, with the other processors idle."""
    return next((at for at, long in enumerate(_LONGEST) if nodeid.startswith(long)), len(_LONGEST))


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Put what takes long first; leave browser tests out, and say so, where there is no Chromium.

    In CI a missing Chromium is refused.
    """
    items.sort(key=lambda item: _place(item.nodeid))
    browser = [item for item in items if "browser" in getattr(item, "fixturenames", ())]
    if not browser or shutil.which("chromium"):
        return
    if os.environ.get("CI") == "true":
        raise pytest.UsageError("CI needs Chromium: the browser tests must run there")
    items[:] = [item for item in items if item not in browser]
    config.hook.pytest_deselected(items=browser)
    config.stash[_LEFT_OUT] = len(browser)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Name what was left out."""
    if left_out := terminalreporter.config.stash.get(_LEFT_OUT, 0):
        terminalreporter.write_line(f"No Chromium here: {left_out} browser tests were left out")


def migrate(owner_url: str) -> None:
    """Bring the database at `owner_url` to the newest revision."""
    settings = Config(ROOT / "alembic.ini")
    settings.attributes.update(owner_url=owner_url, app_role=APP)
    command.upgrade(settings, "head")


@contextmanager
def _copy(postgres: Postgres, template: str) -> Iterator[DatabaseUrls]:
    """A database made from `template`, dropped at the end whoever is still connected."""
    name = f"encore_test_{os.getpid()}_{next(_numbers)}"
    names = [sql.Identifier(part) for part in (name, OWNER, template)]
    _as_superuser(postgres, sql.SQL("CREATE DATABASE {} OWNER {} TEMPLATE {}").format(*names))
    yield DatabaseUrls(postgres.url(name, APP), postgres.url(name, OWNER))
    _as_superuser(postgres, sql.SQL("DROP DATABASE {} WITH (FORCE)").format(names[0]))


def _is_there(postgres: Postgres, name: str) -> bool:
    with psycopg.connect(postgres.url("postgres", SUPERUSER)) as connection:
        found = connection.execute("SELECT FROM pg_database WHERE datname = %s", [name])
        return found.rowcount == 1


def _as_superuser(postgres: Postgres, statement: sql.Composed) -> None:
    with psycopg.connect(postgres.url("postgres", SUPERUSER), autocommit=True) as connection:
        connection.execute(statement)
