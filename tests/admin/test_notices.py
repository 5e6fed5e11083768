"""What stands above everything else on Home: access lost and found again, permissions missing."""

from datetime import timedelta

from loyalty.base.clock import utc_now
from loyalty.base.db import shop_transaction
from loyalty.shops import directory
from shopify_app.platform import scopes
from shopify_app.platform.tables import Installation
from tests.admin.cast import ShopAndClient

LOST = "Encore has lost its access to your shop"
HEALED = "Encore is connected again"


def change(aurora: ShopAndClient, **columns: object) -> None:
    with shop_transaction(aurora.shop_id) as session:
        installation = session.get_one(Installation, aurora.shop_id)
        for name, value in columns.items():
            setattr(installation, name, value)


def test_a_missing_permission_is_named_with_what_it_is_for_and_what_to_do(
    aurora: ShopAndClient,
) -> None:
    granted = [scope for scope in scopes.required() if scope != "read_orders"]
    change(aurora, scopes=",".join(granted))

    home = aurora.get("/app").text

    assert "Encore lacks a permission" in home
    assert "read_orders: without it no order earns points" in home
    assert 'href="http://localhost/auth?shop=aurora.myshopify.com" target="_top"' in home


def test_a_shop_that_grants_everything_is_told_nothing(aurora: ShopAndClient) -> None:
    change(aurora, scopes=",".join(scopes.required()))

    home = aurora.get("/app").text

    assert "Encore lacks" not in home and LOST not in home and HEALED not in home


def test_a_shop_without_access_sees_its_pages_and_a_banner(aurora: ShopAndClient) -> None:
    with shop_transaction(aurora.shop_id) as session:
        directory.needs_reauth(session, aurora.shop_id)
    change(aurora, lost_at=utc_now())

    # Shopify does not answer here, so this load cannot heal it.
    answer = aurora.get("/app")

    assert answer.status_code == 200
    assert LOST in answer.text and "Connect again" in answer.text
    assert aurora.get("/app/members").status_code == 200


def test_for_a_day_it_is_said_that_access_is_back(aurora: ShopAndClient) -> None:
    now = utc_now()
    change(aurora, lost_at=now - timedelta(hours=5), healed_at=now - timedelta(hours=1))
    assert HEALED in aurora.get("/app").text

    change(aurora, lost_at=now - timedelta(days=3), healed_at=now - timedelta(days=2))

    assert HEALED not in aurora.get("/app").text
