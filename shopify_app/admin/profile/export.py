"""Export one member: all that is held of them, as a zip of CSV sheets or as one JSON document.

The files hold a person: they leave by a fetch with a Bearer token alone, and each is audited.
"""

from flask import Response, g

from loyalty import audit
from loyalty.base.clock import day_in, utc_now
from loyalty.base.db import shop_transaction
from loyalty.privacy.documents import Held, to_json, to_zip
from loyalty.queries.profile import get_profile
from loyalty.shops.tables import Shop
from shopify_app.admin.csv_files import refuse_links
from shopify_app.admin.pages import blueprint, enter, parse_id
from shopify_app.platform.admin_auth import admin_page
from wallet import setup as wallet_setup


@blueprint.get("/app/members/<member_id>/export.zip")
@admin_page
def member_sheets(member_id: str) -> Response:
    """A sheet for each part: details, customers, transactions, orders, events and the rest."""
    shop, held = _hold(member_id, "zip")
    return _download(to_zip(held), "application/zip", shop, "zip")


@blueprint.get("/app/members/<member_id>/export.json")
@admin_page
def member_document(member_id: str) -> Response:
    """The same in one document."""
    shop, held = _hold(member_id, "json")
    document = {"shop": shop.domain, "gathered_at": utc_now(), "held": held}
    return _download(to_json(document), "application/json", shop, "json")


def _hold(member_id: str, form: str) -> tuple[Shop, Held]:
    """All that is held of the member by now; raises MemberNotFound."""
    refuse_links()
    member = parse_id(member_id)
    hold = wallet_setup.current().hold
    assert hold is not None, "wallet.setup.configure() was given no hold"
    with shop_transaction(g.shop_id) as session:
        shop = enter(session)
        get_profile(session, g.shop_id, member)
        held = hold(session, g.shop_id, member)
        subject: tuple[str, str] = ("member", str(member))
        audit.record(
            session, g.shop_id, g.actor, "member_exported", subject, now=utc_now(), form=form
        )
    return shop, held


def _download(body: str | bytes, media_type: str, shop: Shop, ending: str) -> Response:
    response = Response(body, mimetype=media_type)
    name = f"member-{day_in(shop.timezone, utc_now()).isoformat()}.{ending}"
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    response.headers["Cache-Control"] = "no-store"
    return response
