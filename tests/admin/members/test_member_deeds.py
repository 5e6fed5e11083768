"""R24, R139: deeds for some members of the list, or for all who match: points, segment, card."""

import re
from html import unescape
from uuid import UUID

import pytest
from sqlalchemy import func, select

from jobs import group_grants, member_deeds
from loyalty.base.db import shop_transaction
from loyalty.listing.tables import MemberDeed
from loyalty.members.tables import MemberBalance
from loyalty.outbox import CARD_EMAIL_ASKED, OutboxEvent
from loyalty.segments.tables import SegmentMember, SegmentOverride
from loyalty.segments.views import list_segments
from tests.admin.cast import ShopAndClient


@pytest.fixture
def three(aurora: ShopAndClient) -> list[UUID]:
    """Alice and Carla with an address, Zoë without one."""
    return [
        aurora.enrol("Alice", "Archer", "alice@example.com"),
        aurora.enrol("Carla", "Costa", "carla@example.com"),
        aurora.enrol("Zoë", "Ödegaard", None),
    ]


def test_ticked_members_get_points_and_an_undo_takes_them_back(
    aurora: ShopAndClient, three: list[UUID]
) -> None:
    form = open_form(aurora, f"deed=grant&member={three[0]}&member={three[1]}")
    where = aurora.post("/app/members/deeds", **form, points="40", reason="contest").headers

    group_grants.run_shop(aurora.shop_id)
    given = points_of(aurora, three)
    grant = re.search(r"/app/group-grants/[0-9a-f-]+", where["HX-Location"])
    assert grant
    aurora.post(f"{grant.group()}/undo")
    group_grants.run_shop(aurora.shop_id)

    assert given == [40, 40, 0]
    assert points_of(aurora, three) == [0, 0, 0]
    assert "2 selected members" in aurora.get(grant.group()).text


def test_all_who_match_are_put_into_a_segment(aurora: ShopAndClient, three: list[UUID]) -> None:
    segment = segment_of(aurora)
    form = open_form(aurora, "deed=segment&every=1&search=example.com")

    answer = aurora.post("/app/members/deeds", **form, segment_id=str(segment))
    group_grants.run_shop(aurora.shop_id)

    assert answer.status_code == 204
    with shop_transaction(aurora.shop_id) as session:
        said = session.scalars(select(SegmentOverride.member_id)).all()
        belong = session.scalars(
            select(SegmentMember.member_id).where(SegmentMember.segment_id == segment)
        ).all()
    assert sorted(said) == sorted(three[:2])
    assert set(three[:2]) <= set(belong)


@pytest.mark.usefixtures("sends_emails")
def test_cards_are_sent_once_to_all_who_can_get_one(
    aurora: ShopAndClient, three: list[UUID]
) -> None:
    form = open_form(aurora, "deed=card&every=1")
    before = asked_cards(aurora)

    for _ in range(2):
        aurora.post("/app/members/deeds", **form)
        group_grants.run_shop(aurora.shop_id)

    with shop_transaction(aurora.shop_id) as session:
        [deed] = session.scalars(select(MemberDeed))
    assert (deed.state, deed.done, deed.skipped) == ("done", 2, 1)
    assert asked_cards(aurora) == before + 2
    assert "Left out" in aurora.get(f"/app/members/deeds/{deed.id}").text


@pytest.mark.usefixtures("sends_emails")
def test_a_deed_that_dies_in_a_batch_goes_on_where_it_was(
    aurora: ShopAndClient, three: list[UUID], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(member_deeds, "BATCHES", {"card": 1})
    before = asked_cards(aurora)
    aurora.post("/app/members/deeds", **open_form(aurora, "deed=card&every=1"))
    group_grants.run_shop(aurora.shop_id, for_s=0)

    with monkeypatch.context() as dying, pytest.raises(ZeroDivisionError):
        dying.setattr(member_deeds, "end_turn", lambda *_, **__: 1 / 0)
        group_grants.run_shop(aurora.shop_id)
    group_grants.run_shop(aurora.shop_id)

    assert asked_cards(aurora) == before + 2


@pytest.mark.parametrize(
    ("deed", "typed", "field"),
    [
        ("grant", {"points": "many", "reason": "contest"}, "points"),
        ("grant", {"points": "-5", "reason": "contest"}, "points"),
        ("grant", {"points": "5", "reason": "because"}, "reason"),
        ("segment", {"segment_id": ""}, "segment_id"),
    ],
)
def test_what_is_wrong_stands_beside_its_field_with_what_was_typed(
    aurora: ShopAndClient, three: list[UUID], deed: str, typed: dict[str, str], field: str
) -> None:
    form = open_form(aurora, f"deed={deed}&every=1")

    answer = aurora.post("/app/members/deeds", **form, **typed)

    assert answer.status_code == 422
    assert f'id="{field}-error"' in answer.text
    if points := typed.get("points"):
        assert f'value="{points}"' in answer.text


def test_members_and_segments_of_another_shop_are_nobody_and_nothing(
    aurora: ShopAndClient, borealis: ShopAndClient, three: list[UUID]
) -> None:
    bob = borealis.enrol("Bob", "Baker", None)
    form = open_form(aurora, f"deed=grant&member={bob}")
    theirs = open_form(aurora, "deed=segment&every=1")

    granted = aurora.post("/app/members/deeds", **form, points="5", reason="contest")
    put_in = aurora.post("/app/members/deeds", **theirs, segment_id=str(segment_of(borealis)))

    assert "Nobody is selected any more" in granted.text
    assert put_in.status_code == 404
    assert points_of(borealis, [bob]) == [0]


def test_whom_a_deed_is_for_is_written_in_english_and_read_in_the_pages_language(
    aurora: ShopAndClient, three: list[UUID]
) -> None:
    form = open_form(aurora, "deed=segment&every=1&search=example.com&points_to=1000&locale=de")
    segment = str(segment_of(aurora))
    aurora.post("/app/members/deeds?locale=de", **form, segment_id=segment)

    with shop_transaction(aurora.shop_id) as session:
        [deed] = session.scalars(select(MemberDeed))
    page = f"/app/members/deeds/{deed.id}?locale=de"

    assert deed.words == "Members with “example.com”, Points: up to 1,000"
    assert "Mitglieder mit “example.com”, Punkte: bis 1,000" in aurora.get(page).text
    with shop_transaction(aurora.shop_id) as session:
        session.get_one(MemberDeed, (aurora.shop_id, deed.id)).words = "Members with Tier: Gold"
    assert "Members with Tier: Gold" in aurora.get(page).text


@pytest.mark.parametrize("selection", ["", "[]", "{}", '{"ids": ["x"]}', '{"asked": 5}', "null"])
def test_a_forged_selection_is_refused(aurora: ShopAndClient, selection: str) -> None:
    answer = aurora.post("/app/members/deeds", deed="card", selection=selection, client_key="x")

    assert answer.status_code == 400


def open_form(aurora: ShopAndClient, query: str) -> dict[str, str]:
    """The hidden fields of the form that the list opens."""
    page = aurora.get(f"/app/members/deeds/new?{query}").text
    found = re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', page)
    return {name: unescape(value) for name, value in found}


def points_of(aurora: ShopAndClient, members: list[UUID]) -> list[int]:
    """Their balances."""
    with shop_transaction(aurora.shop_id) as session:
        return [
            session.get_one(MemberBalance, (aurora.shop_id, each)).available for each in members
        ]


def segment_of(aurora: ShopAndClient) -> UUID:
    """The shop's first segment."""
    with shop_transaction(aurora.shop_id) as session:
        return list_segments(session, aurora.shop_id)[0].id


def asked_cards(aurora: ShopAndClient) -> int:
    """How many cards were asked for by a person."""
    with shop_transaction(aurora.shop_id) as session:
        return session.scalars(
            select(func.count())
            .select_from(OutboxEvent)
            .where(OutboxEvent.kind == CARD_EMAIL_ASKED)
            .where(OutboxEvent.body["is_asked_for"].as_boolean())
        ).one()
