"""R139: points for a segment on a page: shown before, given once, taken back."""

import html
import json
import re
from uuid import UUID, uuid4

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.test import TestResponse

from jobs.group_grants import run_shop
from loyalty.audit import AuditRow
from loyalty.base.clock import utc_now
from loyalty.base.db import shop_transaction
from loyalty.group_grants.tables import GroupGrant
from loyalty.ledger.posting import Cause, debit, lock_balance
from loyalty.members.tables import MemberBalance
from shopify_app.admin import group_grant_members
from tests.admin.campaigns.campaign_cast import have_segment
from tests.admin.cast import ShopAndClient

PATH = "/app/group-grants"


@pytest.fixture
def segment(aurora: ShopAndClient, alice: UUID) -> UUID:
    """Alice alone."""
    return have_segment(aurora, "Quiet <60> days", alice)


def give(shop: ShopAndClient, segment: UUID, **changes: str) -> TestResponse:
    fields = {
        "segment_id": str(segment),
        "points": "100",
        "reason": "vip_bonus",
        "expected": "1",
        "client_key": "key-1",
    }
    return shop.post(PATH, **(fields | changes))


def grants(shop: ShopAndClient) -> list[GroupGrant]:
    with shop_transaction(shop.shop_id) as session:
        return list(session.scalars(select(GroupGrant)))


def available(shop: ShopAndClient, member: UUID) -> int:
    with shop_transaction(shop.shop_id) as session:
        return session.get_one(MemberBalance, (shop.shop_id, member)).available


def spend(shop: ShopAndClient, member: UUID, points: int) -> None:
    """The member redeems some."""
    now = utc_now()
    with shop_transaction(shop.shop_id) as session:
        cause = Cause("deduct", "test:spend", "test", "1", "system:test", now)
        debit(session, lock_balance(session, shop.shop_id, member), cause, points=points, now=now)


def test_form_says_to_how_many_before_anything_is_given(
    aurora: ShopAndClient, alice: UUID, segment: UUID
) -> None:
    page = aurora.get(f"{PATH}/new?segment={segment}").text
    shown = aurora.post(f"{PATH}/forecast", segment_id=str(segment), points="100").text

    assert f'value="{segment}" selected' in page and "Quiet &lt;60&gt; days" in page
    assert "1 member of" in shown and "100 points together" in shown
    assert 'name="expected" value="1"' in shown
    assert grants(aurora) == [] and available(aurora, alice) == 0


def test_points_are_given_once_whoever_clicks_twice_and_taken_back(
    aurora: ShopAndClient, alice: UUID, segment: UUID
) -> None:
    answers = [give(aurora, segment) for _ in range(2)]

    assert [answer.status_code for answer in answers] == [204, 204]
    (grant,) = grants(aurora)
    where = json.loads(answers[0].headers["HX-Location"])["path"]
    assert where == f"{PATH}/{grant.id}"
    assert "Begins" in aurora.get(where).text

    run_shop(aurora.shop_id)

    page = aurora.get(where).text
    assert "Given" in page and "hx-trigger" not in page
    assert available(aurora, alice) == 100
    assert "Quiet &lt;60&gt; days" in aurora.get(PATH).text

    undone = aurora.post(f"{where}/undo")
    run_shop(aurora.shop_id)

    assert undone.status_code == 200 and "Being taken back" in undone.text
    assert "Taken back" in aurora.get(where).text
    assert available(aurora, alice) == 0


def test_while_it_moves_the_figures_alone_are_swapped_and_keep_the_focus(
    aurora: ShopAndClient, segment: UUID
) -> None:
    give(aurora, segment)
    (grant,) = grants(aurora)
    page = aurora.get(f"{PATH}/{grant.id}").text
    polled = page.split('id="figures"')[1].split("</section>")[0]
    poll = html.unescape(polled.split('hx-get="')[1].split('"')[0])

    assert 'hx-select="#figures"' in polled and 'id="take-back"' not in polled
    assert aurora.get(poll).status_code == 200
    run_shop(aurora.shop_id)

    # Another state by now: the whole page is fetched, with its badge and its button.
    where = json.loads(aurora.get(poll).headers["HX-Location"])
    assert (where["path"], where["target"]) == (f"{PATH}/{grant.id}", "#group-grant")
    whole = aurora.get(where["path"]).text
    controls = re.findall(
        r"<(?:a|button)\b[^>]*>", whole.split('id="figures"')[1].split("<dialog")[0]
    )
    # htmx gives the focus back to what has an id.
    assert len(controls) == 2 and all(" id=" in control for control in controls)


def test_each_member_is_listed_with_what_became_of_theirs_and_in_a_file(
    aurora: ShopAndClient, alice: UUID
) -> None:
    # given points for Alice, who spends some, and for Erin, who does not
    erin = aurora.enrol("Erin <b>", "Evans", "erin@example.com")
    segment = have_segment(aurora, "Both", alice, erin)
    give(aurora, segment, expected="2")
    run_shop(aurora.shop_id)
    (grant,) = grants(aurora)
    spend(aurora, alice, 30)
    # when they are taken back
    aurora.post(f"{PATH}/{grant.id}/undo")
    run_shop(aurora.shop_id)
    # then
    page = aurora.get(f"{PATH}/{grant.id}").text
    everybody = aurora.get(f"{PATH}/{grant.id}/members").text
    kept = aurora.get(f"{PATH}/{grant.id}/members?state=kept").text
    rows = aurora.get(f"{PATH}/{grant.id}/members.csv").get_data(as_text=True).splitlines()
    assert f'href="{PATH}/{grant.id}/members"' in page
    assert "Erin &lt;b&gt;" in everybody and "Taken back" in everybody
    assert "Has spent 30 of them" in kept and "Erin" not in kept
    assert rows[0].endswith("Member,Email,Points,What became of them,Why,Expired before")
    assert any("erin@example.com,100,Taken back,," in row for row in rows[1:])
    assert any("100,Kept them,Has spent 30 of them," in row for row in rows[1:]) and len(rows) == 3


def test_members_come_page_by_page(
    aurora: ShopAndClient, alice: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    erin = aurora.enrol("Erin", "Evans", "erin@example.com")
    give(aurora, have_segment(aurora, "Both", alice, erin), expected="2")
    run_shop(aurora.shop_id)
    (grant,) = grants(aurora)
    monkeypatch.setattr(group_grant_members, "_BATCH", 1)

    first = aurora.get(f"{PATH}/{grant.id}/members").text
    after = first.split("after=")[1].split('"')[0]
    second = aurora.get(f"{PATH}/{grant.id}/members?after={after}").text

    assert {str(one) in first for one in (alice, erin)} == {True, False}
    assert {str(one) in second for one in (alice, erin)} == {True, False}
    assert "after=" not in second and "<html" not in second


def test_older_decisions_come_batch_by_batch(aurora: ShopAndClient, segment: UUID) -> None:
    for number in range(51):
        give(aurora, segment, client_key=str(number))

    first = aurora.get(PATH).text
    [more] = re.findall(r'hx-get="([^"]+after=[^"]+)"', first)
    rest = aurora.get(html.unescape(more)).text

    assert (first.count("row-link"), rest.count("row-link")) == (50, 1)
    assert "<html" not in rest and "after=" not in rest


def test_the_file_of_members_is_audited_and_leaves_by_no_link(
    aurora: ShopAndClient, segment: UUID, client: FlaskClient
) -> None:
    give(aurora, segment)
    (grant,) = grants(aurora)
    path = f"{PATH}/{grant.id}/members.csv"
    token = aurora.bearer()["Authorization"].removeprefix("Bearer ")

    by_link = client.get(path, query_string={"id_token": token})
    aurora.get(path)

    assert by_link.status_code == 404
    with shop_transaction(aurora.shop_id) as session:
        downloaded = AuditRow.action == "group_grant_members_downloaded"
        assert len(session.scalars(select(AuditRow).where(downloaded)).all()) == 1


def test_segment_that_changed_since_it_was_shown_is_shown_again(
    aurora: ShopAndClient, segment: UUID
) -> None:
    answer = give(aurora, segment, expected="2")

    assert answer.status_code == 422
    assert "has 1 members by now" in answer.text.split('id="segment_id-error"')[1]
    assert 'name="expected" value="1"' in answer.text
    assert grants(aurora) == []


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"expected": ""}, "Look at how many members"),
        ({"points": "-5"}, "how many points each"),
        ({"points": ""}, "Enter a number"),
        ({"reason": ""}, "Choose a reason"),
        ({"segment_id": ""}, "Choose a segment"),
        ({"segment_id": str(UUID(int=7))}, "no longer there"),
    ],
)
def test_what_cannot_be_given_is_refused_and_nothing_given(
    aurora: ShopAndClient, segment: UUID, changes: dict[str, str], said: str
) -> None:
    answer = give(aurora, segment, **changes)

    assert answer.status_code in (404, 422) and said in answer.text
    assert 'id="group-grant-form"' in answer.text
    assert grants(aurora) == []


def test_empty_segment_is_refused(aurora: ShopAndClient) -> None:
    answer = give(aurora, have_segment(aurora, "Nobody"), expected="0")

    assert answer.status_code == 422 and "nobody to give to" in answer.text
    assert grants(aurora) == []


def test_what_another_shop_decided_is_not_found(
    aurora: ShopAndClient, borealis: ShopAndClient, segment: UUID
) -> None:
    give(aurora, segment)
    (grant,) = grants(aurora)

    assert borealis.get(f"{PATH}/{grant.id}").status_code == 404
    assert borealis.get(f"{PATH}/{grant.id}/members").status_code == 404
    assert borealis.get(f"{PATH}/{grant.id}/members.csv").status_code == 404
    assert borealis.post(f"{PATH}/{grant.id}/undo").status_code == 404
    assert give(borealis, segment, client_key=str(uuid4())).status_code == 404
    assert "Quiet" not in borealis.get(PATH).text
    assert [one.state for one in grants(aurora)] == ["preparing"]


def test_write_needs_a_bearer_token(
    aurora: ShopAndClient, segment: UUID, client: FlaskClient
) -> None:
    assert client.post(PATH, data={"segment_id": str(segment)}).status_code == 401
    assert client.post(f"{PATH}/{uuid4()}/undo").status_code == 401
    assert grants(aurora) == []


def test_members_page_leads_there(aurora: ShopAndClient) -> None:
    assert f'href="{PATH}"' in aurora.get("/app/members").text


def test_points_are_taken_back_after_a_question_alone(
    aurora: ShopAndClient, segment: UUID, alice: UUID
) -> None:
    give(aurora, segment)
    run_shop(aurora.shop_id)
    (grant,) = grants(aurora)
    spend(aurora, alice, 30)

    asked = aurora.get(f"{PATH}/{grant.id}").text
    aurora.post(f"{PATH}/{grant.id}/undo")
    run_shop(aurora.shop_id)
    forced = aurora.get(f"{PATH}/{grant.id}").text

    for page in (asked, forced):
        dialog = page.split('<dialog class="dialog" id="undo"')[1].split("</dialog>")[0]
        undoing = f'{PATH}/{grant.id}/undo"'
        assert 'data-open="undo"' in page
        assert page.count(undoing) == dialog.count(undoing) == 1
    assert "falls below zero" in forced and "falls below zero" not in asked
