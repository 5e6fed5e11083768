"""The merchant's own words. Nothing is saved that could not be sent."""

from dataclasses import asdict
from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from loyalty import audit
from loyalty.audit import Actor
from loyalty.shops.tables import Shop
from mailing import preview
from mailing.catalogue import check_language, get_mail
from mailing.errors import UnknownMail
from mailing.tables import MailTemplate
from mailing.wording import Draft, own_words


def load(session: Session, shop_id: int, mail: str, language: str) -> Draft:
    """What the shop's email says: the merchant's words, else ours. Raises UnknownMail."""
    return find_override(session, shop_id, mail, language) or own_words(mail, language)


def find_override(session: Session, shop_id: int, mail: str, language: str) -> Draft | None:
    """The merchant's words, if there are any."""
    row = session.get(MailTemplate, (shop_id, mail, language), populate_existing=True)
    return Draft(row.subject, row.text, row.headline, row.button) if row else None


def list_overrides(session: Session, shop_id: int) -> set[tuple[str, str]]:
    """Which emails the merchant has written in which languages."""
    rows = session.execute(
        select(MailTemplate.mail, MailTemplate.language).where(MailTemplate.shop_id == shop_id)
    )
    return {(row.mail, row.language) for row in rows}


def save(
    session: Session,
    shop: Shop,
    mail: str,
    language: str,
    draft: Draft,
    *,
    actor: Actor,
    now: datetime,
) -> None:
    """Send `draft` from now on. Raises BadTemplate, with the place, and UnknownMail.

    Flushes; the caller commits.
    """
    check_language(language)
    if get_mail(mail).has_own_words:
        raise UnknownMail(mail)
    # The whole email is made once: what cannot be written is not saved.
    preview.render(session, shop, mail, language, draft)
    said = asdict(draft) | {"changed_by": str(actor), "changed_at": now}
    session.execute(
        insert(MailTemplate)
        .values(shop_id=shop.shop_id, mail=mail, language=language, **said)
        .on_conflict_do_update(index_elements=["shop_id", "mail", "language"], set_=said)
    )
    _audit(session, shop.shop_id, actor, "email_words_changed", mail, now, language=language)


def clear(
    session: Session, shop_id: int, mail: str, language: str, *, actor: Actor, now: datetime
) -> bool:
    """Go back to our words; False when they were sent already. The caller commits."""
    gone = session.scalar(
        delete(MailTemplate)
        .where(
            MailTemplate.shop_id == shop_id,
            MailTemplate.mail == mail,
            MailTemplate.language == language,
        )
        .returning(MailTemplate.mail)
    )
    if gone is None:
        return False
    _audit(session, shop_id, actor, "email_words_reset", mail, now, language=language)
    return True


def _audit(
    session: Session,
    shop_id: int,
    actor: Actor,
    action: str,
    subject: str,
    now: datetime,
    **details: str,
) -> None:
    audit.record(session, shop_id, actor, action, ("email", subject), now=now, **details)
    session.flush()
