"""Aurora with Alice, of whom every table of the catalogue holds something; and Bob, untouched."""

from collections.abc import Iterator

import pytest

from mailing import setup as mail_setup
from tests.conftest import DatabaseUrls
from tests.jobs.conftest import database as database
from tests.jobs.privacy.cast import fill
from tests.jobs.privacy.shopper import KEY, Shopper
from wallet import setup as wallet_setup


@pytest.fixture
def settings() -> Iterator[None]:
    """What wallet and mailing know of their surroundings."""
    before = wallet_setup._settings, mail_setup._settings
    wallet_setup.configure(wallet_setup.WalletSettings("https://encore.example", KEY, apple=None))
    mail_setup.configure(
        mail_setup.MailSettings(
            sender="",
            region="eu-west-1",
            app_url="https://encore.example",
            key=KEY,
            card_links=lambda _shop, _member: mail_setup.CardLinks("https://card", None, None),
        )
    )
    yield
    wallet_setup._settings, mail_setup._settings = before


@pytest.fixture
def alice(database: DatabaseUrls, settings: None) -> Shopper:
    """A member of Aurora with a year behind her."""
    return fill("aurora", "Alice", "Archer", customer_id=7_000_501)


@pytest.fixture
def bob(database: DatabaseUrls, settings: None) -> Shopper:
    """A member of Borealis, who must not lose a comma."""
    return fill("borealis", "Bob", "Baker", customer_id=7_000_502)
