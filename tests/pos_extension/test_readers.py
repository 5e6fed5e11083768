"""R91, R162: a reader tells of a tap over HTTP with a key of its own; nothing counts twice."""

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from flask import Flask

from loyalty.actions import readers as domain
from loyalty.actions.readers import revoke_reader, rotate_key
from loyalty.actions.tables import CheckIn, MemberAction, Reader
from loyalty.base.clock import utc_now
from loyalty.base.db import shop_transaction
from loyalty.members.tables import Member
from loyalty.shops.directory import uninstall
from loyalty.shops.tables import Location
from pos_extension import readers
from tests.pos_extension.cast import MAIN_STREET, Till
from tests.pos_extension.reader_cast import DANA, Device, add_device, reward, serving


@pytest.fixture
def url(app: Flask) -> Iterator[str]:
    """The readers' address."""
    app.register_blueprint(readers.blueprint)
    with serving(app) as address:
        yield address


@pytest.fixture
def door(url: str, aurora: Till) -> Device:
    """The reader at Main Street's door."""
    return add_device(aurora, url)


def test_tap_earns_and_stands_in_the_timeline(door: Device, aurora: Till, alice: UUID) -> None:
    reward(aurora, 5, made_at=utc_now() - timedelta(minutes=1))

    answer = door.tap(aurora.code_of(alice).token)

    assert answer.status_code == 200
    told = answer.json()
    assert (told["points"], told["balance"], told["is_held"]) == (5, 5, False)
    assert answer.headers["Cache-Control"] == "no-store"
    (event,) = aurora.events_of(alice, "customer_tapped")
    assert (event.details["location"], event.details["reader"]) == ("Main Street", "Door")
    assert aurora.points_of(alice) == 5


def test_second_tap_of_the_week_is_noted_and_earns_nothing(
    door: Device, aurora: Till, alice: UUID
) -> None:
    reward(aurora, 5, made_at=utc_now() - timedelta(minutes=1))
    token = aurora.code_of(alice).token

    answers = [door.tap(token).json() for _ in range(2)]

    assert [answer["points"] for answer in answers] == [5, 0]
    assert answers[0]["next_on"] == answers[1]["next_on"]
    assert len(aurora.events_of(alice, "customer_tapped")) == 2


def test_tap_sent_again_gets_the_same_answer_and_counts_once(
    door: Device, aurora: Till, alice: UUID
) -> None:
    reward(aurora, 5, made_at=utc_now() - timedelta(minutes=1))
    token, key = aurora.code_of(alice).token, str(uuid4())

    first = door.tap(token, client_key=key)
    again = door.tap(token, client_key=key)

    assert (again.status_code, again.json()) == (200, first.json())
    assert aurora.count(CheckIn) == 1
    assert len(aurora.events_of(alice, "customer_tapped")) == 1


def test_twenty_taps_at_once_earn_once(door: Device, aurora: Till, alice: UUID) -> None:
    reward(aurora, 5, made_at=utc_now() - timedelta(minutes=1))
    token = aurora.code_of(alice).token

    with ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(lambda _: door.tap(token), range(20)))

    assert [answer.status_code for answer in answers] == [200] * 20
    assert sorted(answer.json()["points"] for answer in answers) == [0] * 19 + [5]
    assert aurora.points_of(alice) == 5
    assert aurora.count(MemberAction) == 1


def test_key_of_one_tap_is_no_key_for_anothers(door: Device, aurora: Till, alice: UUID) -> None:
    key = str(uuid4())
    carol = aurora.enrol("Carol", 503)
    door.tap(aurora.code_of(alice).token, client_key=key)

    answer = door.tap(aurora.code_of(carol).token, client_key=key)

    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "client_key_reused")
    assert aurora.events_of(carol, "customer_tapped") == []


@pytest.mark.parametrize("key", ["", "Bearer", "er1_1_2_3", "er1_99_{id}_{secret}", "{other}"])
def test_wrong_key_is_refused_whatever_is_wrong_with_it(
    door: Device, aurora: Till, alice: UUID, key: str
) -> None:
    _, shop, reader_id, secret = door.key.split("_", 3)
    wrong = key.format(id=reader_id, secret=secret, other=f"er1_{shop}_{reader_id}_{'A' * 43}")
    sent = {"token": aurora.code_of(alice).token, "client_key": str(uuid4())}

    answer = door.send(sent, Authorization=f"Bearer {wrong}")

    assert (answer.status_code, answer.json()["error"]["code"]) == (401, "unauthorized")
    assert aurora.count(CheckIn) == 0


def test_request_without_a_key_is_refused(door: Device, aurora: Till) -> None:
    answer = door.send({}, Authorization="")

    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"] == "Bearer"


def test_rotated_key_is_dead_at_once_and_the_new_one_works(
    door: Device, aurora: Till, alice: UUID
) -> None:
    token = aurora.code_of(alice).token
    with shop_transaction(aurora.shop_id) as session:
        fresh = rotate_key(session, aurora.shop_id, door.reader_id, actor=DANA, now=utc_now())

    assert door.tap(token).status_code == 401
    assert Device(door.url, door.reader_id, fresh).tap(token).status_code == 200


def test_revoked_reader_is_refused(door: Device, aurora: Till, alice: UUID) -> None:
    with shop_transaction(aurora.shop_id) as session:
        revoke_reader(session, aurora.shop_id, door.reader_id, actor=DANA, now=utc_now())

    assert door.tap(aurora.code_of(alice).token).status_code == 401


def test_key_is_kept_as_a_hash_alone(door: Device, aurora: Till) -> None:
    secret = door.key.rsplit("_", 1)[-1]
    (reader,) = aurora.rows(Reader)

    assert len(reader.key_hash) == 32
    assert secret.encode() not in reader.key_hash


def test_card_of_another_shop_is_nobodys_here(
    door: Device, aurora: Till, borealis: Till, bob: UUID
) -> None:
    answer = door.tap(borealis.code_of(bob).token)

    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "unknown_token")
    assert borealis.events_of(bob, "customer_tapped") == []


def test_short_code_is_for_people_and_opens_nothing_here(
    door: Device, aurora: Till, alice: UUID
) -> None:
    assert door.tap(aurora.code_of(alice).short_code).status_code == 404


def test_key_of_one_shop_opens_nothing_in_another(
    door: Device, url: str, aurora: Till, borealis: Till, bob: UUID
) -> None:
    theirs = add_device(borealis, url)
    mixed = door.key.replace(f"er1_{aurora.shop_id}_", f"er1_{borealis.shop_id}_")

    assert Device(url, door.reader_id, mixed).tap(borealis.code_of(bob).token).status_code == 401
    assert theirs.tap(borealis.code_of(bob).token).status_code == 200


@pytest.mark.parametrize(
    ("state", "status", "code"),
    [("archived", 409, "member_archived"), ("erased", 410, "card_void")],
)
def test_card_of_who_is_no_member_now_says_so(
    door: Device, aurora: Till, alice: UUID, state: str, status: int, code: str
) -> None:
    token = aurora.code_of(alice).token
    with shop_transaction(aurora.shop_id) as session:
        session.get_one(Member, (aurora.shop_id, alice)).state = state

    answer = door.tap(token)

    assert (answer.status_code, answer.json()["error"]["code"]) == (status, code)
    assert aurora.count(CheckIn) == 0


def test_reader_at_a_closed_place_is_told_so(door: Device, aurora: Till, alice: UUID) -> None:
    with shop_transaction(aurora.shop_id) as session:
        session.get_one(Location, (aurora.shop_id, MAIN_STREET)).is_active = False

    answer = door.tap(aurora.code_of(alice).token)

    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "location_closed")


def test_reader_of_a_shop_that_left_is_refused(door: Device, aurora: Till, alice: UUID) -> None:
    token = aurora.code_of(alice).token
    with shop_transaction(aurora.shop_id) as session:
        uninstall(session, aurora.shop_id, now=utc_now())

    assert door.tap(token).status_code == 403


def test_flood_at_one_reader_is_stopped_and_counts_nothing(
    door: Device, aurora: Till, alice: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(domain, "PER_MINUTE", 3)
    token = aurora.code_of(alice).token

    answers = [door.tap(token) for _ in range(4)]

    assert [answer.status_code for answer in answers] == [200, 200, 200, 429]
    assert int(answers[-1].headers["Retry-After"]) == 60
    assert aurora.count(CheckIn) == 3


def test_refused_requests_count_against_the_flood_too(
    door: Device, aurora: Till, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(domain, "PER_MINUTE", 3)

    answers = [door.tap("m1." + "A" * 26) for _ in range(4)]

    assert [answer.status_code for answer in answers] == [404, 404, 404, 429]


def test_tap_told_of_late_counts_when_it_was(door: Device, aurora: Till, alice: UUID) -> None:
    reward(aurora, 5, made_at=utc_now() - timedelta(days=30))
    tapped_at = utc_now() - timedelta(days=6)

    answer = door.tap(aurora.code_of(alice).token, tapped_at=tapped_at.isoformat())

    assert answer.json()["points"] == 5
    (row,) = aurora.rows(CheckIn)
    assert row.occurred_at == tapped_at


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"token": None}, "token"),
        ({"token": 7}, "token"),
        ({"token": "m1.\0"}, "token"),
        ({"client_key": "once"}, "client_key"),
        ({"client_key": None}, "client_key"),
        ({"tapped_at": "yesterday"}, "tapped_at"),
        ({"tapped_at": "2026-11-22T12:00:00"}, "tapped_at"),
        ({"tapped_at": "2020-01-01T00:00:00Z"}, "tapped_at"),
        ({"tapped_at": "2999-01-01T00:00:00Z"}, "tapped_at"),
    ],
)
def test_field_that_cannot_be_is_named_and_nothing_written(
    door: Device, aurora: Till, alice: UUID, change: dict[str, object], field: str
) -> None:
    sent = {"token": aurora.code_of(alice).token, "client_key": str(uuid4())} | change

    answer = door.send(sent)

    assert answer.status_code == 422
    assert list(answer.json()["error"]["fields"]) == [field]
    assert aurora.count(CheckIn) == 0


def test_body_that_is_no_object_or_too_long_is_refused(door: Device, aurora: Till) -> None:
    assert door.send([1]).status_code == 422
    assert door.send({"token": "x" * 20_000}).status_code == 413
    assert json.loads(door.send([1]).text)["error"]["code"] == "invalid"
