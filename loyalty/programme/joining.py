"""How people come to the programme: who becomes a member, and the page on which they can join."""

from datetime import datetime
from urllib.parse import urlsplit

from sqlalchemy.orm import Session

from loyalty import audit
from loyalty.audit import Actor
from loyalty.base.errors import BadSetting
from loyalty.base.said import said
from loyalty.programme.tables import Programme

ENROLMENTS = ("everyone", "joiners")
_URL_MAX = 500


def set_enrolment(
    session: Session, shop_id: int, mode: str, *, actor: Actor, now: datetime
) -> bool:
    """Everyone with an account or a paid order, or joiners alone; False when it was so already.

    Who is a member stays one. Raises BadSetting. The caller commits.
    """
    if mode not in ENROLMENTS:
        raise BadSetting("enrolment", said("Choose everyone or joiners"))
    programme = session.get_one(Programme, shop_id, with_for_update=True)
    if programme.enrolment == mode:
        return False
    before, programme.enrolment = programme.enrolment, mode
    _audit(session, shop_id, actor, "enrolment_set", now, mode=mode, before=before)
    return True


def set_join_page(
    session: Session,
    shop_id: int,
    *,
    is_on: bool | None,
    terms_url: str | None,
    actor: Actor,
    now: datetime,
) -> Programme:
    """Switch the page, or say where its terms stand ("" for nowhere); None leaves as it is.

    Raises BadSetting for an address that is no https one. The caller commits.
    """
    terms = None if terms_url is None else _read_url(terms_url)
    programme = session.get_one(Programme, shop_id, with_for_update=True)
    before = (programme.has_join_page, programme.terms_url)
    if is_on is not None:
        programme.has_join_page = is_on
    if terms is not None:
        programme.terms_url = terms or None
    if (programme.has_join_page, programme.terms_url) != before:
        _audit(
            session,
            shop_id,
            actor,
            "join_page_set",
            now,
            is_on=programme.has_join_page,
            terms_url=programme.terms_url,
        )
    return programme


def _read_url(text: str) -> str:
    """The address, or "" for none."""
    url = text.strip()
    if not url:
        return ""
    is_plain = url.isascii() and url.isprintable() and not set(url) & set(" \"'<>\\")
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
    except ValueError:
        is_plain, host = False, ""
    if not is_plain or len(url) > _URL_MAX or parts.scheme != "https" or "." not in host:
        raise BadSetting(
            "terms_url", said("Enter an address such as %(url)s", url="https://shop.example/terms")
        )
    return url


def _audit(
    session: Session, shop_id: int, actor: Actor, action: str, now: datetime, **details: object
) -> None:
    subject = ("programme", str(shop_id))
    audit.record(session, shop_id, actor, action, subject, now=now, **details)
    session.flush()
