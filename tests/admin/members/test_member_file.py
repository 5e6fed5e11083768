"""R26, R132: members as a CSV file that spreadsheets open, whole, harmless and audited."""

import csv
import io

import pytest
from sqlalchemy import select

from loyalty.audit import AuditRow
from loyalty.base.db import shop_transaction
from loyalty.queries import member_file
from tests.admin.cast import ShopAndClient


def rows(aurora: ShopAndClient, query: str = "") -> list[list[str]]:
    """The file's lines, as a spreadsheet reads them."""
    answer = aurora.get(f"/app/members.csv{query}")
    assert answer.status_code == 200
    assert answer.data.startswith("\ufeff".encode())
    assert b"\r\n" in answer.data
    return list(csv.reader(io.StringIO(answer.data.decode("utf-8-sig"), newline="")))


def test_file_holds_all_members_with_contacts_balances_and_days(aurora: ShopAndClient) -> None:
    member = aurora.enrol("Alice", "Archer", "alice@example.com")
    aurora.post(
        f"/app/members/{member}/adjustments", points="40", reason="contest", client_key="once"
    )
    aurora.look_at_members()

    header, line = rows(aurora)

    assert tuple(header) == member_file.HEADER
    told = dict(zip(header, line, strict=True))
    assert (told["First name"], told["Email"]) == ("Alice", "alice@example.com")
    assert (told["Points"], told["Lifetime earned"], told["Lifetime spent"]) == ("40", "40", "0")
    assert (told["Joined"], told["Last order"], told["Email consent"]) == ("2026-11-22", "", "none")


def test_names_that_are_formulas_or_break_lines_are_harmless(aurora: ShopAndClient) -> None:
    hostile = ["=1+1", "+cmd", "-2", "@SUM(A1)", "\t=1"]
    plain = ['say "hi", \r\nthere', "\u202eecilA", "x" * 5000]
    for name in hostile + plain:
        aurora.enrol(name, "Archer", None)

    found = [line[0] for line in rows(aurora)[1:]]

    assert sorted(found) == sorted(["'" + name for name in hostile] + plain)


def test_file_is_written_in_batches_that_leave_nobody_out(
    aurora: ShopAndClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(member_file, "BATCH", 3)
    for number in range(7):
        aurora.enrol("Member", str(number), None)

    answer = aurora.get("/app/members.csv")

    assert answer.headers["Encore-Rows"] == "7"
    assert sorted(line[1] for line in rows(aurora)[1:]) == [str(number) for number in range(7)]


def test_file_holds_those_who_match_or_are_ticked(aurora: ShopAndClient) -> None:
    aurora.enrol("Alice", "Archer", "alice@example.com")
    carla = aurora.enrol("Carla", "Costa", None)

    assert [line[0] for line in rows(aurora, "?search=alice")[1:]] == ["Alice"]
    assert [line[0] for line in rows(aurora, f"?member={carla}")[1:]] == ["Carla"]


def test_nobody_of_another_shop_is_in_the_file(
    aurora: ShopAndClient, borealis: ShopAndClient
) -> None:
    bob = borealis.enrol("Bob", "Baker", None)

    assert rows(aurora)[1:] == []
    assert rows(aurora, f"?member={bob}")[1:] == []


def test_each_download_is_audited_and_none_goes_by_a_link(aurora: ShopAndClient) -> None:
    aurora.enrol("Alice", "Archer", "alice@example.com")
    rows(aurora)

    with shop_transaction(aurora.shop_id) as session:
        [row] = session.scalars(select(AuditRow).where(AuditRow.action == "members_downloaded"))
    assert (row.actor_id, row.details["rows"]) == ("42", 1)
    assert aurora.client.get("/app/members.csv").status_code != 200
