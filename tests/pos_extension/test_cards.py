"""Cards that the till hands out: audited, limited, and of no use to who redeems with them."""

from datetime import timedelta
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import update

from loyalty.audit import AuditRow
from loyalty.base.clock import utc_now
from loyalty.base.db import shop_transaction
from loyalty.members.tables import Customer, Member
from loyalty.till.hand_outs import PER_HOUR
from tests.pos_extension.cast import Till, at_once, public_id
from wallet import codes, own_data, reward_forms, till_link, web


@pytest.fixture
def aurora(app: Flask, aurora: Till) -> Till:
    """Aurora's till in an app that has the pages of cards, too."""
    pages = (web.blueprint, codes.blueprint, own_data.blueprint, reward_forms.blueprint)
    for blueprint in (*pages, till_link.blueprint):
        app.register_blueprint(blueprint)
    return aurora


def card_of(till: Till, member_id: UUID) -> str:
    return f"members/{public_id(till, member_id)}/card"


def shown_card(till: Till, member_id: UUID) -> dict[str, object]:
    card: dict[str, object] = till.get(card_of(till, member_id)).get_json()["card"]
    return card


def enrol_here(till: Till, member_id: UUID, *, minutes_ago: int, customer_minutes_ago: int) -> None:
    """Let the till have enrolled the member then, as a customer of Shopify's since then."""
    own = {"shop_id": till.shop_id}
    with shop_transaction(till.shop_id) as session:
        member = session.get_one(Member, (till.shop_id, member_id))
        member.enrolled_by, member.joined_at = "till", utc_now() - timedelta(minutes=minutes_ago)
        since = utc_now() - timedelta(minutes=customer_minutes_ago)
        session.execute(
            update(Customer).filter_by(member_id=member_id, **own).values(customer_since=since)
        )


def hand_outs(till: Till) -> list[AuditRow]:
    return [row for row in till.rows(AuditRow) if row.action == "card_handed_out_at_till"]


def test_the_tills_link_to_a_known_members_card_redeems_nothing(aurora: Till, alice: UUID) -> None:
    # when the cashier opens what they were given for Alice's phone
    card = shown_card(aurora, alice)
    token = str(card["url"]).rpartition("/")[2]
    phone, ours = aurora.app.test_client(), {"Sec-Fetch-Site": "same-origin"}
    page = phone.get(f"/card/till/{token}").get_data(as_text=True)
    # then it shows no code of the card's and nothing of hers, and opens none of her pages
    assert card["needs_email"] is True
    code = aurora.code_of(alice)
    assert not [
        said for said in (code.token, code.short_code, "Alice", "<svg class") if said in page
    ]
    opened = [phone.get(f"/card/{token}{path}") for path in ("", "/history", "/apple.pkpass")]
    done = [phone.post(f"/card/{token}/{path}", headers=ours) for path in ("till-code", "codes")]
    assert [answer.status_code for answer in opened + done] == [404] * 5


def test_each_hand_out_is_audited_under_the_user(aurora: Till, alice: UUID) -> None:
    aurora.get(card_of(aurora, alice))
    aurora.logged_in(8).get(card_of(aurora, alice))

    rows = sorted(hand_outs(aurora), key=lambda row: row.actor_id)
    assert [(row.actor_kind, row.actor_id) for row in rows] == [
        ("till_user", "7"),
        ("till_user", "8"),
    ]
    assert {row.subject_id for row in rows} == {str(alice)}
    assert {row.details["opens_at_once"] for row in rows} == {False}


@pytest.mark.parametrize(
    ("minutes_ago", "customer_minutes_ago", "needs_email"),
    [(1, 1, False), (59, 59, False), (61, 61, True), (1, 61, True)],
)
def test_only_somebody_new_gets_the_card_itself(
    aurora: Till, alice: UUID, minutes_ago: int, customer_minutes_ago: int, needs_email: bool
) -> None:
    """A customer of old who joins has a past, and it may turn into points."""
    enrol_here(aurora, alice, minutes_ago=minutes_ago, customer_minutes_ago=customer_minutes_ago)

    assert shown_card(aurora, alice)["needs_email"] is needs_email


def test_a_user_shows_so_many_members_cards_in_an_hour(aurora: Till) -> None:
    members = [aurora.enrol(f"Alice{place}", 600 + place) for place in range(PER_HOUR + 1)]
    codes_of = [aurora.get(card_of(aurora, member)).status_code for member in members]

    again = aurora.get(card_of(aurora, members[0]))
    other = aurora.logged_in(8).get(card_of(aurora, members[-1]))

    assert codes_of == [200] * PER_HOUR + [409]
    assert (again.status_code, other.status_code) == (200, 200)
    refused = aurora.get(card_of(aurora, members[-1])).get_json()["error"]
    assert refused["code"] == "too_many_cards" and "Wait an hour" in refused["message"]
    # and after the hour there is room again
    with shop_transaction(aurora.shop_id) as session:
        session.execute(update(AuditRow).values(at=AuditRow.at - timedelta(hours=1)))
    assert aurora.get(card_of(aurora, members[-1])).status_code == 200


def test_cards_shown_at_once_do_not_pass_the_limit_together(aurora: Till) -> None:
    members = [aurora.enrol(f"Alice{place}", 600 + place) for place in range(PER_HOUR + 1)]
    for member in members[: PER_HOUR - 1]:
        aurora.get(card_of(aurora, member))

    last = [card_of(aurora, member) for member in members[PER_HOUR - 1 :]]
    answers = at_once(*[lambda path=path: aurora.get(path) for path in last])

    assert sorted(answer.status_code for answer in answers) == [200, 409]


def test_a_card_that_is_found_by_an_address_counts_as_well(aurora: Till, alice: UUID) -> None:
    aurora.post("members", name="Alice", contact="alice@example.com")

    assert [row.subject_id for row in hand_outs(aurora)] == [str(alice)]
