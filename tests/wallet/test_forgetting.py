"""What pushes leave behind goes after 90 days; what a phone may still be compared with stays."""

from datetime import timedelta

from sqlalchemy import func, select

from jobs.purge import purge
from loyalty.base.clock import utc_now
from loyalty.base.db import shop_transaction
from tests.wallet.cast import Cardholder
from wallet import messages
from wallet.apple.registrations import store_logs
from wallet.forgetting import REVISIONS_KEPT, forget_old_pushes
from wallet.hops import PushHop, note_hop
from wallet.messages import PushMessage
from wallet.tables import AppleLog, PassRevision

OLD = timedelta(days=91)


def test_old_hops_and_messages_go_and_young_ones_stay(
    client: object, alice: Cardholder, bob: Cardholder
) -> None:
    for holder in (alice, bob):
        card = holder.open_pass()
        for revision, age in ((2, OLD), (3, timedelta(days=1))):
            at = utc_now() - age
            with shop_transaction(holder.shop_id) as session:
                note_hop(
                    *(session, holder.shop_id, holder.member_id),
                    platform="apple",
                    pass_id=card.id,
                    revision=revision,
                    hop="queued",
                    now=at,
                )
                key = (holder.member_id, f"balance:{revision}")
                messages.note_created(session, holder.shop_id, [key], "apple", at)
                messages.note_sent(session, holder.shop_id, [key], "apple", at)

    assert forget_old_pushes(alice.shop_id, now=utc_now()) == 2

    assert (_count(alice, PushHop), _count(alice, PushMessage)) == (1, 1)
    assert (_count(bob, PushHop), _count(bob, PushMessage)) == (2, 2)


def test_old_message_that_became_a_young_one_stays(client: object, alice: Cardholder) -> None:
    for entry, age in ((1, OLD), (2, timedelta(days=1))):
        with shop_transaction(alice.shop_id) as session:
            key = (alice.member_id, f"balance:{entry}:10")
            messages.note_created(session, alice.shop_id, [key], "apple", utc_now() - age)

    assert forget_old_pushes(alice.shop_id, now=utc_now()) == 0


def test_newest_revisions_stay_however_old_they_are(client: object, alice: Cardholder) -> None:
    card = alice.open_pass()
    last = REVISIONS_KEPT + 5
    with shop_transaction(alice.shop_id) as session:
        session.merge(card).revision = last
        for revision in range(2, last + 1):
            session.add(
                PassRevision(
                    shop_id=alice.shop_id,
                    pass_id=card.id,
                    revision=revision,
                    last_modified_at=utc_now() - OLD,
                    said={},
                )
            )

    forget_old_pushes(alice.shop_id, now=utc_now())

    with shop_transaction(alice.shop_id) as session:
        kept = sorted(session.scalars(select(PassRevision.revision)))
    # The very first is of today: its age, and not its number, keeps it.
    assert kept == [1, *range(last - REVISIONS_KEPT + 1, last + 1)]


def _count(holder: Cardholder, model: type) -> int:
    with shop_transaction(holder.shop_id) as session:
        return session.scalar(select(func.count()).select_from(model)) or 0


def test_what_phones_complained_of_goes_after_a_month_though_none_complains_again(
    client: object, alice: Cardholder, bob: Cardholder
) -> None:
    for holder in (alice, bob):
        for words, age in (("old", timedelta(days=31)), ("young", timedelta(days=29))):
            with shop_transaction(holder.shop_id) as session:
                store_logs(session, holder.shop_id, [words], now=utc_now() - age)

    purge(alice.shop_id, now=utc_now())

    with shop_transaction(alice.shop_id) as session:
        assert session.scalars(select(AppleLog.message)).all() == ["young"]
    assert _count(bob, AppleLog) == 2
