"""Who is told of which outbox events, and how: one line per subscriber.

A subscriber's name is also the bell and the queue that its deliveries are made on.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from jobs import segments
from jobs.referrals import settle_friend
from loyalty.base.bell import Queue
from loyalty.outbox import (
    ADDRESS_CHANGED,
    CONSENT_CHANGED,
    FRIEND_ORDER_CHANGED,
    MEMBER_CHANGED,
    SHOWN_ASKED,
    OutboxEvent,
)
from mailing import setup as mail_setup
from mailing import subscriber as mail
from mailing.messages import KIND_OF_EVENT, URGENT_EVENTS
from shopify_app.platform import consents
from shopify_app.platform.projection import shown, writing
from wallet import setup
from wallet.google import subscriber as google
from wallet.subscriber import give_up, refresh_member, refresh_members


@dataclass(frozen=True)
class Subscriber:
    """`call(shop_id, member_id)` is told that something of `kinds` befell the member.

    It reads the newest state itself, is safe to call twice, and opens its own transactions.
    An error whose `retryable` is False ends the delivery; any other is tried again, one with a
    `retry_after` (timedelta) after that and without counting the attempt. When no try is left,
    `give_up(shop_id, member_id, reason)` is told, and may be told twice.
    With `call_many(shop_id, member_ids)` up to `batch` members are told in one call, which
    returns each member's error, or None; if it raises, `call` is made for each alone.
    What happens while `is_on()` is False makes no deliveries.
    What was put off by a `retry_after` keeps the member's newer deliveries waiting, too, unless
    `passes_put_off`.
    Members with an event of `urgent` kinds, or one whose body says `is_asked_for`, are told
    before the others; with none all are equal.
    All tries take a day and more: an outage or a used-up quota of a day loses nothing.
    """

    name: Queue
    kinds: frozenset[str]
    call: Callable[[int, UUID], object]
    give_up: Callable[[int, UUID, str], object] | None = None
    call_many: Callable[[int, Sequence[UUID]], Mapping[UUID, Exception | None]] | None = None
    batch: int = 1
    passes_put_off: bool = False
    urgent: frozenset[str] = frozenset()
    is_on: Callable[[], bool] = lambda: True
    attempts_max: int = 36
    lease: timedelta = timedelta(seconds=120)
    backoff_first: timedelta = timedelta(seconds=5)
    backoff_max: timedelta = timedelta(hours=1)

    def is_waited_for(self, event: OutboxEvent) -> bool:
        """Whether somebody waits for what this event brings."""
        is_asked_for = event.kind in self.urgent or bool(event.body.get("is_asked_for"))
        return bool(self.urgent) and is_asked_for


SUBSCRIBERS = (
    Subscriber(
        "wallet",
        frozenset({MEMBER_CHANGED}),
        call=refresh_member,
        give_up=give_up,
        call_many=refresh_members,
        batch=100,
    ),
    Subscriber(
        "google",
        frozenset({MEMBER_CHANGED}),
        call=google.refresh_member,
        give_up=google.give_up,
        call_many=google.refresh_members,
        batch=google.BATCH,
        is_on=setup.has_google,
    ),
    Subscriber(
        "mail",
        frozenset(KIND_OF_EVENT),
        call=mail.send_emails,
        give_up=mail.give_up,
        # A code that somebody waits for must not wait behind an offer over the day's quota.
        passes_put_off=True,
        urgent=URGENT_EVENTS,
        is_on=mail_setup.is_on,
    ),
    Subscriber(
        "segments",
        frozenset({MEMBER_CHANGED, SHOWN_ASKED, CONSENT_CHANGED, ADDRESS_CHANGED}),
        call=segments.look_at_member,
        call_many=segments.look_at_members,
        batch=100,
    ),
    Subscriber("referrals", frozenset({FRIEND_ORDER_CHANGED}), call=settle_friend),
    Subscriber(
        "consents",
        frozenset({CONSENT_CHANGED}),
        call=consents.agree_on_member,
        call_many=consents.agree_on_members,
        batch=consents.BATCH,
    ),
    Subscriber(
        "projection",
        frozenset({MEMBER_CHANGED, SHOWN_ASKED}),
        call=writing.write_member,
        call_many=writing.write_members,
        batch=50,
        is_on=shown.is_on,
    ),
)
