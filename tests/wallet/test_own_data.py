"""R145-R147 on the customer's page: see what is held, take it away, have it deleted."""

import csv
import io
import json
import re
import zipfile
from datetime import timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from jobs.privacy import requests
from loyalty.audit import AuditRow
from loyalty.base.clock import utc_now
from loyalty.base.db import shop_transaction
from loyalty.ledger.posting import lock_balance
from loyalty.members.tables import Member
from loyalty.outbox import ERASURE_EMAIL_ASKED, OutboxEvent
from shopify_app.platform.tables import PrivacyRequest
from tests.wallet.cast import Cardholder
from tests.wallet.proving import (
    OURS,
    ask,
    challenges_of,
    code_for,
    path,
    prove,
    type_code,
)

_NOTICE = timedelta(days=7)

pytestmark = pytest.mark.usefixtures("emailing")


def proof_of(alice: Cardholder, place: str) -> dict[str, str]:
    """What the page behind the code sends along."""
    return {"challenge": str(challenges_of(alice)[-1].id), "code": code_for(alice, place)}


def requests_of(alice: Cardholder) -> list[PrivacyRequest]:
    with shop_transaction(alice.shop_id) as session:
        own = select(PrivacyRequest).where(PrivacyRequest.member_id == alice.member_id)
        return list(session.scalars(own.order_by(PrivacyRequest.received_at)))


def member_of(alice: Cardholder) -> Member:
    with shop_transaction(alice.shop_id) as session:
        return session.get_one(Member, (alice.shop_id, alice.member_id))


def actions_of(alice: Cardholder) -> list[str]:
    with shop_transaction(alice.shop_id) as session:
        rows = select(AuditRow.action).where(AuditRow.actor_id == str(alice.member_id))
        return list(session.scalars(rows.order_by(AuditRow.at, AuditRow.id)))


def test_page_shows_what_is_held_and_nothing_that_opens_anything(
    client: FlaskClient, alice: Cardholder
) -> None:
    alice.earn(1250)
    token = alice.open_pass().authentication_token

    page = prove(client, alice, "data")

    assert page.status_code == 200
    assert "501@example.com" in page.text and "1250" in page.text
    assert page.text.index("Personal details") < page.text.index("Points activity")
    assert str(alice.member_id) not in page.text.replace(path(alice), "").split("<details")[1]
    assert token not in page.text
    assert actions_of(alice) == ["code_asked_to_data", "own_data_seen"]


def test_json_holds_all_under_their_titles(client: FlaskClient, alice: Cardholder) -> None:
    alice.earn(1250)
    place = ask(client, alice, "data")

    answer = client.post(f"{path(alice)}/data/json", data=proof_of(alice, place), headers=OURS)

    assert answer.headers["Content-Disposition"] == 'attachment; filename="my-data.json"'
    document = json.loads(answer.text)
    assert document["shop"] == "aurora.myshopify.com"
    (own,) = (row for title in document["held"] for row in _members(document, title))
    assert own["email"] == "501@example.com"
    assert any(row.get("points") == 1250 for rows in document["held"].values() for row in rows)


def _members(
    document: dict[str, dict[str, list[dict[str, object]]]], title: str
) -> list[dict[str, object]]:
    return [row for row in document["held"][title] if "joined_at" in row]


def test_zip_holds_a_sheet_for_each_part_that_a_spreadsheet_opens_safely(
    client: FlaskClient, alice: Cardholder
) -> None:
    alice.rename('=HYPERLINK("http://evil.example")')
    alice.earn(1250)
    place = ask(client, alice, "data")

    answer = client.post(f"{path(alice)}/data/zip", data=proof_of(alice, place), headers=OURS)

    with zipfile.ZipFile(io.BytesIO(answer.data)) as archive:
        sheets = {name: archive.read(name) for name in archive.namelist()}
    assert all(body.startswith(b"\xef\xbb\xbf") for body in sheets.values())
    cells = [
        row
        for body in sheets.values()
        for row in csv.DictReader(io.StringIO(body.decode("utf-8-sig")))
    ]
    (own,) = (row for row in cells if "joined_at" in row)
    assert own["first_name"].startswith("'=HYPERLINK")
    assert any(row.get("points") == "1250" for row in cells)


def test_other_members_are_in_no_document(
    client: FlaskClient, alice: Cardholder, bob: Cardholder
) -> None:
    place = ask(client, alice, "data")

    answer = client.post(f"{path(alice)}/data/json", data=proof_of(alice, place), headers=OURS)

    assert str(bob.member_id) not in answer.text and "502@example.com" not in answer.text


@pytest.mark.parametrize("way", ["json", "zip"])
def test_link_alone_takes_nothing_away(client: FlaskClient, alice: Cardholder, way: str) -> None:
    ask(client, alice, "data")
    unproved = [{}, {"challenge": "x"}, {"challenge": str(challenges_of(alice)[0].id)}]

    answers = [
        client.post(f"{path(alice)}/data/{way}", data=form, headers=OURS) for form in unproved
    ]

    assert [answer.status_code for answer in answers] == [403, 403, 403]
    assert "own_data_taken" not in actions_of(alice)


def test_deletion_has_a_notice_of_seven_days(client: FlaskClient, alice: Cardholder) -> None:
    answer = prove(client, alice, "erase")

    assert (answer.status_code, answer.headers["Location"]) == (303, f"{path(alice)}#data")
    (request,) = requests_of(alice)
    assert request.next_at - request.received_at == _NOTICE
    requests.run_shop(alice.shop_id, now=request.next_at - timedelta(seconds=1))
    assert member_of(alice).state == "active"
    page = client.get(path(alice)).text
    assert "Your data is deleted on" in page and "Keep my card" in page
    assert 'value="erase"' not in page
    with shop_transaction(alice.shop_id) as session:
        told = session.scalars(select(OutboxEvent).where(OutboxEvent.kind == ERASURE_EMAIL_ASKED))
        assert [event.body["request_id"] for event in told] == [str(request.id)]


def test_after_the_notice_the_person_is_gone_and_the_books_stand(
    client: FlaskClient, alice: Cardholder
) -> None:
    alice.earn(1250)
    prove(client, alice, "erase")

    requests.run_shop(alice.shop_id, now=utc_now() + _NOTICE)

    member = member_of(alice)
    assert (member.state, member.email, member.first_name) == ("erased", None, None)
    assert requests_of(alice)[0].state == "checking"
    assert client.get(path(alice)).status_code in (404, 410)
    with shop_transaction(alice.shop_id) as session:
        assert lock_balance(session, alice.shop_id, alice.member_id).available == 1250


def test_erased_is_done_after_its_looks(client: FlaskClient, alice: Cardholder) -> None:
    prove(client, alice, "erase")

    for days in (7, 8, 21, 22):
        requests.run_shop(alice.shop_id, now=utc_now() + timedelta(days=days))

    assert requests_of(alice)[0].state == "done"


def test_deletion_can_be_taken_back(client: FlaskClient, alice: Cardholder) -> None:
    prove(client, alice, "erase")

    answer = client.post(f"{path(alice)}/data/take-back", headers=OURS)

    assert answer.status_code == 303
    requests.run_shop(alice.shop_id, now=utc_now() + timedelta(days=30))
    assert member_of(alice).state == "active"
    assert requests_of(alice)[0].state == "withdrawn"
    page = client.get(path(alice)).text
    assert "Keep my card" not in page and 'value="erase"' in page
    assert client.post(f"{path(alice)}/data/take-back", headers=OURS).status_code == 409


def test_asked_twice_it_is_one_request(client: FlaskClient, alice: Cardholder) -> None:
    place = ask(client, alice, "erase")
    code = code_for(alice, place)

    first, again = type_code(client, place, code), type_code(client, place, code)

    assert (first.status_code, again.status_code) == (303, 303)
    assert len(requests_of(alice)) == 1


def test_old_code_begins_no_second_deletion(client: FlaskClient, alice: Cardholder) -> None:
    place = ask(client, alice, "erase")
    code = code_for(alice, place)
    type_code(client, place, code)
    client.post(f"{path(alice)}/data/take-back", headers=OURS)

    answer = type_code(client, place, code)

    assert answer.status_code == 410
    assert [request.state for request in requests_of(alice)] == ["withdrawn"]


def test_pages_behind_the_code_are_stored_nowhere(client: FlaskClient, alice: Cardholder) -> None:
    page = prove(client, alice, "data")

    assert page.headers["Cache-Control"] == "no-store"
    assert "script" not in re.sub(r"<bdi>.*?</bdi>", "", page.text)
