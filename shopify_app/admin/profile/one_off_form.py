"""The dialogs that write to one member, Send Push and Send Email: as typed, and what is wrong."""

from dataclasses import dataclass, field, replace
from typing import Any
from uuid import UUID, uuid4

from flask import g
from sqlalchemy.orm import Session
from werkzeug.datastructures import MultiDict

from loyalty.base.clock import utc_now
from loyalty.member_messages.reading import list_shown
from loyalty.member_messages.tables import TEXT_MAX
from loyalty.shops.directory import get_shop
from mailing import setup
from mailing.catalogue import COMMON_FIELDS
from mailing.one_off import why_no_one_off
from shopify_app.admin.languages import say
from wallet.marketing import WHY_NOT, why_not


@dataclass(frozen=True, slots=True)
class OneOffForm:
    """What was typed, the key that makes a resend count once, and what is wrong by field."""

    client_key: str
    subject: str = ""
    text: str = ""
    is_answer: bool = False
    errors: dict[str, str] = field(default_factory=dict)

    @classmethod
    def empty(cls) -> "OneOffForm":
        """A blank form with a new key."""
        return cls(client_key=str(uuid4()))

    @classmethod
    def of(cls, fields: "MultiDict[str, str]") -> "OneOffForm":
        """The form as it was sent."""
        return cls(
            client_key=fields.get("client_key", ""),
            subject=fields.get("email_subject", ""),
            text=fields.get("push_text", fields.get("email_text", "")),
            is_answer="is_answer" in fields,
        )

    def refused(self, field_name: str, message: str) -> "OneOffForm":
        """The same form with `message` beside the field, or above all when it is none of them."""
        known = ("subject", "text")
        return replace(self, errors={field_name if field_name in known else "form": message})

    def with_new_key(self) -> "OneOffForm":
        """The same form, to be sent as another one."""
        return replace(self, client_key=str(uuid4()))


def read_one_offs(session: Session, member_id: UUID) -> dict[str, Any]:
    """What both dialogs show: blank forms, and why the member would not be reached now."""
    return read_push(session, member_id) | read_email(session, member_id)


def read_push(session: Session, member_id: UUID, form: OneOffForm | None = None) -> dict[str, Any]:
    """What the dialog of a push shows."""
    now = utc_now()
    reason = why_not(session, g.shop_id, [member_id], now=now).get(member_id)
    return {
        "push_form": form or OneOffForm.empty(),
        "push_text_max": TEXT_MAX,
        "shop_name": get_shop(session, g.shop_id).name,
        "no_push": say(WHY_NOT[reason]) if reason else "",
        "on_card": list_shown(session, g.shop_id, [member_id], now=now).get(member_id),
    }


def read_email(session: Session, member_id: UUID, form: OneOffForm | None = None) -> dict[str, Any]:
    """What the dialog of an email shows; there is no blank form where emails are off."""
    if not setup.is_on():
        return {"email_form": form, "email_fields": COMMON_FIELDS}
    blocked = why_no_one_off(session, g.shop_id, member_id, is_answer=True)
    unwanted = why_no_one_off(session, g.shop_id, member_id, is_answer=False)
    return {
        "email_form": form or OneOffForm.empty(),
        "email_fields": COMMON_FIELDS,
        "no_email": say(blocked),
        "no_marketing": say(unwanted),
    }
