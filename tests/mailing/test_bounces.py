"""R114, R117: a merchant sees why an address is blocked, and can clear a hard bounce."""

from dataclasses import replace
from uuid import UUID

import pytest
from sqlalchemy import select, update

from jobs import segments
from jobs.deliveries import deliver
from jobs.relay import relay
from jobs.subscribers import SUBSCRIBERS
from loyalty.audit import AuditRow
from loyalty.base.clock import utc_now
from loyalty.base.db import shop_transaction
from loyalty.base.errors import MemberNotFound
from loyalty.members.tables import Member
from loyalty.outbox import ADDRESS_CHANGED, OutboxEvent
from loyalty.segments.saving import add_segment
from loyalty.segments.tables import SegmentMember
from loyalty.shops.directory import get_shop
from mailing import bounces, setup
from mailing.bounces import AddressState, clear_bounce, read_address_state
from mailing.errors import EmailError, EmailRefused
from mailing.tables import EmailAddress
from tests.mailing.cast import DANA, Addressee, enrol
from tests.mailing.stand_in import Amazon


@pytest.fixture
def bounced(alice: Addressee, amazon: Amazon) -> Addressee:
    """Alice, whose mailbox does not exist."""
    alice.ask("first")
    alice.work()
    amazon.post("bounce", message_id=alice.messages()[0].ses_message_id, type="Permanent")
    return alice


def state_of(alice: Addressee) -> AddressState:
    """What a merchant sees."""
    with shop_transaction(alice.shop_id) as session:
        return read_address_state(
            session, session.get_one(Member, (alice.shop_id, alice.member_id))
        )


def test_the_reason_is_shown(bounced: Addressee) -> None:
    assert "550 5.1.1" in str(state_of(bounced).hard_bounce)


def test_clearing_lets_emails_out_again_and_takes_the_address_off_amazons_list(
    bounced: Addressee, amazon: Amazon
) -> None:
    assert "alice@example.com" in amazon.get("suppressed")["suppressed"]

    was_cleared = clear_bounce(bounced.shop_id, bounced.member_id, actor=DANA, now=utc_now())

    assert was_cleared
    assert amazon.get("suppressed")["suppressed"] == {}
    assert state_of(bounced) == AddressState()
    bounced.ask("second")
    bounced.work()
    assert bounced.states() == ["sent", "sent"]
    with shop_transaction(bounced.shop_id) as session:
        rows = session.query(AuditRow).filter_by(action="email_bounce_cleared").all()
    assert [(row.actor_id, row.subject_id) for row in rows] == [("42", str(bounced.member_id))]
    assert "email_bounce_cleared" in bounced.timeline()


def test_clearing_again_is_nothing_new(bounced: Addressee) -> None:
    clear_bounce(bounced.shop_id, bounced.member_id, actor=DANA, now=utc_now())

    assert not clear_bounce(bounced.shop_id, bounced.member_id, actor=DANA, now=utc_now())

    assert bounced.timeline().count("email_bounce_cleared") == 1


def test_a_bounce_that_comes_while_amazon_is_told_stands(
    bounced: Addressee, monkeypatch: pytest.MonkeyPatch
) -> None:
    def bounces_anew(_address: str) -> None:
        with shop_transaction(bounced.shop_id) as session:
            session.execute(update(EmailAddress).values(hard_bounced_at=utc_now()))

    monkeypatch.setattr(bounces, "delete_suppressed", bounces_anew)

    assert not clear_bounce(bounced.shop_id, bounced.member_id, actor=DANA, now=utc_now())
    assert state_of(bounced).hard_bounce is not None


def test_an_address_that_amazon_does_not_list_is_cleared_too(
    bounced: Addressee, amazon: Amazon
) -> None:
    amazon.clear()

    assert clear_bounce(bounced.shop_id, bounced.member_id, actor=DANA, now=utc_now())


def test_nothing_is_cleared_here_while_amazon_cannot_be_told(
    bounced: Addressee, amazon: Amazon
) -> None:
    amazon.post("faults", kind="status", status=429)

    with pytest.raises(EmailError):
        clear_bounce(bounced.shop_id, bounced.member_id, actor=DANA, now=utc_now())

    assert state_of(bounced).hard_bounce is not None


def test_a_complaint_is_not_cleared_with_the_bounce(bounced: Addressee, amazon: Amazon) -> None:
    amazon.post("complain", message_id=bounced.messages()[0].ses_message_id)

    clear_bounce(bounced.shop_id, bounced.member_id, actor=DANA, now=utc_now())

    assert state_of(bounced).has_complained
    with pytest.raises(EmailRefused, match="spam"):
        bounced.ask("second")


def test_a_member_of_another_shop_is_not_found(bounced: Addressee, bob: Addressee) -> None:
    for member in (bob.member_id, UUID(int=1)):
        with pytest.raises(MemberNotFound):
            clear_bounce(bounced.shop_id, member, actor=DANA, now=utc_now())


def test_without_email_there_is_nothing_to_clear(bounced: Addressee) -> None:
    setup.configure(replace(setup.current(), sender=""))

    with pytest.raises(EmailRefused):
        clear_bounce(bounced.shop_id, bounced.member_id, actor=DANA, now=utc_now())


def test_whoever_has_the_address_enters_and_leaves_segments_at_once(
    alice: Addressee, amazon: Amazon
) -> None:
    # given a segment of those whose emails bounce, and a sister with the same address
    sister = enrol(alice.shop_id, "Ann", customer_id=502, email="ALICE@example.com")
    with shop_transaction(alice.shop_id) as session:
        bouncing = add_segment(
            session,
            get_shop(session, alice.shop_id),
            name="Bouncing",
            criteria={"fact": "has_hard_bounce", "is": "equals", "value": True},
            actor=DANA,
            now=utc_now(),
        )
    segments.fill_waiting(alice.shop_id)
    alice.ask("first")
    alice.work()
    before = _members(alice, bouncing.id)
    # when it bounces, is told of twice, and is cleared
    for _ in range(2):
        amazon.post("bounce", message_id=alice.messages()[0].ses_message_id, type="Permanent")
    _look(alice)
    after = _members(alice, bouncing.id)
    told = _told(alice)
    clear_bounce(alice.shop_id, alice.member_id, actor=DANA, now=utc_now())
    _look(alice)
    # then
    assert before == set() and after == {alice.member_id, sister.member_id}
    assert told == 2, "each of them once"
    assert _members(alice, bouncing.id) == set()


def _look(alice: Addressee) -> None:
    [subscriber] = [one for one in SUBSCRIBERS if one.name == "segments"]
    relay(alice.shop_id)
    deliver(subscriber, alice.shop_id)


def _members(alice: Addressee, segment_id: UUID) -> set[UUID]:
    with shop_transaction(alice.shop_id) as session:
        of_it = SegmentMember.segment_id == segment_id
        return set(session.scalars(select(SegmentMember.member_id).where(of_it)))


def _told(alice: Addressee) -> int:
    with shop_transaction(alice.shop_id) as session:
        return session.query(OutboxEvent).filter_by(kind=ADDRESS_CHANGED).count()
