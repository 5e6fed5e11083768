"""The parts of what is written down beside the books: standing, consent, merges, what happened.

Words go; of an event or an audited act what names nobody stays.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import func, select, text, update
from sqlalchemy.orm import Session

from loyalty.audit import AuditRow
from loyalty.badges.tables import MemberBadge
from loyalty.members.consent import MemberConsent
from loyalty.members.join_requests import JoinRequest
from loyalty.members.tables import TimelineEvent
from loyalty.merging import badges, consents
from loyalty.merging.tables import MemberMerge, MemberMergeRow
from loyalty.outbox import Delivery, OutboxEvent
from loyalty.privacy.parts import (
    BOOKS,
    Blank,
    Drop,
    Keep,
    Moves,
    Part,
    Person,
    Run,
    Stays,
    by_member,
)
from loyalty.privacy.whose import is_audited, is_join_request, is_merge, is_merge_row
from loyalty.tiers.tables import MemberTier

_PAST = Stays("it tells of the past")
_WORK = "only says that something is to be done again for the member"

# Numbers and codes: what of an event's or audit row's details names nobody.
_HARMLESS = (
    *("points", "entry", "entry_id", "entry_kind", "platform", "reason_code", "topic", "missing"),
    *("preference", "is_active"),
)


def _harmless_details(column: Any) -> Any:
    """`column` with the harmless keys alone, as an SQL expression."""
    pairs = func.jsonb_each(column).table_valued("key", "value")
    kept = select(func.jsonb_object_agg(pairs.c.key, pairs.c.value)).where(
        pairs.c.key.in_(_HARMLESS)
    )
    return func.coalesce(kept.scalar_subquery(), text("'{}'::jsonb"))


def _scrub_timeline(session: Session, person: Person, now: datetime) -> None:
    session.execute(
        update(TimelineEvent)
        .where(by_member(TimelineEvent)(person))
        .values(details=_harmless_details(TimelineEvent.details))
        .execution_options(synchronize_session=False)
    )


def _scrub_audit(session: Session, person: Person, now: datetime) -> None:
    session.execute(
        update(AuditRow)
        .where(is_audited(person))
        .values(details=_harmless_details(AuditRow.details))
        .execution_options(synchronize_session=False)
    )


PARTS: Sequence[Part] = (
    Part(
        MemberTier,
        by_member(MemberTier),
        "Tier",
        Blank(
            {"hand_reason": None},
            keeps=(
                *("shop_id", "member_id", "tier_id", "since_at"),
                *("hand_mode", "hand_tier_id", "hand_until_on", "hand_by"),
            ),
        ),
        Stays("worked out anew from what both did; what was set by hand stays with the survivor"),
        # Staff are persons too.
        secrets=("hand_by",),
    ),
    Part(MemberBadge, by_member(MemberBadge), "Badges", BOOKS, badges.UNITED),
    Part(
        MemberConsent,
        by_member(MemberConsent),
        "Consent to marketing",
        Drop(),
        consents.CONSENTS_UNITED,
    ),
    Part(
        JoinRequest,
        is_join_request,
        "Joining on the web page",
        Drop(),
        Moves("points at the survivor"),
        secrets=("contact_hash", "client_hash"),
    ),
    Part(
        MemberMergeRow,
        is_merge_row,
        None,
        Keep("numbers of rows: without them a merge could not be undone"),
        _PAST,
        withheld="numbers of our own rows",
    ),
    Part(
        MemberMerge,
        is_merge,
        "Accounts made one",
        Keep("says which anonymous members were one, and names nobody"),
        _PAST,
        secrets=("actor",),
    ),
    Part(
        TimelineEvent,
        by_member(TimelineEvent),
        "Timeline",
        Run("what happened stays, its words go", _scrub_timeline),
        Moves("united in order of time"),
    ),
    Part(
        AuditRow,
        is_audited,
        "What staff did about you",
        Run("who did what stays, its words go", _scrub_audit),
        _PAST,
        # Staff are persons too.
        secrets=("actor_id",),
    ),
    Part(
        OutboxEvent,
        by_member(OutboxEvent),
        None,
        Blank(
            {"body": {}},
            keeps=("shop_id", "id", "kind", "member_id", "state", "created_at"),
        ),
        Stays("what it asks for is asked for again of the survivor"),
        withheld=_WORK,
    ),
    Part(
        Delivery,
        by_member(Delivery),
        None,
        Keep("says which subscriber was told when, and nothing of the person"),
        Stays("what it asks for is asked for again of the survivor"),
        withheld=_WORK,
    ),
)
