"""R168, R161: referrals are switched, and a person's word on a flagged claim holds once."""

from uuid import UUID, uuid4

from loyalty.base.clock import utc_now
from loyalty.base.db import shop_transaction
from loyalty.coupons.saving import add_coupon
from loyalty.referrals.settings import read_settings
from loyalty.referrals.tables import Referral, ReferralSettings
from loyalty.shops.directory import get_shop
from tests.admin.cast import ShopAndClient
from tests.admin.profile.test_referrals import STAFF
from tests.admin.programme.programme_cast import PROGRAMME, all_of, audited, place

REFERRALS = f"{PROGRAMME}/referrals"


def settings(shop: ShopAndClient) -> ReferralSettings:
    with shop_transaction(shop.shop_id) as session:
        return read_settings(session, shop.shop_id)


def a_coupon(shop: ShopAndClient) -> UUID:
    given = {"name": "Welcome <friend>", "kind": "fixed_amount", "amount": "5"}
    with shop_transaction(shop.shop_id) as session:
        row = get_shop(session, shop.shop_id)
        return add_coupon(session, row, given, actor=STAFF, now=utc_now()).id


def flagged(shop: ShopAndClient, advocate: UUID) -> UUID:
    """A claim of a friend named Fay that waits for a person."""
    friend = shop.enrol("Fay", "Fox", "fay@example.com")
    with shop_transaction(shop.shop_id) as session:
        referral = Referral(
            shop_id=shop.shop_id,
            id=uuid4(),
            advocate_id=advocate,
            friend_id=friend,
            request_id=uuid4(),
            state="flagged",
            claimed_at=utc_now(),
            client_hash=b"",
        )
        session.add(referral)
        return referral.id


def state(shop: ShopAndClient) -> str:
    [referral] = all_of(shop, Referral)
    return str(referral.state)


def test_referrals_are_switched_and_the_friends_coupon_chosen(
    aurora: ShopAndClient, borealis: ShopAndClient
) -> None:
    coupon = a_coupon(aurora)

    assert place(aurora.post(REFERRALS, is_on="1", coupon_id=str(coupon))) == REFERRALS

    assert settings(aurora).is_on and settings(aurora).coupon_id == coupon
    assert not settings(borealis).is_on
    page = aurora.get(REFERRALS).text
    assert f'value="{coupon}" selected' in page and "Welcome &lt;friend&gt;" in page
    assert "Nobody earns for a friend" in page

    place(aurora.post(REFERRALS, coupon_id=""))

    assert not settings(aurora).is_on and settings(aurora).coupon_id is None
    assert len(audited(aurora, "referrals_set")) == 2


def test_another_shops_coupon_is_not_found(aurora: ShopAndClient, borealis: ShopAndClient) -> None:
    for wanted in (str(a_coupon(borealis)), str(uuid4()), "none"):
        assert aurora.post(REFERRALS, is_on="1", coupon_id=wanted).status_code == 404
    assert not settings(aurora).is_on
    assert "Welcome" not in aurora.get(REFERRALS).text


def test_an_accepted_claim_goes_on_and_a_second_word_changes_nothing(
    aurora: ShopAndClient, alice: UUID
) -> None:
    wanted = flagged(aurora, alice)
    page = aurora.get(REFERRALS).text
    assert "Fay Fox" in page and "Alice Archer" in page and 'aria-label="Accept Fay Fox"' in page

    assert place(aurora.post(f"{REFERRALS}/{wanted}/approval")) == REFERRALS
    again = aurora.post(f"{REFERRALS}/{wanted}/refusal")

    assert "decided already" in again.headers["HX-Trigger"]
    assert state(aurora) == "waiting"
    assert len(audited(aurora, "referral_approved")) == 1
    assert audited(aurora, "referral_rejected") == []
    assert "No referral waits" in aurora.get(REFERRALS).text


def test_a_refused_claim_is_over(aurora: ShopAndClient, alice: UUID) -> None:
    wanted = flagged(aurora, alice)

    assert place(aurora.post(f"{REFERRALS}/{wanted}/refusal")) == REFERRALS
    again = aurora.post(f"{REFERRALS}/{wanted}/approval")

    assert "decided already" in again.headers["HX-Trigger"]
    assert state(aurora) == "rejected"
    assert len(audited(aurora, "referral_rejected")) == 1


def test_another_shops_claim_is_not_found(
    aurora: ShopAndClient, borealis: ShopAndClient, bob: UUID
) -> None:
    wanted = flagged(borealis, bob)

    for each in (wanted, uuid4(), "none"):
        for deed in ("approval", "refusal"):
            assert aurora.post(f"{REFERRALS}/{each}/{deed}").status_code == 404
    assert "Fay" not in aurora.get(REFERRALS).text
    assert state(borealis) == "flagged"
