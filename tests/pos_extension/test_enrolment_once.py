"""Joining at the till, lost, killed or sent at once, makes one customer and one member."""

from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest

from config import Settings
from loyalty.base.db import shop_transaction
from loyalty.members.enrolment import record_customer
from loyalty.members.tables import Customer, Member, TimelineEvent
from loyalty.shops.directory import get_shop
from shopify_app.platform import settings as platform_settings
from shopify_app.platform.payloads.customers import read_customer
from tests.factories.facts import NOON
from tests.platform.shopify import Shopify
from tests.pos_extension.cast import Till, at_once
from tests.pos_extension.enrol_cast import at_shopify, written
from tests.pos_extension.lossy_line import LossyLine


@pytest.fixture
def aurora(connected: Till) -> Till:
    """A till of Aurora whose token works at Shopify."""
    return connected


@pytest.fixture
def line(aurora: Till, shopify: Shopify) -> Iterator[LossyLine]:
    """A line to Shopify that can lose an answer, put between us and the stand-in."""
    line = LossyLine(shopify.url)
    settings = platform_settings.current()
    template = shopify.url_template.replace(shopify.url, line.url)
    assert isinstance(settings, Settings)
    platform_settings.configure(settings.model_copy(update={"shopify_url_template": template}))
    yield line
    line.close()


_IMPATIENT = {"attempts_max": 1, "answer_s": 0.5}


@pytest.mark.parametrize(
    ("mode", "more"),
    [("fail", {"status": 503}), ("cut", {}), ("throttle", {}), ("stall", {"seconds": 7})],
)
def test_shopify_down_writes_nothing_and_the_resend_heals(
    aurora: Till,
    shopify: Shopify,
    email: str,
    monkeypatch: pytest.MonkeyPatch,
    mode: str,
    more: dict[str, Any],
) -> None:
    monkeypatch.setattr("shopify_app.platform.customers._PATIENCE", _IMPATIENT)
    wanted = {"name": "Mary", "contact": email, "client_key": str(uuid4())}
    shopify.fail("graphql", mode, **more)

    answer = aurora.post("members", **wanted)
    shopify.fail("graphql", "off")

    assert answer.status_code == 503
    assert answer.get_json()["error"]["code"] == "shopify_unavailable"
    assert written(aurora) == 0
    assert aurora.post("members", **wanted).status_code == 201
    assert aurora.count(Member) == 1


def test_a_lost_answer_of_customer_create_heals_on_the_resend(
    aurora: Till, shopify: Shopify, email: str, line: LossyLine
) -> None:
    wanted = {"name": "Mary", "contact": email, "client_key": str(uuid4())}
    line.loses = "customerCreate"

    lost = aurora.post("members", **wanted)
    assert len(at_shopify(shopify, email=email)) == 1
    healed = aurora.post("members", **wanted)

    assert (lost.status_code, healed.status_code) == (503, 201)
    assert healed.get_json()["was_known"] is False
    assert (aurora.count(Member), len(at_shopify(shopify, email=email))) == (1, 1)


def test_a_crash_between_shopify_and_our_commit_heals_on_the_resend(
    aurora: Till, shopify: Shopify, email: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted = {"name": "Mary", "contact": email, "client_key": str(uuid4())}
    with monkeypatch.context() as broken:
        broken.setattr("loyalty.base.faults.point", _crash)
        crashed = aurora.post("members", **wanted)
    assert (crashed.status_code, len(at_shopify(shopify, email=email))) == (500, 1)
    assert written(aurora) == 0

    healed = aurora.post("members", **wanted)

    assert healed.status_code == 201
    assert (aurora.count(Member), len(at_shopify(shopify, email=email))) == (1, 1)


def _crash(*_: Any, **__: Any) -> None:
    raise RuntimeError("killed here")


def test_the_same_enrolment_again_gets_the_same_answer(
    aurora: Till, shopify: Shopify, email: str
) -> None:
    wanted = {"name": "Mary", "contact": email, "client_key": str(uuid4())}
    first = aurora.post("members", **wanted)
    shopify.fail("graphql", "fail", status=503)

    again = aurora.post("members", **wanted)
    other = aurora.post("members", **(wanted | {"name": "Maria"}))

    assert (again.status_code, again.get_json()) == (201, first.get_json())
    assert (other.status_code, other.get_json()["error"]["code"]) == (409, "client_key_reused")


def test_resends_at_once_make_one_customer_and_one_member(
    aurora: Till, shopify: Shopify, email: str
) -> None:
    wanted = {"name": "Mary", "contact": email, "client_key": str(uuid4())}

    answers = at_once(*[lambda: aurora.post("members", **wanted)] * 5)

    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.text for answer in answers}) == 1
    assert (aurora.count(Member), len(at_shopify(shopify, email=email))) == (1, 1)


def test_two_tills_that_enrol_the_same_person_make_one(
    aurora: Till, shopify: Shopify, email: str
) -> None:
    tills = [aurora.logged_in(user) for user in (7, 8, 9, 10)]

    answers = at_once(
        *[lambda till=till: till.post("members", name="Mary", contact=email) for till in tills]
    )

    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.get_json()["member"]["id"] for answer in answers}) == 1
    assert sorted(answer.get_json()["was_known"] for answer in answers) == [False, True, True, True]
    assert (aurora.count(Member), aurora.count(Customer)) == (1, 1)
    joined = [event for event in aurora.rows(TimelineEvent) if event.kind == "member_joined"]
    assert len(joined) == 1


def test_the_customers_webhook_at_the_same_moment_changes_nothing(
    aurora: Till, shopify: Shopify, email: str
) -> None:
    customer = shopify.tell("customers", first_name="Nora", email=email)
    facts = read_customer(customer)

    def webhook() -> Any:
        with shop_transaction(aurora.shop_id) as session:
            shop = get_shop(session, aurora.shop_id)
            record_customer(session, shop, facts, now=NOON, is_backfill=False)

    answers = at_once(
        lambda: aurora.post("members", name="Nora", contact=email), webhook, webhook, webhook
    )

    assert answers[0].status_code == 201
    assert (aurora.count(Member), aurora.count(Customer)) == (1, 1)
