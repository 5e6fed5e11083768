"""Settings, Audit: who did what, newest first, searched by words, people and days. Reads only."""

from dataclasses import dataclass, field
from datetime import date
from typing import Any

from flask import g, render_template, request, url_for
from sqlalchemy.orm import Session

from loyalty.audit import AuditRow
from loyalty.base.db import shop_transaction
from loyalty.queries.audit_trail import PEOPLE, Asked, AuditPage, list_audit
from loyalty.queries.entry_context import read_actor_contexts
from shopify_app.admin.languages import _
from shopify_app.admin.pages import blueprint, enter
from shopify_app.admin.settings import audit_words as words
from shopify_app.platform.admin_auth import admin_page

_SEARCH_MAX = 200


@dataclass(frozen=True, slots=True)
class Shown:
    """A row in words; `about` is a member's page, its text, or what else it was done to."""

    row: AuditRow
    title: str
    actor: str
    about: str
    address: str | None
    details: list[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Form:
    """What was asked, as typed; `faults` by field."""

    people: str
    search: str
    first: str
    last: str
    faults: dict[str, str] = field(default_factory=dict)

    @classmethod
    def asked(cls) -> "Form":
        """Of this request; an unknown kind of people is everybody."""
        people = request.args.get("people", "")
        return cls(
            people if people in PEOPLE else "",
            request.args.get("search", "")[:_SEARCH_MAX],
            request.args.get("first", ""),
            request.args.get("last", ""),
        )

    @property
    def is_plain(self) -> bool:
        """Whether nothing is asked."""
        return not (self.people or self.search or self.first or self.last)

    def url(self, after: str | None = None) -> str:
        """The address of the same question, from `after` on."""
        asked = {"people": self.people, "search": self.search}
        asked |= {"first": self.first, "last": self.last, "after": after or ""}
        kept: dict[str, Any] = {name: text for name, text in asked.items() if text}
        return url_for("admin.audit_trail", **kept)

    def understood(self) -> Asked:
        """What can be searched for; a day that is none or cannot be is left out and told of."""
        first, last = self._day("first"), self._day("last")
        if first and last and last < first:
            self.faults["last"] = _("This day is before the first")
            last = None
        return Asked(self.people, self.search, first, last, words.actions_like(self.search))

    def _day(self, name: str) -> date | None:
        text = getattr(self, name)
        if not text:
            return None
        try:
            return date.fromisoformat(text)
        except ValueError:
            self.faults[name] = _("Choose a day, such as %(day)s", day="2026-01-31")
            return None


@blueprint.get("/app/settings/audit")
@admin_page
def audit_trail() -> str:
    """The page; with `after` the next batch of rows alone."""
    form, after = Form.asked(), request.args.get("after")
    with shop_transaction(g.shop_id) as session:
        shop = enter(session)
        page = list_audit(session, g.shop_id, shop.timezone, form.understood(), after=after)
        rows = _describe(session, page)
    template = "_audit_rows.html" if after else "audit.html"
    return render_template(
        f"admin/settings/{template}",
        rows=rows,
        asked=form,
        next=page.next and form.url(page.next),
        people=words.PEOPLE,
    )


def _describe(session: Session, page: AuditPage) -> list[Shown]:
    actors = {row.id: f"{row.actor_kind}:{row.actor_id}" for row in page.rows}
    people = read_actor_contexts(session, g.shop_id, actors, {})
    names = {str(member_id): name for member_id, name in page.members.items()}
    return [_say(row, people[row.id].staff, names) for row in page.rows]


def _say(row: AuditRow, staff: str | None, names: dict[str, str]) -> Shown:
    is_member = row.subject_kind == "member"
    known = is_member and row.subject_id in names
    return Shown(
        row=row,
        title=words.title(row.action),
        actor=words.actor(row.actor_kind, row.actor_id, staff),
        about=names[row.subject_id] if known else words.subject(row.subject_kind),
        address=url_for("admin.profile", member_id=row.subject_id) if known else None,
        details=words.details(row.details),
    )
