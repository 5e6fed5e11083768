"""R153: one member merged into another from the profile: preview, merge, undo."""

import re
from uuid import UUID

import pytest
from sqlalchemy import select

from loyalty.audit import AuditRow
from loyalty.base.db import shop_transaction
from loyalty.members.tables import Member
from tests.admin.cast import DANA, ShopAndClient
from tests.admin.profile.test_adjustments import GRANT, balance
from tests.admin.profile.test_profile import order


@pytest.fixture
def carol(aurora: ShopAndClient, alice: UUID) -> UUID:
    """Alice's other account, with an order of 20.00; Alice has 250 points."""
    carol = aurora.enrol("Carol", "Clark", "carol@example.com")
    order(aurora, carol, 7, 2_000)
    aurora.post(f"/app/members/{alice}/adjustments", **GRANT)
    aurora.look_at_members()
    return carol


def test_somebody_is_found_and_both_stand_side_by_side(
    aurora: ShopAndClient, alice: UUID, carol: UUID
) -> None:
    found = aurora.get(f"/app/members/{carol}/merge?search=alice").text
    choice = re.search(r'href="([^"]+)" aria-label="Compare with Alice Archer"', found)
    assert choice

    page = aurora.get(choice.group(1).replace("&amp;", "&")).text

    points = re.search(r'<th scope="row">Points</th>(.*?)</tr>', page)
    assert points
    assert re.findall(r"\d+", points.group(1)) == ["20", "250", "270"]
    assert "€20.00" in page and "Merge into Alice Archer" in page
    assert (balance(aurora, alice), balance(aurora, carol)) == (250, 20), "seeing merges nobody"


def test_who_shares_the_phone_number_is_likely_the_same(
    aurora: ShopAndClient, alice: UUID, carol: UUID
) -> None:
    with shop_transaction(aurora.shop_id) as session:
        for member in (alice, carol):
            session.get_one(Member, (aurora.shop_id, member)).phone = "+34600000000"

    page = aurora.get(f"/app/members/{carol}/merge").text

    likely = page.split("Likely the same person")[1].split("</section>")[0]
    assert f"into={alice}" in likely and "Alice Archer" in likely


def test_merged_points_are_the_survivors_until_it_is_undone(
    aurora: ShopAndClient, alice: UUID, carol: UUID
) -> None:
    merged = aurora.post(f"/app/members/{carol}/merge", into=str(alice))
    together = balance(aurora, alice), aurora.get(f"/app/members/{alice}").text
    undo = re.search(r'hx-post="(/app/merges/[^"]+/undo)"', together[1])
    assert undo
    undone = aurora.post(undo.group(1))
    again = aurora.post(undo.group(1))

    assert (merged.status_code, undone.status_code, again.status_code) == (204, 204, 422)
    assert together[0] == 270 and "Carol Clark" in together[1]
    assert (balance(aurora, alice), balance(aurora, carol)) == (250, 20)
    assert "This merge is undone already." in again.headers["HX-Trigger"]
    assert "Merged accounts" not in aurora.get(f"/app/members/{alice}").text
    with shop_transaction(aurora.shop_id) as session:
        actors = session.scalars(select(AuditRow.actor_id).where(AuditRow.action.like("%merge%")))
        assert set(actors) == {str(DANA)}


def test_nobody_is_merged_with_themselves_or_twice(
    aurora: ShopAndClient, alice: UUID, carol: UUID
) -> None:
    seen = aurora.get(f"/app/members/{carol}/merge?into={carol}").text
    alone = aurora.post(f"/app/members/{carol}/merge", into=str(carol))
    first = aurora.post(f"/app/members/{carol}/merge", into=str(alice))
    twice = aurora.post(f"/app/members/{carol}/merge", into=str(alice))

    assert "cannot be merged with themselves" in seen and "Merge into Carol" not in seen
    assert (alone.status_code, first.status_code) == (422, 204)
    assert twice.status_code in (409, 422) and twice.headers["HX-Trigger"]
    assert balance(aurora, alice) == 270


def test_members_and_merges_of_another_shop_are_not_found(
    aurora: ShopAndClient, borealis: ShopAndClient, alice: UUID, bob: UUID, carol: UUID
) -> None:
    aurora.post(f"/app/members/{carol}/merge", into=str(alice))
    page = aurora.get(f"/app/members/{alice}").text
    undo = re.search(r'hx-post="(/app/merges/[^"]+/undo)"', page)
    assert undo

    answers = [
        aurora.get(f"/app/members/{bob}/merge"),
        aurora.post(f"/app/members/{bob}/merge", into=str(alice)),
        aurora.post(f"/app/members/{alice}/merge", into=str(bob)),
        borealis.post(undo.group(1)),
    ]
    compared = aurora.get(f"/app/members/{alice}/merge?into={bob}").text

    assert [answer.status_code for answer in answers] == [404] * 4
    assert "There is no such member" in compared and "Bob" not in compared
    assert balance(aurora, alice) == 270


def test_the_tool_offers_likely_duplicates_and_what_can_be_undone(
    aurora: ShopAndClient, borealis: ShopAndClient, alice: UUID, carol: UUID
) -> None:
    with shop_transaction(aurora.shop_id) as session:
        session.get_one(Member, (aurora.shop_id, carol)).email_norm = "alice@example.com"

    before = aurora.get("/app/settings/merges").text
    compare = re.search(r'href="([^"]+)" aria-label="Compare [^"]+"', before)
    assert compare
    seen = aurora.get(compare.group(1).replace("&amp;", "&")).text
    aurora.post(f"/app/members/{carol}/merge", into=str(alice))
    after = aurora.get("/app/settings/merges").text

    assert {"Alice Archer", "Carol Clark"} <= set(re.findall(r"<bdi>([^<]+)</bdi>", before))
    assert "What would come of it" in seen
    assert "No two members share an email address or a phone number" in after
    assert f'href="/app/members/{alice}"' in after and "Carol Clark" in after
    assert "Carol" not in borealis.get("/app/settings/merges").text
    assert 'href="/app/settings/merges"' in aurora.get("/app/settings").text
