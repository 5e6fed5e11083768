"""Settings → Privacy & Compliance → Data Requests: seen by the shop alone, its files too. R148."""

import json
from datetime import timedelta
from uuid import UUID, uuid4

from sqlalchemy import select

from loyalty.audit import AuditRow
from loyalty.base.clock import utc_now
from loyalty.base.db import shop_transaction
from loyalty.base.ids import new_id
from shopify_app.platform.tables import PrivacyDocument, PrivacyRequest
from tests.admin.cast import DANA, ShopAndClient, session_token

_PAGE = "/app/settings/privacy"


def ask(
    aurora: ShopAndClient,
    subject: str = "customers/data_request",
    *,
    state: str = "open",
    age_days: int = 0,
    document: str | None = None,
    error: str | None = None,
) -> UUID:
    """A request as the job leaves it."""
    request_id, received_at = new_id(), utc_now() - timedelta(days=age_days)
    with shop_transaction(aurora.shop_id) as session:
        session.add(
            PrivacyRequest(
                shop_id=aurora.shop_id,
                id=request_id,
                subject=subject,
                customer_id=501,
                body={},
                state=state,
                received_at=received_at,
                due_at=received_at + timedelta(days=30),
                done_at=utc_now() if state in ("done", "refused") else None,
                next_at=received_at,
                error=error,
            )
        )
        session.flush()
        if document is not None:
            session.add(
                PrivacyDocument(
                    shop_id=aurora.shop_id,
                    request_id=request_id,
                    customer_id=501,
                    made_at=utc_now(),
                    body=document,
                )
            )
    return request_id


def test_settings_lead_to_the_data_requests(aurora: ShopAndClient) -> None:
    page = aurora.get("/app/settings").text

    assert "Privacy &amp; Compliance" in page and f'href="{_PAGE}"' in page
    assert "No data requests yet" in aurora.get(_PAGE).text


def test_each_request_stands_with_what_came_of_it(aurora: ShopAndClient) -> None:
    ask(aurora, "customers/data_request", state="done", document="{}")
    ask(aurora, "customers/redact", state="checking")
    ask(aurora, "shop/redact", state="refused")
    ask(aurora, "customers/redact", error="ProgrammingError 42P01")

    page = aurora.get(_PAGE).text

    for words in ("Show what is held", "Erase a customer", "Erase the shop"):
        assert words in page
    for words in ("Ready", "Erased", "Not carried out", "Delayed"):
        assert words in page
    assert "ProgrammingError" not in page
    assert page.count("data-download") == 1


def test_what_is_due_within_a_week_is_said_here_and_at_home(aurora: ShopAndClient) -> None:
    ask(aurora, age_days=24)
    ask(aurora, age_days=20)

    assert "Due within a week: 1" in aurora.get(_PAGE).text
    assert "1 due within a week" in aurora.get("/app/settings").text
    home = aurora.get("/app").text
    assert "A data request is due within a week" in home and _PAGE in home


def test_what_was_met_is_not_urgent(aurora: ShopAndClient) -> None:
    ask(aurora, age_days=29, state="done")
    ask(aurora, "customers/redact", age_days=29, state="checking")

    assert "Due within a week" not in aurora.get(_PAGE).text
    assert "due within a week" not in aurora.get("/app").text


def test_batches_follow_one_another_without_repeats(aurora: ShopAndClient) -> None:
    for days in range(30):
        ask(aurora, age_days=days, state="done")
    first = aurora.get(_PAGE).text
    after = first.split('hx-get="')[1].split('"')[0].replace("&amp;", "&")

    second = aurora.get(after).text

    assert first.count(">Show what is held<") == 25
    assert second.count(">Show what is held<") == 5 and "<html" not in second


def test_a_download_is_a_file_and_leaves_a_trace(aurora: ShopAndClient) -> None:
    request_id = ask(aurora, state="done", document=json.dumps({"held": {"Personal details": []}}))

    answer = aurora.get(f"{_PAGE}/{request_id}/document")

    assert answer.get_json() == {"held": {"Personal details": []}}
    assert answer.headers["Content-Disposition"] == 'attachment; filename="customer-501-data.json"'
    assert answer.headers["Cache-Control"] == "no-store"
    with shop_transaction(aurora.shop_id) as session:
        (row,) = session.scalars(
            select(AuditRow).where(AuditRow.action == "privacy_document_downloaded")
        )
    assert (row.actor_id, row.subject_id) == (str(DANA), str(request_id))


def test_a_link_alone_opens_no_document(aurora: ShopAndClient) -> None:
    request_id = ask(aurora, state="done", document="{}")
    address = f"{_PAGE}/{request_id}/document"

    by_link = aurora.client.get(address, query_string={"id_token": session_token(aurora.domain)})
    without = aurora.client.get(address, headers={"Sec-Fetch-Dest": "empty"})

    assert (by_link.status_code, without.status_code) == (404, 401)


def test_another_shop_sees_nothing_of_it(aurora: ShopAndClient, borealis: ShopAndClient) -> None:
    request_id = ask(aurora, state="done", document="{}")

    assert borealis.get(f"{_PAGE}/{request_id}/document").status_code == 404
    assert "No data requests yet" in borealis.get(_PAGE).text


def test_what_is_not_there_is_not_found(aurora: ShopAndClient) -> None:
    waiting = ask(aurora)

    for wanted in (waiting, uuid4(), "nonsense"):
        assert aurora.get(f"{_PAGE}/{wanted}/document").status_code == 404


def test_members_own_request_says_that_it_can_be_taken_back(aurora: ShopAndClient) -> None:
    ask(aurora, "member/erase")
    ask(aurora, "member/erase", state="withdrawn")

    page = aurora.get(_PAGE).text

    assert page.count(">Erase a member<") == 2
    assert "The member and your staff can take it back for seven days." in page
    assert "Taken back" in page


def test_a_request_has_a_page_with_its_dates_and_what_was_gathered(aurora: ShopAndClient) -> None:
    held = {
        "Personal details": [{"name": "Ada <b>Bold</b>", "phone": None}],
        "Orders": [{"order": number} for number in range(25)],
        "Notes": [],
    }
    request_id = ask(aurora, state="done", document=json.dumps({"held": held}))

    assert f'href="{_PAGE}/{request_id}"' in aurora.get(_PAGE).text
    page = aurora.get(f"{_PAGE}/{request_id}").text
    assert "Show what is held" in page and "Customer 501" in page and "Ada" not in page

    data = aurora.get(f"{_PAGE}/{request_id}/held").text
    assert "Ada &lt;b&gt;Bold&lt;/b&gt;" in data and "phone" not in data and "Notes" not in data
    assert "Orders" in data and "The file has all 25." in data and data.count("<dt>order") == 20
    assert f"Privacy document seen: Staff member {DANA}" in aurora.get(f"{_PAGE}/{request_id}").text


def test_what_was_gathered_is_shown_to_no_other_shop_and_to_no_link(
    aurora: ShopAndClient, borealis: ShopAndClient
) -> None:
    request_id = ask(aurora, state="done", document='{"held": {}}')

    assert borealis.get(f"{_PAGE}/{request_id}").status_code == 404
    assert borealis.get(f"{_PAGE}/{request_id}/held").status_code == 404
    address = f"{_PAGE}/{request_id}/held"
    token = session_token(aurora.domain)
    assert aurora.client.get(address, query_string={"id_token": token}).status_code == 404
    with shop_transaction(aurora.shop_id) as session:
        assert session.scalar(select(AuditRow).where(AuditRow.action.contains("document"))) is None
