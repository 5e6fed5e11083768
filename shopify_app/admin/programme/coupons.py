"""Settings, Programme, Coupons: all of them, new ones, and codes that somebody else made.

The invariant: terms never change once people hold codes; a coupon is ended, and another is made.
"""

from typing import Any

from flask import Response, g, make_response, render_template, request, url_for
from werkzeug.exceptions import NotFound, RequestEntityTooLarge

from loyalty.base.clock import utc_now
from loyalty.base.db import shop_transaction
from loyalty.base.errors import BadCoupon, CouponOver, DiscountRefused
from loyalty.coupons.importing import Imported, import_codes
from loyalty.coupons.saving import end_coupon, get_coupon
from loyalty.coupons.tables import COUPON_KINDS
from loyalty.coupons.views import count_coupons
from shopify_app.admin.languages import _, say
from shopify_app.admin.pages import blueprint, enter, parse_id
from shopify_app.admin.programme import words as programme_words
from shopify_app.admin.programme.form import Typed
from shopify_app.admin.responses import go_to
from shopify_app.platform.admin_auth import admin_page
from shopify_app.platform.coupon_codes import open_coupon

_FIELDS = (
    *("name", "amount", "percentage", "minimum_cart", "combines_with", "per_member"),
    *("starts_on", "ends_on", "code_source", "prefix"),
)
_TEXTS = ("name", "amount", "percentage", "minimum_cart", "starts_on", "ends_on", "prefix")


@blueprint.get("/app/settings/programme/coupons")
@admin_page
def programme_coupons() -> str:
    """All coupons, the newest first, with how many of their codes are given and used."""
    with shop_transaction(g.shop_id) as session:
        shop = enter(session)
        rows = list(reversed(count_coupons(session, shop)))
        return render_template("admin/programme/coupons.html", rows=rows)


@blueprint.get("/app/settings/programme/coupons/new")
@admin_page
def new_coupon() -> str:
    """The kinds of coupons; with `kind` the form for it."""
    kind = request.args.get("kind")
    if kind is not None and kind not in COUPON_KINDS:
        raise NotFound
    form = Typed.showing({"per_member": 1, "code_source": "made"})
    return _form_page("admin/programme/coupon_new.html", form, kind)


@blueprint.post("/app/settings/programme/coupons")
@admin_page
def add_coupon() -> Response:
    """Save a new one and have its discount made; or the form and what is wrong with it."""
    form = Typed.of(request)
    kind = form.text("kind")
    if kind not in COUPON_KINDS:
        raise NotFound
    try:
        coupon = open_coupon(g.shop_id, _terms(form, kind), actor=g.actor)
    except BadCoupon as refusal:
        form = form.refused(refusal.field, refusal.args[0], _FIELDS)
        return make_response(_form_page("admin/programme/_coupon_form.html", form, kind), 422)
    except DiscountRefused as refusal:
        told = _("Shopify refused this coupon: %(reason)s", reason=say(refusal))
        return go_to(url_for("admin.programme_coupons"), told)
    if coupon.code_source == "imported":
        address = url_for("admin.coupon_codes", coupon_id=coupon.id)
        return go_to(address, _("Coupon saved. Import its codes."))
    return go_to(url_for("admin.programme_coupons"), _("Coupon saved"))


@blueprint.post("/app/settings/programme/coupons/<coupon_id>/end")
@admin_page
def end_one_coupon(coupon_id: str) -> Response:
    """Hand it out no more; codes that members hold stay good."""
    wanted = parse_id(coupon_id)
    with shop_transaction(g.shop_id) as session:
        enter(session)
        was_news = end_coupon(session, g.shop_id, wanted, actor=g.actor, now=utc_now())
    told = _("Coupon ended") if was_news else _("It was ended already")
    return go_to(url_for("admin.programme_coupons"), told)


@blueprint.get("/app/settings/programme/coupons/<coupon_id>/codes")
@admin_page
def coupon_codes(coupon_id: str) -> str:
    """The import of codes for one coupon whose codes are made elsewhere."""
    return _codes_page("admin/programme/coupon_codes.html", coupon_id, None, "")


@blueprint.post("/app/settings/programme/coupons/<coupon_id>/codes")
@admin_page
def import_coupon_codes(coupon_id: str) -> Response:
    """Take in the codes of a file; says of each line that was left out why."""
    wanted = parse_id(coupon_id)
    report: Imported | None = None
    error = ""
    try:
        content = read_upload(_("Choose a file with codes in it"))
        with shop_transaction(g.shop_id) as session:
            enter(session)
            report = import_codes(session, g.shop_id, wanted, content, actor=g.actor, now=utc_now())
    except BadCoupon as refusal:
        error = Typed.showing({}).refused("file", refusal.args[0], ("file",)).errors["file"]
    except CouponOver:
        error = _("This coupon has ended: it takes no more codes")
    page = _codes_page("admin/programme/_coupon_codes.html", coupon_id, report, error)
    return make_response(page, 422 if error else 200)


def read_upload(missing: str) -> bytes:
    """The file that was sent; raises BadCoupon, for none with the words `missing`."""
    try:
        file = request.files.get("file")
        content = file.read() if file else b""
    except RequestEntityTooLarge as error:
        raise BadCoupon("file", _("The file is too large: send at most 8 MB")) from error
    if not content:
        raise BadCoupon("file", missing)
    return content


def _terms(form: Typed, kind: str) -> dict[str, Any]:
    """What was typed, as `loyalty.coupons.terms` reads it: what is blank is left out."""
    given: dict[str, Any] = {name: form.text(name) for name in _TEXTS if form.text(name)}
    for name, needs in (("amount", "fixed_amount"), ("percentage", "percentage")):
        if kind != needs:
            given.pop(name, None)
    return given | {
        "kind": kind,
        "per_member": form.text("per_member"),
        "combines_with": form.chosen("combines_with"),
        "code_source": form.text("code_source"),
    }


def _form_page(template: str, form: Typed, kind: str | None) -> str:
    with shop_transaction(g.shop_id) as session:
        shop = enter(session)
        return render_template(
            template,
            form=form,
            kind=kind,
            kinds={each: programme_words.REWARD_KINDS[each] for each in COUPON_KINDS},
            sources=programme_words.COUPON_SOURCES,
            classes=programme_words.CLASSES,
            currency=shop.currency,
        )


def _codes_page(template: str, coupon_id: str, report: Imported | None, error: str) -> str:
    wanted = parse_id(coupon_id)
    with shop_transaction(g.shop_id) as session:
        shop = enter(session)
        coupon = get_coupon(session, g.shop_id, wanted)
        if coupon.code_source != "imported":
            raise NotFound
        [counted] = [one for one in count_coupons(session, shop) if one.coupon.id == wanted]
        return render_template(
            template, coupon=coupon, free=counted.codes["free"], report=report, error=error
        )
