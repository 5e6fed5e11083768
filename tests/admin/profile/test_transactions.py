"""R97–R102: the tab Transactions, its types and its file; and the undo of what was by hand."""

import csv
import io
import json
import re
from uuid import UUID

import pytest
from sqlalchemy import select

from loyalty.audit import AuditRow
from loyalty.base.db import shop_transaction
from loyalty.ledger.tables import LedgerEntry
from tests.admin.cast import DANA, ShopAndClient
from tests.admin.profile.test_adjustments import balance
from tests.admin.profile.test_profile import order


@pytest.fixture
def path(alice: UUID) -> str:
    """Alice's page."""
    return f"/app/members/{alice}"


@pytest.fixture
def moved(aurora: ShopAndClient, alice: UUID, path: str) -> None:
    """Alice earned 20 with order #7, was granted 250, and lost 30."""
    order(aurora, alice, 7, 2_000)
    grant(aurora, path, "250", "key-1")
    grant(aurora, path, "-30", "key-2")


def grant(shop: ShopAndClient, path: str, points: str, key: str) -> None:
    """Points by hand, for a contest."""
    answer = shop.post(f"{path}/adjustments", points=points, reason="contest", client_key=key)
    assert answer.status_code == 200


def rows_of(page: str) -> list[tuple[str, str]]:
    """Type and points of each row of the tab."""
    found = re.findall(
        r'<td><span class="badge ">(\w+)</span>.*?<span dir="ltr">([^<]+)</span>', page, re.DOTALL
    )
    return [(kind, points) for kind, points in found]


def undo_of(page: str, points: str) -> str:
    """Where the movement of so many points is undone."""
    found = re.search(rf'hx-post="([^"]+/undo)"[^>]*>Undo {re.escape(points)}<', page)
    assert found, points
    return found.group(1)


def test_each_movement_stands_with_date_type_points_and_source(
    aurora: ShopAndClient, path: str, moved: None
) -> None:
    page = aurora.get(f"{path}?tab=transactions").text

    assert rows_of(page) == [("Deducted", "−30"), ("Granted", "+250"), ("Earned", "+20")]
    assert "Granted by hand: Contest" in page
    assert "Earned with an order, order <bdi>#7</bdi>" in page
    assert "Nov 22, 2026, 1:07:00\xa0PM" in page


@pytest.mark.parametrize(
    ("wanted", "rows"),
    [
        ("earned", [("Earned", "+20")]),
        ("granted", [("Granted", "+250")]),
        ("deducted", [("Deducted", "−30")]),
        ("moved", []),
    ],
)
def test_one_type_alone(
    aurora: ShopAndClient, path: str, moved: None, wanted: str, rows: list[tuple[str, str]]
) -> None:
    page = aurora.get(f"{path}?tab=transactions&type={wanted}").text

    assert rows_of(page) == rows
    assert re.search(rf'id="type-{wanted}"[^>]*aria-current="true"', page, re.DOTALL)
    assert ("No transactions of this type" in page) == (rows == [])


def test_a_long_history_comes_in_batches_without_repeats(aurora: ShopAndClient, path: str) -> None:
    for number in range(1, 31):
        grant(aurora, path, str(number), f"key-{number}")

    page = aurora.get(f"{path}?tab=transactions&type=granted").text
    more = re.search(r'hx-get="([^"]*/transactions\?[^"]*)"', page)
    assert more and "type=granted" in more.group(1)
    rest = aurora.get(more.group(1).replace("&amp;", "&")).text

    points = [points for _, points in rows_of(page) + rows_of(rest)]
    assert points == [f"+{number}" for number in range(30, 0, -1)]
    assert "Load more" not in rest


def test_the_file_holds_the_chosen_type_and_is_audited(
    aurora: ShopAndClient, alice: UUID, path: str, moved: None
) -> None:
    answer = aurora.get(f"{path}/transactions.csv?type=granted")

    assert answer.data.startswith(b"\xef\xbb\xbf")
    header, *rows = csv.reader(io.StringIO(answer.data.decode("utf-8-sig")))
    assert header[:5] == ["Date", "Type", "Points", "Source", "Order"]
    assert [row[1:4] for row in rows] == [["Granted", "250", "grant"]]
    with shop_transaction(aurora.shop_id) as session:
        rows_audited = session.scalars(
            select(AuditRow).where(AuditRow.action == "transactions_downloaded")
        ).all()
    assert [(row.actor_id, row.subject_id) for row in rows_audited] == [(str(DANA), str(alice))]


def test_what_was_granted_is_undone_once(
    aurora: ShopAndClient, alice: UUID, path: str, moved: None
) -> None:
    grant(aurora, path, "40", "key-3")
    address = undo_of(aurora.get(f"{path}?tab=transactions").text, "+40")

    first, second = aurora.post(address), aurora.post(address)

    assert (first.status_code, second.status_code) == (204, 204)
    assert balance(aurora, alice) == 240
    assert json.loads(first.headers["HX-Location"])["path"] == f"{path}?tab=transactions"
    after = aurora.get(f"{path}?tab=transactions&type=granted").text
    assert "Undone: granted by hand" in after
    assert rows_of(after)[-1] == ("Granted", "+250")
    assert after.count("/undo") == 1, "what was undone, and the undo itself, are not offered again"


def test_what_was_spent_since_is_not_undone_and_the_reason_is_told(
    aurora: ShopAndClient, alice: UUID, path: str, moved: None
) -> None:
    address = undo_of(aurora.get(f"{path}?tab=transactions").text, "+250")

    answer = aurora.post(address)

    assert answer.status_code == 409
    assert "spent already. Nothing was undone." in answer.headers["HX-Trigger"]
    assert balance(aurora, alice) == 240


def test_points_of_an_order_are_not_undone_here(
    aurora: ShopAndClient, alice: UUID, path: str, moved: None
) -> None:
    with shop_transaction(aurora.shop_id) as session:
        earned = session.scalars(
            select(LedgerEntry.id).where(LedgerEntry.kind == "earn_order")
        ).one()

    answer = aurora.post(f"{path}/transactions/{earned}/undo")

    assert answer.status_code == 409
    assert "Only what staff granted or deducted" in answer.headers["HX-Trigger"]
    assert balance(aurora, alice) == 240


def test_nobody_undoes_through_another_members_page(
    aurora: ShopAndClient, borealis: ShopAndClient, alice: UUID, bob: UUID, moved: None
) -> None:
    page = aurora.get(f"/app/members/{alice}?tab=transactions").text
    carol = aurora.enrol("Carol", "Clark", "carol@example.com")
    entry = undo_of(page, "+250").split("/")[-2]

    through_carol = aurora.post(f"/app/members/{carol}/transactions/{entry}/undo")
    through_bob = borealis.post(f"/app/members/{bob}/transactions/{entry}/undo")

    assert (through_carol.status_code, through_bob.status_code) == (404, 404)
    assert balance(aurora, alice) == 240


@pytest.mark.parametrize("suffix", ["?tab=transactions", "/transactions", "/transactions.csv"])
def test_member_of_another_shop_is_not_found(aurora: ShopAndClient, bob: UUID, suffix: str) -> None:
    assert aurora.get(f"/app/members/{bob}{suffix}").status_code == 404
