"""Topics of two members who are made one: what one of them does not want, both do not want.

The invariant: a merge never lets an email through that one of the two has refused. An undo gives
back only what nobody has chosen anew since.
"""

from datetime import datetime

from sqlalchemy.orm import Session

from loyalty.privacy.parts import Merging, Unites
from mailing.topics import OWN, MemberTopic, list_choices

_TABLE = MemberTopic.__tablename__


def _unite(session: Session, merging: Merging) -> None:
    chosen = list_choices(session, merging.shop_id, [merging.survivor_id, merging.merged_id])
    own, theirs = (chosen.get(each, {}) for each in (merging.survivor_id, merging.merged_id))
    before: dict[str, list[object] | None] = {}
    for topic in OWN:
        if topic not in theirs or theirs[topic].is_wanted:
            continue
        row = own.get(topic)
        if row is not None and not row.is_wanted:
            continue
        before[topic] = None if row is None else [row.is_wanted, row.changed_at.isoformat()]
        if row is None:
            row = MemberTopic(shop_id=merging.shop_id, member_id=merging.survivor_id, topic=topic)
            session.add(row)
        row.is_wanted, row.changed_at = False, merging.merged_at
    if before:
        merging.notes[_TABLE] = before
    session.flush()


def _part(session: Session, merging: Merging) -> None:
    for topic, before in merging.notes.get(_TABLE, {}).items():
        key = (merging.shop_id, merging.survivor_id, topic)
        row = session.get(MemberTopic, key, populate_existing=True)
        if row is None or row.changed_at != merging.merged_at:
            continue
        if before is None:
            session.delete(row)
        else:
            row.is_wanted, row.changed_at = before[0], datetime.fromisoformat(before[1])
    session.flush()


TOPICS_UNITED = Unites("what one of the two does not want stays away", _unite, _part)
