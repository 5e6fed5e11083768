"""R72–R76, R166: a balance changed by hand, once, with its reason and who did it."""

import json
import re
from collections.abc import Callable
from uuid import UUID

import pytest
from flask.testing import FlaskClient
from sqlalchemy import func, select

from loyalty import outbox
from loyalty.audit import AuditRow
from loyalty.base.db import shop_transaction
from loyalty.ledger.tables import LedgerEntry
from loyalty.members.tables import MemberBalance
from loyalty.outbox import OutboxEvent
from loyalty.shops.tables import StaffMember
from tests.admin.cast import DANA, ShopAndClient

GRANT = {"points": "250", "reason": "service_recovery", "client_key": "key-1"}


@pytest.fixture
def path(alice: UUID) -> str:
    """Where Alice's balance is changed."""
    return f"/app/members/{alice}/adjustments"


def balance(shop: ShopAndClient, member: UUID) -> int:
    """What the member may spend, as the database has it."""
    with shop_transaction(shop.shop_id) as session:
        return session.get_one(MemberBalance, (shop.shop_id, member)).available


def count(shop: ShopAndClient, table: type) -> int:
    """How many rows the shop has."""
    with shop_transaction(shop.shop_id) as session:
        return session.scalar(select(func.count()).select_from(table)) or 0


def test_grant_answers_with_the_parts_of_the_page_that_changed(
    aurora: ShopAndClient, alice: UUID, path: str
) -> None:
    answer = aurora.post(path, **GRANT, note="Late parcel", order_reference="#1021")

    assert answer.status_code == 200
    assert balance(aurora, alice) == 250
    assert re.search(r'id="summary" hx-swap-oob="true".*?<dd>250</dd>', answer.text, re.DOTALL)
    assert re.search(r'id="points-fact" hx-swap-oob="true">250 now', answer.text)
    expiry = answer.text.split('id="expiry-card"')[1].split("</section>")[0]
    assert 'hx-swap-oob="true"' in expiry and ">250<" in expiry
    assert "pointschanged" in answer.headers["HX-Trigger"]
    timeline = answer.text.split('id="timeline-card"')[1]
    for words in ("Points added", "+250", "Service recovery", "Order #1021", "Late parcel"):
        assert words in timeline
    events = json.loads(answer.headers["HX-Trigger"])
    assert events["encore:toast"] == {"message": "250 points added"}
    assert events["encore:close"] == {"id": "adjust"}


@pytest.mark.parametrize("minus", ["-", "\N{MINUS SIGN}"])
def test_minus_takes_points_away(aurora: ShopAndClient, alice: UUID, path: str, minus: str) -> None:
    aurora.post(path, **GRANT)

    answer = aurora.post(path, points=f"{minus}50", reason="error_correction", client_key="key-2")

    assert answer.status_code == 200
    assert balance(aurora, alice) == 200
    assert "50 points removed" in answer.headers["HX-Trigger"]


BAD = [
    ("points", {"points": "0"}),
    ("points", {"points": ""}),
    ("points", {"points": "many"}),
    ("points", {"points": "1.5"}),
    ("points", {"points": "1e3"}),
    ("points", {"points": str(10**30)}),
    ("points", {"points": "--5"}),
    ("points", {"points": "٣"}),
    ("reason", {"reason": ""}),
    ("reason", {"reason": "because"}),
    ("note", {"note": "x" * 501}),
    ("order_reference", {"order_reference": "#" * 51}),
]


@pytest.mark.parametrize(("field", "change"), BAD)
def test_bad_input_is_told_beside_its_field_and_nothing_is_written(
    aurora: ShopAndClient, alice: UUID, path: str, field: str, change: dict[str, str]
) -> None:
    answer = aurora.post(path, **(GRANT | {"note": "kept", "order_reference": "#7"} | change))

    assert answer.status_code == 422
    control = re.search(rf'<(?:input|select|textarea) id="{field}"[^>]*>', answer.text)
    assert control and 'aria-invalid="true"' in control.group()
    assert f'aria-describedby="{field}-error' in control.group()
    assert f'id="{field}-error"' in answer.text
    assert (count(aurora, LedgerEntry), count(aurora, AuditRow)) == (0, 0)


def test_refused_form_comes_back_as_it_was_typed(
    aurora: ShopAndClient, alice: UUID, path: str
) -> None:
    answer = aurora.post(
        path, **(GRANT | {"points": "lots"}), note="<b>Kept</b>", order_reference="#7"
    )

    assert 'value="lots"' in answer.text
    assert 'value="#7"' in answer.text
    assert "&lt;b&gt;Kept&lt;/b&gt;</textarea>" in answer.text
    assert '<option value="service_recovery" selected>' in answer.text
    assert 'name="client_key" value="key-1"' in answer.text


def test_form_without_key_is_refused_above_its_fields(aurora: ShopAndClient, path: str) -> None:
    answer = aurora.post(path, **(GRANT | {"client_key": ""}))

    assert answer.status_code == 422
    assert 'id="form-error"' in answer.text


def test_deducting_more_than_there_is_is_refused_beside_the_field(
    aurora: ShopAndClient, alice: UUID, path: str
) -> None:
    aurora.post(path, **GRANT)

    answer = aurora.post(path, points="-251", reason="other", client_key="key-2")

    assert answer.status_code == 409
    assert "fewer points than that" in answer.text
    assert 'aria-describedby="points-error' in answer.text
    assert balance(aurora, alice) == 250


def test_same_key_twice_counts_once(aurora: ShopAndClient, alice: UUID, path: str) -> None:
    first, second = aurora.post(path, **GRANT), aurora.post(path, **GRANT)

    assert (first.status_code, second.status_code) == (200, 200)
    assert balance(aurora, alice) == 250
    assert (count(aurora, LedgerEntry), count(aurora, AuditRow)) == (1, 1)


def test_same_key_with_other_points_is_refused_and_gets_a_new_key(
    aurora: ShopAndClient, alice: UUID, path: str
) -> None:
    aurora.post(path, **GRANT)

    answer = aurora.post(path, **(GRANT | {"points": "300"}))

    assert answer.status_code == 409
    assert 'id="form-error"' in answer.text
    assert 'value="key-1"' not in answer.text
    assert balance(aurora, alice) == 250


def test_success_brings_an_empty_form_with_a_new_key(aurora: ShopAndClient, path: str) -> None:
    answer = aurora.post(path, **GRANT).text

    form = answer.split('id="adjustment"')[1]
    assert 'value="key-1"' not in form
    assert re.search(r'name="client_key" value="[0-9a-f-]{36}"', form)
    assert re.search(r'id="points"[^>]*value=""', form)


@pytest.mark.parametrize(("ticked", "emails"), [({"tells_member": "on"}, 1), ({}, 0)])
def test_the_member_is_told_when_that_is_ticked(
    aurora: ShopAndClient, path: str, ticked: dict[str, str], emails: int
) -> None:
    aurora.post(path, **GRANT, **ticked)
    aurora.post(path, **GRANT, **ticked)

    with shop_transaction(aurora.shop_id) as session:
        asked = select(func.count()).where(OutboxEvent.kind == outbox.ADJUSTMENT_EMAIL_ASKED)
        assert session.scalar(asked) == emails


def test_the_tick_is_kept_when_the_form_comes_back(aurora: ShopAndClient, path: str) -> None:
    answer = aurora.post(path, **(GRANT | {"points": "lots"}), tells_member="on")

    assert '<input type="checkbox" name="tells_member" checked>' in answer.text


def test_staff_member_is_recorded_and_shown(aurora: ShopAndClient, alice: UUID, path: str) -> None:
    with shop_transaction(aurora.shop_id) as session:
        dana = StaffMember(shop_id=aurora.shop_id, user_id=DANA, name="Dana Diaz")
        dana.seen_at = func.now()
        session.add(dana)

    answer = aurora.post(path, **GRANT)

    assert "By Dana Diaz" in answer.text
    with shop_transaction(aurora.shop_id) as session:
        row = session.scalars(select(AuditRow)).one()
    assert (row.actor_kind, row.actor_id, row.action) == ("staff", str(DANA), "points_adjusted")
    assert row.subject_id == str(alice)


def test_member_of_another_shop_is_not_found(
    aurora: ShopAndClient, borealis: ShopAndClient, bob: UUID
) -> None:
    answer = aurora.post(f"/app/members/{bob}/adjustments", **GRANT)

    assert answer.status_code == 404
    assert balance(borealis, bob) == 0


def _no_token(shop: ShopAndClient) -> dict[str, object]:
    return {}


def _token_in_address(shop: ShopAndClient) -> dict[str, object]:
    return {"query_string": {"id_token": shop.bearer()["Authorization"].split()[1]}}


@pytest.mark.parametrize("credentials", [_no_token, _token_in_address])
def test_write_needs_a_bearer_token(
    aurora: ShopAndClient,
    alice: UUID,
    path: str,
    client: FlaskClient,
    credentials: Callable[[ShopAndClient], dict[str, object]],
) -> None:
    answer = client.post(path, data=GRANT, **credentials(aurora))  # type: ignore[arg-type]

    assert answer.status_code == 401
    assert answer.headers["X-Shopify-Retry-Invalid-Session-Request"] == "1"
    assert balance(aurora, alice) == 0
