"""R125–R129: the Referrals tab of a profile."""

from uuid import UUID, uuid4

import pytest

from loyalty.audit import Actor
from loyalty.base.clock import utc_now
from loyalty.base.db import shop_transaction
from loyalty.ledger.posting import Cause, credit, lock_balance
from loyalty.members.tables import Member
from loyalty.referrals.settings import save_settings
from loyalty.referrals.tables import Referral
from tests.admin.cast import ShopAndClient
from wallet import setup
from wallet.card_links import referral_url
from wallet.setup import WalletSettings

STAFF = Actor("staff", "42")


@pytest.fixture(autouse=True)
def _links() -> None:
    setup.configure(WalletSettings("https://encore.example", b"s" * 32, apple=None))


def turn(shop: ShopAndClient, *, is_on: bool = True) -> None:
    with shop_transaction(shop.shop_id) as session:
        save_settings(
            session, shop.shop_id, is_on=is_on, coupon_id=None, actor=STAFF, now=utc_now()
        )


def tab(shop: ShopAndClient, member_id: UUID) -> str:
    answer = shop.get(f"/app/members/{member_id}?tab=referrals")
    assert answer.status_code == 200
    return answer.text


def brought(
    shop: ShopAndClient, advocate_id: UUID, friend_id: UUID, state: str, reason: str | None = None
) -> None:
    """A claim of just now; one that is paid gave 200 points."""
    with shop_transaction(shop.shop_id) as session:
        referral = Referral(
            shop_id=shop.shop_id,
            id=uuid4(),
            advocate_id=advocate_id,
            friend_id=friend_id,
            request_id=uuid4(),
            state=state,
            reason=reason,
            claimed_at=utc_now(),
            client_hash=b"",
            advocate_points=200,
        )
        session.add(referral)
        if state == "paid":
            key = f"referral:{referral.id}:advocate"
            cause = Cause("referral", key, "referral", str(referral.id), "system:test", utc_now())
            balance = lock_balance(session, shop.shop_id, advocate_id)
            credit(session, balance, cause, points=200, now=utc_now())


def test_tab_is_there_only_while_referrals_are_on(aurora: ShopAndClient, alice: UUID) -> None:
    off = tab(aurora, alice)
    turn(aurora)
    on = tab(aurora, alice)

    assert 'id="tab-referrals"' not in off and "Own link" not in off
    assert 'id="tab-referrals"' in on and "Own link" in on


def test_tab_shows_the_members_own_link(aurora: ShopAndClient, alice: UUID) -> None:
    turn(aurora)

    assert f'href="{referral_url(aurora.shop_id, alice)}"' in tab(aurora, alice)


def test_tab_shows_no_link_of_who_is_archived(aurora: ShopAndClient, alice: UUID) -> None:
    turn(aurora)
    with shop_transaction(aurora.shop_id) as session:
        session.get_one(Member, (aurora.shop_id, alice)).state = "archived"

    assert "The link works for active members alone." in tab(aurora, alice)


def test_tab_counts_who_succeeded_and_the_points_earned(aurora: ShopAndClient, alice: UUID) -> None:
    turn(aurora)
    brought(aurora, alice, aurora.enrol("Carol", "Cole", "carol@example.com"), "paid")
    brought(aurora, alice, aurora.enrol("Dora", "Dean", "dora@example.com"), "waiting")

    page = tab(aurora, alice)

    assert "<dt>Successful referrals</dt>\n  <dd>1" in page
    assert "<dt>Points earned</dt>\n  <dd>200" in page


def test_tab_lists_friends_and_whether_they_bought(aurora: ShopAndClient, alice: UUID) -> None:
    turn(aurora)
    carol = aurora.enrol("Carol", "Cole", "carol@example.com")
    brought(aurora, alice, carol, "paid")
    brought(aurora, alice, aurora.enrol("Dora", "Dean", "dora@example.com"), "waiting")
    erin = aurora.enrol("Erin", "Eames", "erin@example.com")
    brought(aurora, alice, erin, "blocked", "same_address")

    rows = tab(aurora, alice).split("<tbody>")[1].split("</tbody>")[0].split("</tr>")

    said = [" ".join(row.split()) for row in rows]
    assert "Erin Eames" in said[0] and "Does not count: has the same address" in said[0]
    assert "Dora Dean" in said[1] and "Has not bought yet" in said[1]
    assert f"/app/members/{carol}" in said[2] and "<td>Bought</td>" in said[2]


def test_another_shops_member_is_not_found(
    aurora: ShopAndClient, borealis: ShopAndClient, alice: UUID
) -> None:
    turn(borealis)

    assert borealis.get(f"/app/members/{alice}?tab=referrals").status_code == 404
