"""Settings, Wallet: which accounts make cards, until when, and whether pushes get through."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest

from loyalty.base.db import shop_transaction
from loyalty.base.ids import new_id
from shopify_app.admin.settings import wallets
from tests.admin.cast import ShopAndClient
from tests.factories.facts import NOON
from tests.wallet.certificates import PASS_TYPE_ID, TEAM_ID, PassChain, write_chain
from wallet import setup
from wallet.setup import AppleSettings, GoogleSettings, WalletSettings
from wallet.tables import AppleLog, AppleRegistration, PassType, WalletPass

_PAGE = "/app/settings/wallet"
_ENDS = datetime(2036, 1, 1, tzinfo=UTC)
"""When the certificates of the tests end."""


@pytest.fixture(scope="module")
def chain(tmp_path_factory: pytest.TempPathFactory) -> PassChain:
    return write_chain(tmp_path_factory.mktemp("chain"))


@pytest.fixture(autouse=True)
def restored() -> Iterator[None]:
    before = setup._settings
    yield
    setup._settings = before


def configure(chain: PassChain | None = None, account: Path | None = None, **apple: object) -> None:
    kept = {
        "pass_type_id": PASS_TYPE_ID, "team_id": TEAM_ID,
    } | apple  # fmt: skip
    files = (chain.leaf, chain.key, chain.wwdr) if chain else ()
    setup.configure(
        WalletSettings(
            "https://encore.example",
            b"l" * 32,
            apple=AppleSettings(*kept.values(), *files) if chain else None,  # type: ignore[arg-type]
            google=GoogleSettings("3388000000000000001", account) if account else None,
        )
    )


def test_settings_lead_to_the_wallets(aurora: ShopAndClient) -> None:
    assert f'href="{_PAGE}"' in aurora.get("/app/settings").text


def test_a_wallet_that_is_not_set_up_says_so(aurora: ShopAndClient) -> None:
    configure()

    page = aurora.get(_PAGE).text

    assert "makes no cards for Apple Wallet" in page
    assert "makes no cards for Google Wallet" in page


def test_the_certificate_is_named_with_its_issuer_and_end(
    aurora: ShopAndClient, chain: PassChain
) -> None:
    configure(chain)

    page = aurora.get(_PAGE).text

    assert PASS_TYPE_ID in page and TEAM_ID in page
    assert "Example Worldwide Developer Relations CA" in page
    assert _ENDS.isoformat() in page
    assert "In order" in page and "expire" not in page.replace("Certificate expires</dt>", "")


@pytest.mark.parametrize(
    ("left", "words"),
    [(timedelta(days=31), "In order"), (timedelta(days=30), "Certificate expires soon"),
     (timedelta(0), "Certificate expired")],
)  # fmt: skip
def test_an_end_is_told_a_month_before(
    aurora: ShopAndClient,
    chain: PassChain,
    monkeypatch: pytest.MonkeyPatch,
    left: timedelta,
    words: str,
) -> None:
    configure(chain)
    monkeypatch.setattr(wallets, "utc_now", lambda: _ENDS - left)

    assert words in aurora.get(_PAGE).text


def test_files_that_do_not_belong_together_are_told_without_naming_them(
    aurora: ShopAndClient, chain: PassChain, tmp_path: Path
) -> None:
    configure(chain, team_id="OTHER12345")
    assert "cannot be used" in aurora.get(_PAGE).text

    broken = tmp_path / "account.json"
    broken.write_text(json.dumps({"type": "service_account"}))
    configure(account=broken)
    page = aurora.get(_PAGE).text

    assert "The service account cannot be used" in page and str(tmp_path) not in page


def test_phones_the_last_push_and_their_complaints_are_of_this_shop(
    aurora: ShopAndClient, borealis: ShopAndClient, alice: UUID, chain: PassChain
) -> None:
    configure(chain)
    card_of(aurora, alice)

    page, other = aurora.get(_PAGE).text, borealis.get(_PAGE).text

    assert "1 on phones" in page and NOON.isoformat() in page
    assert "could &lt;not&gt; be parsed" in page
    assert "0 on phones" in other and "parsed" not in other and "None yet" in other


def card_of(shop: ShopAndClient, member_id: UUID) -> None:
    """The member's card on a phone that was told of news, and on one that has let it go."""
    with shop_transaction(shop.shop_id) as session:
        session.add(PassType(shop_id=shop.shop_id, pass_type_id=PASS_TYPE_ID, last_tag=1))
        card = WalletPass(
            shop_id=shop.shop_id,
            id=new_id(),
            member_id=member_id,
            platform="apple",
            pass_type_id=PASS_TYPE_ID,
            authentication_token="a" * 32,
            revision=1,
            tag=1,
            content={},
            last_modified_at=NOON,
            created_at=NOON,
        )
        session.add(card)
        session.flush()
        for device, removed_at in (("a", None), ("b", NOON)):
            session.add(
                AppleRegistration(
                    shop_id=shop.shop_id,
                    pass_id=card.id,
                    device_id=device * 32,
                    registered_at=NOON,
                    removed_at=removed_at,
                    pushed_at=NOON,
                )
            )
        line = "The pass could <not> be parsed"
        session.add(AppleLog(shop_id=shop.shop_id, id=new_id(), logged_at=NOON, message=line))
