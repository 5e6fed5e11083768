"""customers/merge, against the stand-in: carried out once Shopify has one customer left."""

from collections.abc import Callable
from typing import Any
from uuid import UUID, uuid4

import jsonschema
import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from config import Settings
from loyalty.audit import Actor
from loyalty.base import db
from loyalty.base.clock import utc_now
from loyalty.ledger.posting import Cause, credit, lock_balance
from loyalty.ledger.selfcheck import find_differences
from loyalty.members.tables import Customer, Member, MemberBalance
from loyalty.merging.tables import MemberMerge
from loyalty.merging.undoing import undo
from loyalty.shops.directory import get_shop
from shopify_app.platform import inbox, installations
from shopify_app.platform import settings as platform_settings
from shopify_app.platform.backfill import merges
from shopify_app.platform.backfill.steps import take_step
from shopify_app.platform.session_tokens import verify
from shopify_app.platform.tables import BackfillRun, CustomerMerge
from tests.factories.samples import sample, schema
from tests.platform.deliveries import deliver, inbox_rows
from tests.platform.shopify import Shopify

Person = dict[str, Any]
Create = Callable[..., Person]


@pytest.fixture
def aurora(client: FlaskClient, connected: Settings, shopify: Shopify) -> int:
    """Aurora, installed at the stand-in; the client's own settings would lead nowhere."""
    platform_settings.configure(connected)
    return installations.ensure_installed(verify(shopify.id_token(), connected))


@pytest.fixture
def create(client: FlaskClient, aurora: int, shopify: Shopify) -> Create:
    """Somebody at Shopify, of whom we have been told."""

    def create(**fields: Any) -> Person:
        person = shopify.tell("customers", email=an_email(), state="ENABLED", **fields)
        deliver(client, person, "customers/create")
        found: Person = {key: value for key, value in person.items() if key in ("id", "email")}
        return found

    return create


def test_points_of_both_are_the_kept_ones_once_shopify_has_one_customer(
    client: FlaskClient, aurora: int, shopify: Shopify, create: Create
) -> None:
    kept, gone = create(), create()
    inbox.drain(aurora)
    give(aurora, kept["id"], 100)
    give(aurora, gone["id"], 40)
    shopify.tell(f"customers/{kept['id']}/merge", other_id=gone["id"])

    be_told(client, aurora, a_merge(kept["id"], gone["id"]))

    survivor = member_of(aurora, kept["id"])
    assert balance(aurora, survivor) == 140
    assert member_of(aurora, gone["id"]) == survivor
    assert merge_row(aurora).state == "done"
    assert differences(aurora) == []


def test_nothing_moves_while_shopify_has_both(
    client: FlaskClient, aurora: int, shopify: Shopify, create: Create
) -> None:
    kept, gone = create(), create()
    inbox.drain(aurora)
    give(aurora, gone["id"], 40)

    deliver(client, a_merge(kept["id"], gone["id"]), "customers/merge")
    inbox.drain(aurora)
    step_once(aurora)

    assert member_of(aurora, gone["id"]) != member_of(aurora, kept["id"])
    assert merge_row(aurora).state == "waiting"
    # and once it has done it, the next look carries it out
    shopify.tell(f"customers/{kept['id']}/merge", other_id=gone["id"])
    merges.carry_out(aurora, f"{gone['id']}:{kept['id']}")
    assert balance(aurora, member_of(aurora, kept["id"])) == 40


def test_a_merge_that_failed_moves_nothing_and_says_why(
    client: FlaskClient, aurora: int, shopify: Shopify, create: Create
) -> None:
    kept, gone = create(), create()
    inbox.drain(aurora)
    give(aurora, gone["id"], 40)
    shopify.tell(f"customers/{kept['id']}/merge", other_id=gone["id"], failure="merge_in_progress")

    be_told(client, aurora, a_failure(kept["id"], gone["id"]))

    row = merge_row(aurora)
    assert (row.state, row.reason) == ("failed", "merge_in_progress")
    assert balance(aurora, member_of(aurora, gone["id"])) == 40
    assert runs(aurora) == []


@pytest.mark.parametrize("is_failure_first", [True, False])
def test_a_failure_and_a_success_of_the_same_two_come_in_any_order(
    client: FlaskClient, aurora: int, shopify: Shopify, create: Create, is_failure_first: bool
) -> None:
    kept, gone = create(), create()
    inbox.drain(aurora)
    give(aurora, gone["id"], 40)
    shopify.tell(f"customers/{kept['id']}/merge", other_id=gone["id"])
    told = [a_failure(kept["id"], gone["id"]), a_merge(kept["id"], gone["id"])]

    for payload in told if is_failure_first else told[::-1]:
        be_told(client, aurora, payload)

    assert merge_row(aurora).state == "done"
    assert balance(aurora, member_of(aurora, kept["id"])) == 40


@pytest.mark.parametrize("is_deletion_first", [True, False])
def test_the_deletion_that_comes_with_a_merge_loses_no_point(
    client: FlaskClient, aurora: int, shopify: Shopify, create: Create, is_deletion_first: bool
) -> None:
    kept, gone = create(), create()
    inbox.drain(aurora)
    give(aurora, gone["id"], 40)
    shopify.tell(f"customers/{kept['id']}/merge", other_id=gone["id"])
    gid = f"gid://shopify/Customer/{gone['id']}"
    told = [
        ({"id": gone["id"], "admin_graphql_api_id": gid}, "customers/delete"),
        (a_merge(kept["id"], gone["id"]), "customers/merge"),
    ]

    for payload, topic in told if is_deletion_first else told[::-1]:
        be_told(client, aurora, payload, topic)

    assert balance(aurora, member_of(aurora, kept["id"])) == 40
    assert states(aurora) == {"active", "merged"}
    assert differences(aurora) == []


def test_told_twice_it_is_done_once(
    client: FlaskClient, aurora: int, shopify: Shopify, create: Create
) -> None:
    kept, gone = create(), create()
    inbox.drain(aurora)
    give(aurora, gone["id"], 40)
    shopify.tell(f"customers/{kept['id']}/merge", other_id=gone["id"])

    for _ in range(2):
        be_told(client, aurora, a_merge(kept["id"], gone["id"]))

    assert balance(aurora, member_of(aurora, kept["id"])) == 40
    assert count(aurora, MemberMerge) == 1


def test_whoever_was_kept_and_is_new_to_us_is_the_member_of_who_went(
    client: FlaskClient, aurora: int, shopify: Shopify, create: Create
) -> None:
    gone = create()
    inbox.drain(aurora)
    give(aurora, gone["id"], 40)
    member_id = member_of(aurora, gone["id"])
    kept = shopify.tell("customers", email=an_email(), first_name="Kay", state="ENABLED")
    shopify.tell(f"customers/{kept['id']}/merge", other_id=gone["id"])

    be_told(client, aurora, a_merge(kept["id"], gone["id"]))

    assert member_of(aurora, kept["id"]) == member_id
    assert balance(aurora, member_id) == 40
    with db.shop_transaction(aurora) as session:
        member = session.get_one(Member, (aurora, member_id))
        assert (member.first_name, member.email, member.state) == (
            "Kay",
            kept["email"],
            "active",
        )


def test_customers_whom_nobody_here_knows_merge_in_peace(
    client: FlaskClient, aurora: int, shopify: Shopify, create: Create
) -> None:
    kept = shopify.tell("customers", email=an_email())
    gone = shopify.tell("customers", email=an_email())
    shopify.tell(f"customers/{kept['id']}/merge", other_id=gone["id"])

    be_told(client, aurora, a_merge(kept["id"], gone["id"]))

    assert merge_row(aurora).state == "done"
    assert count(aurora, MemberMerge) == 0


def test_one_who_was_erased_is_merged_with_nobody(
    client: FlaskClient, aurora: int, shopify: Shopify, create: Create
) -> None:
    kept, gone = create(), create()
    inbox.drain(aurora)
    with db.shop_transaction(aurora) as session:
        customer = session.get_one(Customer, (aurora, kept["id"]))
        session.get_one(Member, (aurora, customer.member_id)).state = "erased"
        customer.member_id, customer.redacted_at = None, utc_now()
    shopify.tell(f"customers/{kept['id']}/merge", other_id=gone["id"])

    be_told(client, aurora, a_merge(kept["id"], gone["id"]))

    row = merge_row(aurora)
    assert (row.state, row.reason) == ("refused", "the customer who was kept was erased")


def test_what_waited_from_before_is_asked_for_again(
    client: FlaskClient, aurora: int, shopify: Shopify, create: Create
) -> None:
    kept, gone = create(), create()
    inbox.drain(aurora)
    shopify.tell(f"customers/{kept['id']}/merge", other_id=gone["id"])
    with db.shop_transaction(aurora) as session:
        session.add(
            CustomerMerge(
                shop_id=aurora,
                deleted_customer_id=gone["id"],
                kept_customer_id=kept["id"],
                state="waiting",
                merged_at=utc_now(),
                received_at=utc_now().replace(year=2025),
            )
        )

    assert merges.ask_waiting(aurora, now=utc_now()) == 1
    step_all(aurora)

    assert member_of(aurora, gone["id"]) == member_of(aurora, kept["id"])
    assert merges.ask_waiting(aurora, now=utc_now()) == 0


def test_shopifys_merge_can_be_undone_here(
    client: FlaskClient, aurora: int, shopify: Shopify, create: Create
) -> None:
    kept, gone = create(), create()
    inbox.drain(aurora)
    give(aurora, gone["id"], 40)
    shopify.tell(f"customers/{kept['id']}/merge", other_id=gone["id"])
    be_told(client, aurora, a_merge(kept["id"], gone["id"]))
    merge_id = merge_row(aurora).merge_id
    assert merge_id is not None

    with db.shop_transaction(aurora) as session:
        shop = get_shop(session, aurora)
        undo(session, shop, merge_id, actor=Actor("staff", "42"), now=utc_now())

    assert balance(aurora, member_of(aurora, gone["id"])) == 40
    assert balance(aurora, member_of(aurora, kept["id"])) == 0


def an_email() -> str:
    """An address that nobody had before."""
    return f"{uuid4().hex}@example.com"


def a_merge(kept: int, gone: int) -> Person:
    return _told(kept, gone, "success", [])


def a_failure(kept: int, gone: int) -> Person:
    error = {"customer_ids": [kept], "field": "merge_in_progress", "message": "Alice is busy"}
    return _told(kept, gone, "failed", [error])


def _told(kept: int, gone: int, status: str, errors: list[Person]) -> Person:
    gids = {
        "admin_graphql_api_customer_kept_id": f"gid://shopify/Customer/{kept}",
        "admin_graphql_api_customer_deleted_id": f"gid://shopify/Customer/{gone}",
    }
    payload = sample("customers/merge") | gids | {"status": status, "errors": errors}
    jsonschema.validate(payload, schema("customers/merge") | {"properties": {}})
    return payload


def be_told(
    client: FlaskClient, shop_id: int, payload: Person, topic: str = "customers/merge"
) -> None:
    """The webhook, and everything that follows from it."""
    deliver(client, payload, topic)
    inbox.drain(shop_id)
    assert {row.state for row in inbox_rows(shop_id)} <= {"done", "ignored"}
    step_all(shop_id)


def step_all(shop_id: int) -> None:
    for _ in range(20):
        if not runs(shop_id):
            return
        step_once(shop_id)


def step_once(shop_id: int) -> None:
    """One step of the re-reads alone: the history of the shop is not what this is about."""
    with db.shop_transaction(shop_id) as session:
        for run in session.scalars(select(BackfillRun).where(BackfillRun.generation > 0)):
            run.state = "done"
    take_step(shop_id)


def runs(shop_id: int) -> list[str]:
    with db.shop_transaction(shop_id) as session:
        found = session.scalars(select(BackfillRun.subject).where(BackfillRun.generation == 0))
        return list(found)


def give(shop_id: int, customer_id: int, points: int) -> None:
    member_id = member_of(shop_id, customer_id)
    with db.shop_transaction(shop_id) as session:
        cause = Cause("grant", f"t:{customer_id}", "test", "1", "system:test", utc_now())
        balance = lock_balance(session, shop_id, member_id)
        credit(session, balance, cause, points=points, now=utc_now())


def member_of(shop_id: int, customer_id: int) -> UUID:
    with db.shop_transaction(shop_id) as session:
        member_id = session.get_one(Customer, (shop_id, customer_id)).member_id
        assert member_id is not None
        return member_id


def balance(shop_id: int, member_id: UUID) -> int:
    with db.shop_transaction(shop_id) as session:
        return session.get_one(MemberBalance, (shop_id, member_id)).available


def merge_row(shop_id: int) -> CustomerMerge:
    with db.shop_transaction(shop_id) as session:
        return session.scalars(select(CustomerMerge)).one()


def states(shop_id: int) -> set[str]:
    with db.shop_transaction(shop_id) as session:
        return set(session.scalars(select(Member.state)))


def count(shop_id: int, model: Any) -> int:
    with db.shop_transaction(shop_id) as session:
        return len(session.scalars(select(model)).all())


def differences(shop_id: int) -> list[Any]:
    with db.shop_transaction(shop_id) as session:
        return find_differences(session, shop_id)
