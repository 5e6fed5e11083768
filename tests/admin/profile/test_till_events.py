"""R84, R163: what a till did stands on the member's page with the place and the cashier."""

from uuid import UUID, uuid4

from loyalty import timeline
from loyalty.base.clock import utc_now
from loyalty.base.db import shop_transaction
from loyalty.shops.directory import get_shop
from loyalty.shops.tables import Location, StaffMember
from loyalty.till.grants import TillUser, grant
from tests.admin.cast import DANA, ShopAndClient
from tests.factories.facts import NOON

MAIN_STREET = 901


def open_main_street(shop: ShopAndClient, *, knows_dana: bool = True) -> None:
    """A place of the shop, and maybe the name of the cashier there."""
    with shop_transaction(shop.shop_id) as session:
        session.add(
            Location(
                shop_id=shop.shop_id,
                location_id=MAIN_STREET,
                name="Main Street",
                is_active=True,
                address={},
            )
        )
        if knows_dana:
            session.add(
                StaffMember(shop_id=shop.shop_id, user_id=DANA, name="Dana Diaz", seen_at=NOON)
            )


def scanned(shop: ShopAndClient, member: UUID, location: str | None) -> None:
    """The till scans the member's card."""
    with shop_transaction(shop.shop_id) as session:
        timeline.note_event(
            session,
            shop.shop_id,
            member,
            timeline.CUSTOMER_SCANNED,
            utc_now(),
            actor=f"till_user:{DANA}",
            location_id=MAIN_STREET,
            location=location,
        )


def timeline_of(shop: ShopAndClient, member: UUID) -> str:
    """The timeline's part of the member's page."""
    return shop.get(f"/app/members/{member}").text.split('id="timeline-card"')[1]


def test_a_scan_is_shown_with_place_and_cashier(aurora: ShopAndClient, alice: UUID) -> None:
    open_main_street(aurora)

    scanned(aurora, alice, "Main Street")

    shown = timeline_of(aurora, alice)
    assert "Customer scanned" in shown
    assert "By Dana Diaz at Main Street" in shown


def test_a_cashier_whose_name_is_not_known_is_shown_by_number(
    aurora: ShopAndClient, alice: UUID
) -> None:
    scanned(aurora, alice, None)

    assert f"By staff member {DANA}</bdi>" in timeline_of(aurora, alice)


def test_a_grant_at_the_till_is_shown_with_reason_place_and_cashier(
    aurora: ShopAndClient, alice: UUID
) -> None:
    open_main_street(aurora)
    with shop_transaction(aurora.shop_id) as session:
        grant(
            session,
            get_shop(session, aurora.shop_id),
            alice,
            points=50,
            reason="service_recovery",
            note="Cold coffee",
            client_key=uuid4(),
            by=TillUser(DANA, MAIN_STREET),
            now=utc_now(),
        )

    shown = timeline_of(aurora, alice)
    for words in ("+50", "Service recovery", "Cold coffee", "By Dana Diaz at Main Street"):
        assert words in shown
