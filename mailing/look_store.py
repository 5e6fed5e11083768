"""The colours that a merchant gave the shop's emails: one look for all of them."""

from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime

from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from loyalty import audit
from loyalty.audit import Actor
from mailing.looks import Look, check_look
from mailing.tables import MailLook


def load_look(session: Session, shop_id: int) -> Look:
    """The colours of the shop's emails, ours until the merchant chose others."""
    row = session.get(MailLook, shop_id, populate_existing=True)
    return Look(row.brand, row.button, row.paper) if row else Look()


def save_look(
    session: Session, shop_id: int, given: Mapping[str, str], *, actor: Actor, now: datetime
) -> Look:
    """Use these colours from now on. Raises BadTemplate. Flushes; the caller commits."""
    look = check_look(given)
    told = asdict(look) | {"changed_by": str(actor), "changed_at": now}
    session.execute(
        insert(MailLook)
        .values(shop_id=shop_id, **told)
        .on_conflict_do_update(index_elements=["shop_id"], set_=told)
    )
    subject, action = ("email", "look"), "email_colours_changed"
    audit.record(session, shop_id, actor, action, subject, now=now, **asdict(look))
    session.flush()
    return look
