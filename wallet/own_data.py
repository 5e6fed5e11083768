"""My data: a customer sees all that is held of them, takes it away, and has it deleted.

Each is behind a code that was sent to their address (wallet/codes.py); only taking a deletion back
is not, for that harms nobody.
"""

from flask import Response, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from loyalty import audit
from loyalty.base.clock import utc_now
from loyalty.base.db import shop_transaction
from loyalty.privacy.documents import Held, to_json, to_zip
from loyalty.proofs.tables import EmailChallenge
from loyalty.shops.directory import get_shop
from shopify_app.platform.own_erasures import ask_to_be_erased, take_back
from wallet import setup
from wallet.customer_answers import refused
from wallet.customer_forms import TRY_AGAIN, actor_of, make_blueprint
from wallet.data_page import sections_of
from wallet.emailed_codes import check_again
from wallet.icons import icon
from wallet.links import CardLink
from wallet.web import link_of, live_content

blueprint = make_blueprint("own_data")


def show(link: CardLink, token: str, challenge: EmailChallenge) -> AnyResponse:
    """The page of all that is held, with the ways to take it away."""
    held = _hold(link, "own_data_seen")
    with shop_transaction(link.shop_id) as session:
        content, shop = live_content(session, link), get_shop(session, link.shop_id)
    page = render_template(
        "wallet/data.html",
        card=content,
        token=token,
        challenge=challenge,
        code=request.form["code"],
        sections=sections_of(held, shop),
        icon=icon,
    )
    return make_response(page)


@blueprint.post("/<token>/data/json")
def take_json(token: str) -> Response:
    """All of it in one document."""
    link = link_of(token)
    check_again(link, "data")
    now = utc_now()
    held = _hold(link, "own_data_taken")
    with shop_transaction(link.shop_id) as session:
        shop = get_shop(session, link.shop_id)
    document = {"shop": shop.domain, "gathered_at": now, "held": held}
    return _download(to_json(document), "application/json", "my-data.json")


@blueprint.post("/<token>/data/zip")
def take_zip(token: str) -> Response:
    """All of it as sheets."""
    link = link_of(token)
    check_again(link, "data")
    return _download(to_zip(_hold(link, "own_data_taken")), "application/zip", "my-data.zip")


def erase(link: CardLink, token: str, challenge: EmailChallenge) -> AnyResponse:
    """Begin the notice: 303 back to the page, which says until when it can be taken back.

    A code whose deletion was taken back begins no other: 410.
    """
    with shop_transaction(link.shop_id) as session:
        ids = link.shop_id, link.member_id
        asked = ask_to_be_erased(
            session, *ids, key=challenge.id, actor=actor_of(link), now=utc_now()
        )
    if asked.state == "withdrawn":
        return refused("This code is no longer good", "Ask for a new one on your card.", 410)
    return redirect(url_for("card.show", token=token, _anchor="data"), 303)


@blueprint.post("/<token>/data/take-back")
def keep(token: str) -> AnyResponse:
    """Take a deletion back: 303 back to the page; 409 when none waits."""
    link = link_of(token)
    with shop_transaction(link.shop_id) as session:
        live_content(session, link)
        ids = link.shop_id, link.member_id
        if not take_back(session, *ids, actor=actor_of(link), now=utc_now()):
            return refused("Nothing is to be deleted", TRY_AGAIN, 409)
    return redirect(url_for("card.show", token=token, _anchor="data"), 303)


@blueprint.errorhandler(403)
def _not_proved(_: Exception) -> Response:
    return refused("This code is no longer good", "Ask for a new one on your card.", 403)


def _hold(link: CardLink, action: str) -> Held:
    """All that is held of the member by now; that they asked is audited."""
    hold = setup.current().hold
    assert hold is not None, "wallet.setup.configure() was given no hold"
    with shop_transaction(link.shop_id) as session:
        live_content(session, link)
        held = hold(session, link.shop_id, link.member_id)
        subject = ("member", str(link.member_id))
        audit.record(session, link.shop_id, actor_of(link), action, subject, now=utc_now())
    return held


def _download(body: str | bytes, media_type: str, name: str) -> Response:
    response = Response(body, mimetype=media_type)
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response
