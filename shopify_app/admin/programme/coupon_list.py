"""A coupon for everybody on a list: a file is looked at first, and given to whom it names then.

The invariant: a file is one batch, so that whoever sends it twice gives nobody two codes.
"""

from dataclasses import dataclass
from hashlib import sha256
from uuid import UUID, uuid5

from flask import Response, g, make_response, render_template, request
from werkzeug.exceptions import NotFound

from loyalty.base.db import shop_transaction
from loyalty.base.errors import BadCoupon, CouponOver
from loyalty.base.said import said
from loyalty.coupons.assigning import AT_ONCE_MAX
from loyalty.coupons.files import BadLine
from loyalty.coupons.recipients import Recipients, read_recipients
from loyalty.coupons.saving import get_coupon
from shopify_app.admin.languages import _
from shopify_app.admin.pages import blueprint, enter, parse_id
from shopify_app.admin.programme.coupons import read_upload
from shopify_app.admin.programme.form import Typed
from shopify_app.platform.admin_auth import admin_page
from shopify_app.platform.coupon_codes import hand_out

MEMBERS_MAX = 5_000
"""More wait too long for an answer: a campaign gives a coupon to as many as there are."""


@dataclass(frozen=True, slots=True)
class ListReport:
    """What became of a file, or would: `given` is None while it was only looked at.

    `seen` stands for the content: it is given only as it was looked at.
    """

    meant: int
    bad: list[BadLine]
    seen: str
    given: int | None = None


@blueprint.get("/app/settings/programme/coupons/<coupon_id>/list")
@admin_page
def coupon_list(coupon_id: str) -> str:
    """The form for a file of members."""
    return _page("admin/programme/coupon_list.html", parse_id(coupon_id), None, "")


@blueprint.post("/app/settings/programme/coupons/<coupon_id>/list")
@admin_page
def give_coupon_to_list(coupon_id: str) -> Response:
    """Say whom the file names and which lines name nobody; with `write`, which says what file
    was looked at, give them the coupon.
    """
    wanted = parse_id(coupon_id)
    report, error = None, ""
    try:
        report = _read_or_give(
            wanted, read_upload(_("Choose a file that names members")), request.form.get("write")
        )
    except BadCoupon as refusal:
        error = Typed.showing({}).refused("file", refusal.args[0], ("file",)).errors["file"]
    except CouponOver:
        error = _("This coupon has ended: nobody else is given it")
    page = _page("admin/programme/_coupon_list_report.html", wanted, report, error)
    return make_response(page, 422 if error else 200)


def _read_or_give(coupon_id: UUID, content: bytes, looked_at: str | None) -> ListReport:
    with shop_transaction(g.shop_id) as session:
        enter(session)
        if not get_coupon(session, g.shop_id, coupon_id).is_active:
            raise CouponOver(str(coupon_id))
        recipients = read_recipients(session, g.shop_id, content)
    if len(recipients.lines) > MEMBERS_MAX:
        raise BadCoupon("file", said("Send at most %(most)s members at once", most=MEMBERS_MAX))
    seen = sha256(content).hexdigest()
    if seen != looked_at:
        return ListReport(len(recipients.lines), recipients.bad, seen)
    given, bad = _give(coupon_id, recipients, uuid5(coupon_id, content.hex()))
    return ListReport(len(recipients.lines), bad, seen, given)


def _give(coupon_id: UUID, recipients: Recipients, batch_id: UUID) -> tuple[int, list[BadLine]]:
    given, bad, members = 0, list(recipients.bad), list(recipients.lines)
    for start in range(0, len(members), AT_ONCE_MAX):
        handed = hand_out(
            g.shop_id,
            coupon_id,
            members[start : start + AT_ONCE_MAX],
            batch_id=batch_id,
            sends_email=bool(request.form.get("sends_email")),
            actor=g.actor,
        )
        given += handed.fresh
        bad += [
            BadLine(recipients.lines[member_id], str(member_id), reason)
            for member_id, reason in handed.refused.items()
        ]
    return given, sorted(bad, key=lambda one: one.line)


def _page(template: str, coupon_id: UUID, report: ListReport | None, error: str) -> str:
    with shop_transaction(g.shop_id) as session:
        enter(session)
        coupon = get_coupon(session, g.shop_id, coupon_id)
        if not coupon.is_active and report is None and not error:
            raise NotFound
        is_part = template.endswith("_report.html")
        return render_template(
            template, coupon=coupon, report=report, error=error, out_of_band=is_part
        )
