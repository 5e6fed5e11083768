"""This process as one that sends emails and pushes: no network is asked for either."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from mailing import setup as mail_setup
from mailing.setup import CardLinks, MailSettings
from wallet import setup as wallet_setup
from wallet.setup import AppleSettings, WalletSettings

KEY = b"a link secret of the tests, 32 b"


@pytest.fixture(autouse=True)
def _sends() -> Iterator[None]:
    before = mail_setup._settings, wallet_setup._settings
    none = Path("/nowhere")
    mail_setup.configure(
        MailSettings(
            sender="club@encore.example",
            region="us-east-1",
            app_url="https://encore.example",
            key=KEY,
            card_links=lambda shop_id, member_id: CardLinks("https://encore.example", None, None),
        )
    )
    apple = AppleSettings("pass.test", "TEAM", none, none, none)
    wallet_setup.configure(WalletSettings("https://encore.example", KEY, apple=apple))
    yield
    mail_setup._settings, wallet_setup._settings = before
