"""The clock's birthdays, and what operators type about readers, links, birthdays and addresses."""

import re
from collections.abc import Iterator
from datetime import date, timedelta
from uuid import UUID

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import select

from jobs import actions
from jobs.action_commands import action_commands
from jobs.schedule import SCHEDULE
from loyalty.actions.readers import find_reader, read_key
from loyalty.actions.tables import FollowLink, Reader
from loyalty.audit import Actor, AuditRow
from loyalty.base import db
from loyalty.base.clock import utc_now
from loyalty.base.ids import new_id
from loyalty.earning.saving import add_rule
from loyalty.members.tables import Member, MemberBalance
from loyalty.outbox import VERIFICATION_EMAIL_ASKED, OutboxEvent
from loyalty.programme.pausing import pause, resume
from loyalty.shops.directory import uninstall
from loyalty.shops.tables import Location
from mailing import setup as mail_setup
from mailing.setup import CardLinks, MailSettings
from tests.jobs.conftest import Aurora, add_member, install_committed

AURORA = "aurora.myshopify.com"
OPERATOR = Actor("operator", "test")
LONG_AGO = timedelta(days=90)


def typed(*arguments: str) -> Result:
    return CliRunner().invoke(action_commands, arguments)


def open_place(shop_id: int, location_id: int = 901) -> None:
    with db.shop_transaction(shop_id) as session:
        place = {"name": "Main Street", "is_active": True, "address": {}}
        session.add(Location(shop_id=shop_id, location_id=location_id, **place))


def born_today(aurora: Aurora, member_id: UUID | None = None) -> None:
    """A member of long standing whose birthday was yesterday."""
    yesterday = (utc_now() - timedelta(days=1)).date()
    with db.shop_transaction(aurora.shop_id) as session:
        member = session.get_one(Member, (aurora.shop_id, member_id or aurora.alice))
        member.joined_at, member.birthday_changed_on = utc_now() - LONG_AGO, date(2026, 1, 1)
        member.birthday_on = yesterday.replace(year=2000)
        session.add(MemberBalance(shop_id=aurora.shop_id, member_id=member.id))


def reward_birthdays(shop_id: int) -> None:
    given = {"name": "Birthday", "kind": "birthday", "gives": "fixed", "fixed_points": 100}
    with db.shop_transaction(shop_id) as session:
        add_rule(session, shop_id, given, actor=OPERATOR, now=utc_now() - LONG_AGO)


def points_of(aurora: Aurora, member_id: UUID | None = None) -> int:
    with db.shop_transaction(aurora.shop_id) as session:
        key = (aurora.shop_id, member_id or aurora.alice)
        return session.get_one(MemberBalance, key).available


def test_the_clock_celebrates_each_shops_birthdays_batch_after_batch(
    aurora: Aurora, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(actions, "BATCH", 1)
    borealis = install_committed("borealis")
    others = [add_member(aurora.shop_id) for _ in range(2)]
    for shop, member in ((aurora, None), (borealis, None), *((aurora, one) for one in others)):
        born_today(shop, member)
    for shop in (aurora, borealis):
        reward_birthdays(shop.shop_id)

    (task,) = [task for task in SCHEDULE if task.name == "actions"]
    task.run()
    task.run()

    assert [points_of(aurora), points_of(borealis)] == [100, 100]
    assert [points_of(aurora, one) for one in others] == [100, 100]


def test_shop_that_left_celebrates_nobody(aurora: Aurora) -> None:
    born_today(aurora)
    reward_birthdays(aurora.shop_id)
    with db.shop_transaction(aurora.shop_id) as session:
        uninstall(session, aurora.shop_id, now=utc_now())

    actions.run_all()

    assert points_of(aurora) == 0


def test_what_waited_for_the_end_of_a_pause_is_settled_by_the_clock(aurora: Aurora) -> None:
    born_today(aurora)
    reward_birthdays(aurora.shop_id)
    began_at = utc_now() - timedelta(days=3)
    with db.shop_transaction(aurora.shop_id) as session:
        pause(session, aurora.shop_id, resume_mode="catch_up", actor=OPERATOR, now=began_at)
    actions.run_shop(aurora.shop_id, now=utc_now())
    paused = points_of(aurora)
    with db.shop_transaction(aurora.shop_id) as session:
        resume(session, aurora.shop_id, actor=OPERATOR, now=utc_now())

    actions.run_shop(aurora.shop_id, now=utc_now())

    assert (paused, points_of(aurora)) == (0, 100)


def test_reader_is_made_rotated_and_revoked(aurora: Aurora) -> None:
    open_place(aurora.shop_id)

    made = typed("add-reader", "--shop", AURORA, "--name", "Door", "--location", "901")
    reader_id, first_key = made.output.split()
    second_key = typed("rotate-reader-key", "--shop", AURORA, "--id", reader_id).output.strip()
    listed = typed("readers", "--shop", AURORA).output
    works = [is_good(aurora, key) for key in (first_key, second_key)]
    revoked = typed("revoke-reader", "--shop", AURORA, "--id", reader_id).output

    assert works == [False, True]
    assert listed == f"{reader_id} active location=901 Door\n"
    assert first_key not in listed and second_key not in listed
    assert revoked == "revoked\n"
    assert not is_good(aurora, second_key)
    with db.shop_transaction(aurora.shop_id) as session:
        actions_done = list(session.scalars(select(AuditRow.action).order_by(AuditRow.id)))
        details = str([row.details for row in session.scalars(select(AuditRow))])
    assert actions_done == ["reader_added", "reader_key_rotated", "reader_revoked"]
    assert first_key not in details and second_key not in details


def is_good(aurora: Aurora, text: str) -> bool:
    key = read_key(text)
    assert key is not None
    with db.shop_transaction(aurora.shop_id) as session:
        return find_reader(session, key) is not None


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("add-reader", "--shop", AURORA, "--name", " ", "--location", "901"), "name: "),
        (("add-reader", "--shop", AURORA, "--name", "A", "--location", "7"), "location_not_found"),
        (("rotate-reader-key", "--shop", AURORA, "--id", str(new_id())), "reader_not_found"),
        (("follow-link", "--shop", AURORA, "--network", "x", "--url", "http://x.com"), "url: "),
        (("follow-link", "--shop", AURORA, "--network", "myspace"), "network: "),
        (("set-birthday", "--shop", AURORA, "--member", str(new_id())), "member_not_found"),
    ],
)
def test_what_cannot_be_is_refused_with_its_field_or_reason(
    aurora: Aurora, arguments: tuple[str, ...], said: str
) -> None:
    open_place(aurora.shop_id)

    result = typed(*arguments)

    assert result.exit_code == 1
    assert f"Error: {said}" in result.output
    with db.shop_transaction(aurora.shop_id) as session:
        assert session.scalars(select(Reader)).all() == []
        assert session.scalars(select(FollowLink)).all() == []


def test_another_shops_reader_cannot_be_revoked(aurora: Aurora) -> None:
    borealis = install_committed("borealis")
    open_place(borealis.shop_id)
    place = ("--name", "Door", "--location", "901")
    made = typed("add-reader", "--shop", "borealis.myshopify.com", *place)
    reader_id, key = made.output.split()

    result = typed("revoke-reader", "--shop", AURORA, "--id", reader_id)

    assert (result.exit_code, is_good(borealis, key)) == (1, True)


def test_follow_link_is_set_and_taken_away(aurora: Aurora) -> None:
    link = ("follow-link", "--shop", AURORA, "--network", "instagram")

    said = [
        typed(*link, "--url", "https://instagram.com/aurora").output,
        typed(*link).output,
        typed(*link).output,
    ]

    assert said == ["instagram: set\n", "instagram: taken away\n", "instagram: was not there\n"]


def test_birthday_is_set_by_an_operator(aurora: Aurora) -> None:
    born_today(aurora)
    member = ("set-birthday", "--shop", AURORA, "--member", str(aurora.alice))

    said = [typed(*member, "--month", "2", "--day", "29").output for _ in range(2)]
    wrong = typed(*member, "--month", "2", "--day", "30")

    assert said == ["set\n", "was so already\n"]
    assert (wrong.exit_code, "day: " in wrong.output) == (1, True)
    with db.shop_transaction(aurora.shop_id) as session:
        stored = session.get_one(Member, (aurora.shop_id, aurora.alice))
        assert stored.birthday_on == date(2000, 2, 29)


@pytest.fixture
def with_email() -> Iterator[None]:
    """This installation sends emails."""
    links = CardLinks("https://e.example/c", None, None)
    settings = MailSettings(
        "a@e.example", "us-east-1", "https://e.example", b"k" * 32, lambda *_: links
    )
    mail_setup.configure(settings)
    yield
    mail_setup._settings = None


def test_verification_is_sent_where_there_is_an_address(aurora: Aurora, with_email: None) -> None:
    born_today(aurora)
    send = ("send-verification", "--shop", AURORA, "--member", str(aurora.alice))
    without = typed(*send)
    with db.shop_transaction(aurora.shop_id) as session:
        member = session.get_one(Member, (aurora.shop_id, aurora.alice))
        member.email = member.email_norm = "alice@example.com"

    said = [typed(*send).output for _ in range(2)]

    assert re.search("email_not_verifiable", without.output)
    assert said == ["asked\n", "was asked a moment ago\n"]
    with db.shop_transaction(aurora.shop_id) as session:
        kinds = [event.kind for event in session.scalars(select(OutboxEvent))]
    assert kinds.count(VERIFICATION_EMAIL_ASKED) == 1


def test_installation_without_email_sends_no_verification(aurora: Aurora) -> None:
    result = typed("send-verification", "--shop", AURORA, "--member", str(aurora.alice))

    assert (result.exit_code, "sends no emails" in result.output) == (1, True)
