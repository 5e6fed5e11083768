"""A member's transactions: further batches, the file, and the undo of what was done by hand.

The invariant: what belongs to an order, a reward or a merge is taken back there, never here.
"""

from uuid import UUID

from flask import Response, g, make_response, render_template, request
from sqlalchemy.orm import Session

from loyalty import audit
from loyalty.base.clock import day_in, utc_now
from loyalty.base.db import shop_transaction
from loyalty.base.errors import (
    CannotUndo,
    EntryNotFound,
    InsufficientPoints,
    MemberHasMoved,
    MemberNotActive,
    PointsSpent,
)
from loyalty.ledger.tables import LedgerEntry
from loyalty.ledger.undoing import undo
from loyalty.members.identity import with_merged
from loyalty.members.states import get_active_member
from loyalty.queries.profile import get_profile
from loyalty.queries.transactions import as_csv, iterate_transactions
from shopify_app.admin.csv_files import refuse_links
from shopify_app.admin.languages import N_, _, say
from shopify_app.admin.pages import blueprint, enter, parse_id
from shopify_app.admin.profile.transactions_tab import BY_HAND, TAB, asked_type, read_transactions
from shopify_app.admin.responses import go_to, tell
from shopify_app.platform.admin_auth import admin_page

_MARK = "\N{ZERO WIDTH NO-BREAK SPACE}"
_SPENT = N_("%(count)s of these points are spent already. Nothing was undone.")
_NOT_ENOUGH = N_("The member has fewer points than that by now. Nothing was undone.")
_NOT_ACTIVE = N_("This member cannot be changed any more. Nothing was undone.")
_NOT_BY_HAND = N_("Only what staff granted or deducted is undone here.")


@blueprint.get("/app/members/<member_id>/transactions")
@admin_page
def more_transactions(member_id: str) -> str:
    """The next batch of movements."""
    member = parse_id(member_id)
    with shop_transaction(g.shop_id) as session:
        enter(session)
        values = read_transactions(session, member)
        values["profile"] = get_profile(session, g.shop_id, member)
    return render_template("admin/profile/_transaction_rows.html", member_id=member, **values)


@blueprint.get("/app/members/<member_id>/transactions.csv")
@admin_page
def transactions_file(member_id: str) -> Response:
    """All movements of the chosen type as a file; that it was taken is audited."""
    refuse_links()
    member, now = parse_id(member_id), utc_now()
    with shop_transaction(g.shop_id) as session:
        shop = enter(session)
        rows = iterate_transactions(session, g.shop_id, member, of_type=asked_type())
        body = _MARK + "".join(as_csv(rows, shop.timezone))
        subject = ("member", str(member))
        audit.record(
            session, g.shop_id, g.actor, "transactions_downloaded", subject, now=now,
            type=asked_type(),
        )  # fmt: skip
    response = Response(body, mimetype="text/csv")
    name = f"transactions-{day_in(shop.timezone, now).isoformat()}.csv"
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    response.headers["Cache-Control"] = "no-store"
    return response


@blueprint.post("/app/members/<member_id>/transactions/<entry_id>/undo")
@admin_page
def undo_transaction(member_id: str, entry_id: str) -> Response:
    """Post the opposite of what was done by hand, once; answer with the way to the tab."""
    member, entry = parse_id(member_id), parse_id(entry_id)
    try:
        with shop_transaction(g.shop_id) as session:
            enter(session)
            get_active_member(session, g.shop_id, member)
            _check(session, member, entry)
            undone = undo(session, g.shop_id, entry, actor=g.actor, now=utc_now())
            message = _("Undone: %(what)s", what=g.shop_format.signed(undone.points))
    except PointsSpent as refusal:
        return _refuse(refusal.status, _(_SPENT, count=refusal.spent))
    except CannotUndo as refusal:
        return _refuse(refusal.status, say(refusal))
    except InsufficientPoints as refusal:
        return _refuse(refusal.status, _(_NOT_ENOUGH))
    except (MemberNotActive, MemberHasMoved) as refusal:
        return _refuse(refusal.status, _(_NOT_ACTIVE))
    return go_to(f"{request.path.split('/transactions/')[0]}?tab={TAB}", message)


def _check(session: Session, member_id: UUID, entry_id: UUID) -> None:
    """Raises EntryNotFound unless it is theirs or whom they took in, CannotUndo by its kind."""
    entry = session.get(LedgerEntry, (g.shop_id, entry_id))
    if entry is None or entry.member_id not in with_merged(session, g.shop_id, [member_id]):
        raise EntryNotFound(str(entry_id))
    if entry.kind not in BY_HAND:
        raise CannotUndo(_NOT_BY_HAND)


def _refuse(status: int, message: str) -> Response:
    return tell(make_response("", status), message)
