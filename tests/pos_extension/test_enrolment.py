"""Someone joins at the till with a name and a contact: one customer at Shopify, one member here."""

from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest
from flask import Flask
from sqlalchemy import select

from config import Settings
from loyalty.audit import AuditRow
from loyalty.base.db import shop_transaction
from loyalty.members.enrolment import record_customer
from loyalty.members.leaving import delete_customer
from loyalty.members.tables import Customer, Member, TimelineEvent
from loyalty.outbox import CARD_EMAIL_ASKED, OutboxEvent
from loyalty.programme.tables import Programme
from loyalty.shops.directory import get_shop, needs_reauth
from pos_extension.tables import TillWrite
from shopify_app.platform import installations, stored_tokens
from shopify_app.platform import settings as platform_settings
from shopify_app.platform.payloads.customers import read_customer
from shopify_app.platform.session_tokens import verify
from tests.factories.facts import NOON
from tests.platform.conftest import make_settings
from tests.platform.shopify import Shopify, running
from tests.pos_extension.cast import MAIN_STREET, Till, at_once, install_till, public_id
from tests.pos_extension.lossy_line import LossyLine
from wallet.links import read_link_token


@pytest.fixture(scope="module")
def shopify(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shopify]:
    """A stand-in for Shopify with two small shops."""
    with running(tmp_path_factory.mktemp("shopify"), customers=5, orders=5) as shopify:
        yield shopify


@pytest.fixture
def aurora(app: Flask, shopify: Shopify) -> Till:
    """A till of Aurora whose token works at Shopify; no fault of an earlier test is left."""
    for surface in ("graphql", "token"):
        shopify.fail(surface, "off")
    settings = make_settings(shopify_url_template=shopify.url_template)
    platform_settings.configure(settings)
    till = install_till(app, "aurora")
    shop_id = installations.ensure_installed(verify(shopify.id_token(), settings))
    assert shop_id == till.shop_id
    return till


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


@pytest.fixture
def email() -> str:
    """An address that nobody had before."""
    return f"{uuid4().hex}@example.com"


def at_shopify(shopify: Shopify, **query: str) -> list[dict[str, Any]]:
    """Shopify's customers of an email or phone."""
    found: list[dict[str, Any]] = shopify.ask("customers", **query)
    return found


def written(till: Till) -> int:
    """How many rows the till has left behind."""
    rows = till.count(Member, Customer, TillWrite, OutboxEvent, TimelineEvent)
    return rows + sum(row.actor_kind == "till_user" for row in till.rows(AuditRow))


def a_phone() -> str:
    """A Spanish mobile number that nobody had before."""
    return f"6{uuid4().int % 10**8:08}"


def test_someone_new_becomes_shopifys_customer_and_a_member(
    aurora: Till, shopify: Shopify, email: str
) -> None:
    answer = aurora.post("members", name="Mary Jane Watson", contact=f"  {email.upper()} ")

    assert answer.status_code == 201
    [customer] = at_shopify(shopify, email=email)
    assert (customer["first_name"], customer["last_name"]) == ("Mary", "Jane Watson")
    [member] = aurora.rows(Member)
    assert (member.email, member.enrolled_by, member.state) == (email, "till", "active")
    body = answer.get_json()
    assert body["was_known"] is False
    assert body["member"]["id"] == public_id(aurora, member.id)
    assert body["member"]["customer_id"] == customer["id"]
    assert (body["member"]["name"], body["member"]["points"]) == ("Mary Jane Watson", 0)


def test_joining_stands_in_the_timeline_with_place_and_cashier(aurora: Till, email: str) -> None:
    aurora.post("members", name="Mary", contact=email)

    [event] = [event for event in aurora.rows(TimelineEvent) if event.kind == "member_joined"]
    assert event.details == {
        "actor": "till_user:7",
        "location_id": MAIN_STREET,
        "location": "Main Street",
    }
    rows = [row for row in aurora.rows(AuditRow) if row.actor_kind == "till_user"]
    said = {(row.action, row.actor_id) for row in rows}
    assert said == {("member_enrolled_at_till", "7"), ("card_handed_out_at_till", "7")}


def test_the_card_is_shown_as_a_code_for_their_phone(aurora: Till, email: str) -> None:
    body = aurora.post("members", name="Mary", contact=email).get_json()

    card, [member] = body["card"], aurora.rows(Member)
    token = card["url"].removeprefix("https://encore.example/card/")
    link = read_link_token(token, b"l" * 32, purpose="card", now=NOON)
    assert (link.shop_id, link.member_id) == (aurora.shop_id, member.id)
    assert card.keys() == {"url", "qr_modules", "needs_email"} and card["needs_email"] is False
    rows = card["qr_modules"]
    assert {len(row) for row in rows} == {len(rows)} and set("".join(rows)) == {"0", "1"}
    assert rows[0].startswith("11111110")
    again = aurora.get(f"members/{body['member']['id']}/card")
    assert again.get_json() == {"card": card}


def test_who_gives_an_email_is_sent_the_card(aurora: Till, email: str) -> None:
    aurora.post("members", name="Mary", contact=email)

    [member] = aurora.rows(Member)
    asked = [event for event in aurora.rows(OutboxEvent) if event.kind == CARD_EMAIL_ASKED]
    assert [event.member_id for event in asked] == [member.id]


def test_who_gives_a_phone_is_sent_no_email(aurora: Till, shopify: Shopify) -> None:
    national = a_phone()
    phone = f"+34{national}"
    shopify.tell("customers", first_name="Nora", phone=phone, email=f"{phone[1:]}@example.com")

    answer = aurora.post("members", name="Nora", contact=f"{national[:3]} {national[3:]}")

    assert answer.status_code == 201
    assert answer.get_json()["member"]["customer_id"] == at_shopify(shopify, phone=phone)[0]["id"]
    assert CARD_EMAIL_ASKED not in [event.kind for event in aurora.rows(OutboxEvent)]


def test_a_national_number_is_taken_as_one_of_the_places_country(
    aurora: Till, shopify: Shopify
) -> None:
    national = a_phone()

    answer = aurora.post("members", name="Mary", contact=f"{national[:3]}-{national[3:]}")

    assert answer.status_code == 201
    assert answer.get_json()["member"]["contact"] == f"•••{national[-4:]}"
    assert len(at_shopify(shopify, phone=f"+34{national}")) == 1


def test_a_national_number_at_a_place_without_a_country_must_name_it(aurora: Till) -> None:
    aurora.open_place(77)

    answer = aurora.post("members", name="Mary", contact=a_phone(), location_id=77)

    assert answer.status_code == 422
    assert "country code" in answer.get_json()["error"]["fields"]["contact"]


def test_whom_shopify_knows_becomes_a_member_and_keeps_their_name(
    aurora: Till, shopify: Shopify, email: str
) -> None:
    customer = shopify.tell("customers", first_name="Nora", last_name="Novak", email=email)

    body = aurora.post("members", name="Norah N", contact=email).get_json()

    assert body["was_known"] is False
    assert (body["member"]["customer_id"], body["member"]["name"]) == (customer["id"], "Nora Novak")
    assert at_shopify(shopify, email=email)[0]["first_name"] == "Nora"


def test_who_was_a_member_all_along_is_welcomed_and_nothing_is_changed(
    aurora: Till, shopify: Shopify, email: str
) -> None:
    first = aurora.post("members", name="Mary", contact=email).get_json()
    calls = shopify.calls("graphql.json")

    again = aurora.post("members", name="Mary", contact=email)

    assert again.status_code == 201
    assert again.get_json() == first | {"was_known": True}
    assert aurora.count(Member) == 1
    # Our own books vouch for the address, so Shopify was not asked.
    assert shopify.calls("graphql.json") == calls
    asked = [event for event in aurora.rows(OutboxEvent) if event.kind == CARD_EMAIL_ASKED]
    assert len(asked) == 1


def test_a_member_is_found_while_shopify_is_down(
    aurora: Till, shopify: Shopify, email: str
) -> None:
    aurora.post("members", name="Mary", contact=email)
    shopify.fail("graphql", "fail", status=503)

    assert aurora.post("members", name="Mary", contact=email).get_json()["was_known"] is True


def test_an_email_that_nobody_vouches_for_is_left_to_shopify(
    aurora: Till, shopify: Shopify, email: str
) -> None:
    # given Alice, who once typed an address into her profile that Shopify never verified
    alice = aurora.enrol("Alice", 501, email=email, has_verified_email=False)
    # when its true owner joins
    answer = aurora.post("members", name="Mary", contact=email)
    # then they are two people
    assert answer.get_json()["member"]["id"] != public_id(aurora, alice)
    assert aurora.count(Member) == 2


def test_one_whom_shopify_deleted_and_made_anew_is_the_same_member(
    aurora: Till, shopify: Shopify, email: str
) -> None:
    alice = aurora.enrol("Alice", 501, email=email)
    with shop_transaction(aurora.shop_id) as session:
        delete_customer(session, get_shop(session, aurora.shop_id), 501, now=NOON)

    body = aurora.post("members", name="Alice Archer", contact=email).get_json()

    assert body["was_known"] is True
    assert body["member"]["id"] == public_id(aurora, alice)
    assert body["member"]["customer_id"] == at_shopify(shopify, email=email)[0]["id"]


def test_joining_works_where_only_joiners_are_members(aurora: Till, email: str) -> None:
    with shop_transaction(aurora.shop_id) as session:
        session.get_one(Programme, aurora.shop_id).enrolment = "joiners"

    assert aurora.post("members", name="Mary", contact=email).status_code == 201
    assert aurora.count(Member) == 1


def test_an_archived_member_is_not_enrolled_anew(aurora: Till, email: str) -> None:
    aurora.post("members", name="Mary", contact=email)
    with shop_transaction(aurora.shop_id) as session:
        member = session.scalars(select(Member)).one()
        member.state = "archived"

    answer = aurora.post("members", name="Mary", contact=email)

    assert (answer.status_code, answer.get_json()["error"]["code"]) == (409, "member_archived")
    assert aurora.count(Member) == 1


def test_one_who_was_erased_and_asks_again_is_somebody_new(aurora: Till, email: str) -> None:
    first = aurora.post("members", name="Mary", contact=email).get_json()
    with shop_transaction(aurora.shop_id) as session:
        member = session.scalars(select(Member)).one()
        member.state, member.first_name, member.email, member.email_norm = "erased", None, None, ""
        customer = session.scalars(select(Customer)).one()
        customer.member_id, customer.redacted_at = None, NOON

    body = aurora.post("members", name="Mary", contact=email).get_json()

    assert body["was_known"] is False
    assert body["member"]["id"] != first["member"]["id"]


def test_a_resend_of_one_who_was_erased_meanwhile_brings_nobody_back(
    aurora: Till, email: str
) -> None:
    wanted = {"name": "Mary", "contact": email, "client_key": str(uuid4())}
    aurora.post("members", **wanted)
    with shop_transaction(aurora.shop_id) as session:
        session.scalars(select(TillWrite)).one().answer = {}
        session.scalars(select(Member)).one().state = "erased"

    answer = aurora.post("members", **wanted)

    assert (answer.status_code, answer.get_json()["error"]["code"]) == (410, "card_void")
    assert aurora.count(Member) == 1


BAD_FIELDS = [
    ("name", None),
    ("name", "  "),
    ("name", "x" * 256),
    ("name", 7),
    ("name", "Mary\0"),
    ("name", "https://evil.example"),
    ("name", "<b>Mary</b>"),
    ("contact", None),
    ("contact", ""),
    ("contact", "mary"),
    ("contact", "mary@"),
    ("contact", "mary@example"),
    ("contact", "mary@@example.com"),
    ("contact", "mary jane@example.com"),
    ("contact", "mary@exa..mple.com"),
    ("contact", "x" * 250 + "@example.com"),
    ("contact", "+"),
    ("contact", "+34"),
    ("contact", "+0346000000"),
    ("contact", "+34 600 000 000 000 000"),
    ("contact", "12345"),
    ("contact", "٦٠٠٠٠٠٠٠٠"),
    ("contact", "0034600000000"),
]


@pytest.mark.parametrize(("field", "value"), BAD_FIELDS)
def test_a_bad_field_is_told_beside_it_and_nothing_is_written_anywhere(
    aurora: Till, shopify: Shopify, email: str, field: str, value: Any
) -> None:
    before, calls = written(aurora), shopify.calls("graphql.json")

    answer = aurora.post("members", **({"name": "Mary", "contact": email} | {field: value}))

    assert answer.status_code == 422
    assert list(answer.get_json()["error"]["fields"]) == [field]
    assert (written(aurora), shopify.calls("graphql.json")) == (before, calls)


def test_shopifys_own_refusal_is_told_beside_the_field(aurora: Till, shopify: Shopify) -> None:
    # A number that we take for well formed, and that no network has given out.
    answer = aurora.post("members", name="Mary", contact="+999 0000 0000 000")

    assert answer.status_code == 422
    assert answer.get_json()["error"]["fields"] == {"contact": "Phone is invalid"}
    assert written(aurora) == 0


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


_IMPATIENT = {"attempts_max": 1, "answer_s": 0.5}


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


def test_a_shop_whose_token_died_is_told_what_to_do(aurora: Till, email: str) -> None:
    with shop_transaction(aurora.shop_id) as session:
        stored_tokens.forget(session, aurora.shop_id, now=NOON)
        needs_reauth(session, aurora.shop_id)

    answer = aurora.post("members", name="Mary", contact=email)

    assert (answer.status_code, answer.get_json()["error"]["code"]) == (409, "shopify_refused")
    assert "Shopify admin" in answer.get_json()["error"]["message"]


def test_a_shop_that_has_not_granted_the_scope_is_told_what_to_do(
    aurora: Till, shopify: Shopify, email: str
) -> None:
    scopes = shopify.state()["scopes"]
    shopify.tell("scopes", scopes=[scope for scope in scopes if scope != "write_customers"])
    try:
        answer = aurora.post("members", name="Mary", contact=email)
    finally:
        shopify.tell("scopes", scopes=scopes)

    assert (answer.status_code, answer.get_json()["error"]["code"]) == (409, "shopify_refused")
    assert written(aurora) == 0
