"""R154: every recipient's fate with its reason, on a page and in a file."""

import csv
import io
from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import select

from loyalty.audit import AuditRow
from loyalty.base.clock import utc_now
from loyalty.base.db import shop_transaction
from tests.admin.campaigns.campaign_cast import (
    be_sending,
    have_campaign,
    have_recipient,
    have_segment,
)
from tests.admin.campaigns.test_campaigns import plain
from tests.admin.cast import ShopAndClient


@pytest.fixture
def campaign_id(aurora: ShopAndClient, alice: UUID) -> UUID:
    """Alice got it and opened it; =Eve has bounced; Carol was held out."""
    eve = aurora.enrol("=Eve", "Evans", "eve@example.com")
    carol = aurora.enrol("Carol", "Clark", "carol@example.com")
    campaign_id = have_campaign(aurora, have_segment(aurora, "VIP", alice, eve, carol))
    be_sending(aurora, campaign_id, "done")
    opened_at = utc_now() - timedelta(hours=1)
    have_recipient(aurora, campaign_id, alice, 1, opened_at=opened_at)
    why = {"email_fate": "skipped", "email_reason": "hard_bounce"}
    have_recipient(aurora, campaign_id, eve, 2, **why)
    have_recipient(aurora, campaign_id, carol, 3, is_held_out=True, email_fate=None)
    return campaign_id


def lines(body: str) -> list[dict[str, str]]:
    """The file's rows as a program reads them."""
    return list(csv.DictReader(io.StringIO(body.removeprefix("\ufeff"))))


def test_each_member_stands_with_what_became_of_it(
    aurora: ShopAndClient, campaign_id: UUID
) -> None:
    page = plain(aurora.get(f"/app/campaigns/{campaign_id}/recipients").text)

    assert "All 3" in page and "Left out 1" in page and "Held out 1" in page
    assert "Alice Archer Opened" in page
    assert "Left out Email: Emails to the address bounce" in page


def test_one_fate_is_shown_alone(aurora: ShopAndClient, campaign_id: UUID) -> None:
    page = aurora.get(f"/app/campaigns/{campaign_id}/recipients?fate=skipped").text

    assert "Evans" in page and "Archer" not in page and 'aria-current="page"' in page


def test_the_next_rows_come_one_by_one(
    aurora: ShopAndClient, campaign_id: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shopify_app.admin.campaigns.recipients._BATCH", 2)
    path = f"/app/campaigns/{campaign_id}/recipients"

    first = aurora.get(path).text
    after = first.split("after=")[1].split('"')[0]
    second = aurora.get(f"{path}?after={after}").text

    assert "Archer" in first and "Evans" in first and "Clark" not in first
    assert "Clark" in second and "<html" not in second and "Load more" not in second


def test_the_file_holds_everybody_and_no_formula(
    aurora: ShopAndClient, campaign_id: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shopify_app.admin.campaigns.recipients._FILE_BATCH", 2)

    answer = aurora.get(f"/app/campaigns/{campaign_id}/recipients.csv")

    assert answer.mimetype == "text/csv"
    rows = lines(answer.text)
    assert [row["Name"] for row in rows] == ["Alice Archer", "'=Eve Evans", "Carol Clark"]
    assert [row["Fate"] for row in rows] == ["Sent", "Left out", "Held out"]
    assert rows[1]["Why not by email"] == "Emails to the address bounce"
    assert rows[0]["Opened"] != "" == rows[1]["Opened"]
    with shop_transaction(aurora.shop_id) as session:
        downloaded = AuditRow.action == "campaign_recipients_downloaded"
        assert session.scalars(select(AuditRow.actor_id).where(downloaded)).all() == ["42"]


def test_a_link_opens_no_file(aurora: ShopAndClient, campaign_id: UUID) -> None:
    token = aurora.bearer()["Authorization"].removeprefix("Bearer ")

    answer = aurora.client.get(f"/app/campaigns/{campaign_id}/recipients.csv?id_token={token}")

    assert answer.status_code == 404
