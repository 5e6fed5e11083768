"""R79, R131, R132: one member's export, as a zip of CSV files and as JSON."""

import csv
import io
import json
import zipfile
from collections.abc import Iterator
from uuid import UUID

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from jobs.privacy.gathering import hold_member
from loyalty.audit import AuditRow
from loyalty.base.db import shop_transaction
from tests.admin.cast import DANA, ShopAndClient
from tests.admin.profile.test_profile import order
from wallet import setup as wallet_setup
from wallet.setup import WalletSettings


@pytest.fixture(autouse=True)
def gathers(client: FlaskClient, sends_emails: None) -> Iterator[None]:
    """What is held is gathered as in the whole product."""
    before = wallet_setup._settings
    wallet_setup.configure(
        WalletSettings("https://encore.example", b"l" * 32, apple=None, hold=hold_member)
    )
    yield
    wallet_setup._settings = before


def test_the_sheets_hold_details_transactions_orders_and_activity(
    aurora: ShopAndClient,
) -> None:
    eve = aurora.enrol("=HYPERLINK(1)", "Evans", "eve@example.com")
    order(aurora, eve, 7, 2_000)

    answer = aurora.get(f"/app/members/{eve}/export.zip")

    assert answer.mimetype == "application/zip"
    sheets = zipfile.ZipFile(io.BytesIO(answer.data))
    details = rows_of(sheets, "personal-details.csv")
    assert [(row["first_name"], row["email"]) for row in details] == [
        ("'=HYPERLINK(1)", "eve@example.com")
    ]
    everything = {name: sheets.read(name).decode("utf-8-sig") for name in sheets.namelist()}
    assert any("earn_order" in text for text in everything.values()), "transactions"
    assert any("#7" in text for text in everything.values()), "orders"
    assert any("points_added" in text for text in everything.values()), "activity"
    assert not any("\n=" in text or ",=" in text for text in everything.values())


def test_the_document_holds_the_same_and_each_export_is_audited(
    aurora: ShopAndClient, alice: UUID
) -> None:
    order(aurora, alice, 7, 2_000)

    document = json.loads(aurora.get(f"/app/members/{alice}/export.json").text)
    aurora.get(f"/app/members/{alice}/export.zip")

    assert document["shop"] == "aurora.myshopify.com"
    assert document["held"]["Personal details"][0]["email"] == "alice@example.com"
    with shop_transaction(aurora.shop_id) as session:
        rows = session.scalars(select(AuditRow).order_by(AuditRow.id)).all()
    assert [(row.actor_id, row.action, row.details["form"]) for row in rows] == [
        (str(DANA), "member_exported", "json"),
        (str(DANA), "member_exported", "zip"),
    ]


@pytest.mark.parametrize("ending", ["zip", "json"])
def test_member_of_another_shop_is_not_found(aurora: ShopAndClient, bob: UUID, ending: str) -> None:
    answer = aurora.get(f"/app/members/{bob}/export.{ending}")

    assert answer.status_code == 404
    assert "Bob" not in answer.text


def rows_of(sheets: zipfile.ZipFile, name: str) -> list[dict[str, str]]:
    """The lines of a sheet."""
    return list(csv.DictReader(io.StringIO(sheets.read(name).decode("utf-8-sig"))))
