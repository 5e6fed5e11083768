"""R146–R148: staff have a member erased after the notice, see who asked, and can cancel it."""

from uuid import UUID, uuid4

import pytest

from loyalty.audit import Actor
from loyalty.base.clock import utc_now
from loyalty.base.db import shop_transaction
from shopify_app.platform import own_erasures
from shopify_app.platform.tables import PrivacyRequest
from tests.admin.cast import DANA, ShopAndClient
from tests.admin.programme.programme_cast import all_of, audited, place

_REQUESTS = "/app/settings/privacy"


@pytest.fixture
def path(alice: UUID) -> str:
    """Alice's profile."""
    return f"/app/members/{alice}"


def ask(shop: ShopAndClient, path: str) -> PrivacyRequest:
    assert place(shop.post(f"{path}/erasure", client_key=str(uuid4()))) == path
    [request] = all_of(shop, PrivacyRequest)
    assert isinstance(request, PrivacyRequest)
    return request


def test_a_member_is_erased_after_a_notice_that_the_profile_tells(
    aurora: ShopAndClient, alice: UUID, path: str
) -> None:
    request = ask(aurora, path)

    assert (request.member_id, request.state) == (alice, "open")
    assert request.next_at - request.received_at == own_erasures.NOTICE
    page = aurora.get(path).text
    assert "To be erased on" in page and 'data-open="erase"' not in page
    assert len(audited(aurora, "erasure_asked")) == 1


def test_who_is_archived_can_be_erased_without_coming_back(
    aurora: ShopAndClient, alice: UUID, path: str
) -> None:
    aurora.post(f"{path}/archive")
    assert 'data-open="erase"' in aurora.get(path).text

    request = ask(aurora, path)

    assert request.member_id == alice and f"/{request.id}/cancel" in aurora.get(path).text


def test_a_click_sent_twice_is_one_request(aurora: ShopAndClient, path: str) -> None:
    key = str(uuid4())

    for _ in range(2):
        aurora.post(f"{path}/erasure", client_key=key)
    aurora.post(f"{path}/erasure", client_key=str(uuid4()))

    assert len(all_of(aurora, PrivacyRequest)) == 1


def test_the_request_is_listed_with_who_asked_and_is_cancelled_there(
    aurora: ShopAndClient, path: str
) -> None:
    request = ask(aurora, path)

    page = aurora.get(_REQUESTS).text
    assert "Alice Archer" in page and f'href="{path}"' in page
    assert f"Erasure asked for: Staff member {DANA}" in page
    assert place(aurora.post(f"{_REQUESTS}/{request.id}/cancel")) == _REQUESTS

    [request] = all_of(aurora, PrivacyRequest)
    assert request.state == "withdrawn"
    page = aurora.get(_REQUESTS).text
    assert "Erasure taken back" in page and "/cancel" not in page
    assert 'data-open="erase"' in aurora.get(path).text
    assert aurora.post(f"{_REQUESTS}/{request.id}/cancel").status_code == 409


def test_staff_can_cancel_what_the_member_asked_for(
    aurora: ShopAndClient, alice: UUID, path: str
) -> None:
    with shop_transaction(aurora.shop_id) as session:
        me = Actor("member", str(alice))
        request = own_erasures.ask_to_be_erased(
            session, aurora.shop_id, alice, key=uuid4(), actor=me, now=utc_now()
        )
        wanted = request.id

    assert "Erasure asked for: The member" in aurora.get(_REQUESTS).text
    assert place(aurora.post(f"{_REQUESTS}/{wanted}/cancel")) == _REQUESTS


def test_a_request_sent_again_after_its_end_says_so(aurora: ShopAndClient, path: str) -> None:
    key = str(uuid4())
    aurora.post(f"{path}/erasure", client_key=key)
    [request] = all_of(aurora, PrivacyRequest)
    aurora.post(f"{_REQUESTS}/{request.id}/cancel")

    answer = aurora.post(f"{path}/erasure", client_key=key)

    assert answer.status_code == 409 and "ended meanwhile" in answer.headers["HX-Trigger"]


def test_another_shops_members_and_requests_are_not_found(
    aurora: ShopAndClient, borealis: ShopAndClient, path: str, bob: UUID
) -> None:
    request = ask(aurora, path)

    assert borealis.post(f"{path}/erasure", client_key=str(uuid4())).status_code == 404
    assert borealis.post(f"{_REQUESTS}/{request.id}/cancel").status_code == 404
    assert aurora.post(f"{path}/erasure", client_key="none").status_code == 404
    assert "Alice" not in borealis.get(_REQUESTS).text
    [request] = all_of(aurora, PrivacyRequest)
    assert request.state == "open"
