"""The customer's page: their card, opened by a signed link, on a phone. No login, no cookies.

The link alone shows the card and turns its five switches; own details are in own_details.py.
"""

from typing import Any
from urllib.parse import urlsplit

from flask import Blueprint, Response, abort, redirect, render_template, request, url_for
from sqlalchemy.orm import Session
from werkzeug.http import http_date

from loyalty.audit import Actor
from loyalty.base.clock import utc_now
from loyalty.base.db import shop_transaction
from loyalty.base.errors import MemberNotFound
from loyalty.preferences import set_preference
from wallet import card_links, data_page, own_page, page, referral_panel, rewards_page, setup
from wallet.apple.card import signed_pass
from wallet.apple.pkpass import MEDIA_TYPE
from wallet.content import Content, card_content
from wallet.customer_answers import gone, not_found, protect, refused
from wallet.errors import BadLink, ExpiredLink
from wallet.icons import icon
from wallet.links import CardLink, Purpose, read_link_token
from wallet.merged import present
from wallet.passes import open_apple_pass
from wallet.preference_form import BadForm, read_turns

blueprint = Blueprint(
    "card",
    __name__,
    url_prefix="/card",
    template_folder="templates",
    static_folder="static",
)

POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self' data:; base-uri 'none'; "
    "form-action 'self'; frame-ancestors 'none'"
)
FORM_MAX = 4 * 1024


@blueprint.after_request
def _protect(response: Response) -> Response:
    return protect(response, POLICY, may_be_stored=request.endpoint == "card.static")


@blueprint.errorhandler(404)
def _unknown(_: Exception) -> Response:
    return not_found()


@blueprint.errorhandler(410)
def _gone(_: Exception) -> Response:
    return gone()


@blueprint.get("/<token>")
def show(token: str) -> str:
    """The whole page."""
    return render_page(link_of(token), token)


def render_page(link: CardLink, token: str, problem: own_page.Problem | None = None) -> str:
    """The page of the link, with what was wrong with a form of its own, if anything was."""
    with shop_transaction(link.shop_id) as session:
        content = live_content(session, link)
        values = _read(session, link)
    return render_template(
        "wallet/card.html",
        card=content,
        token=token,
        icon=icon,
        code=rewards_page.draw_code(content["token"]),
        has_apple=setup.current().apple is not None,
        has_google=setup.has_google(),
        is_android="android" in request.headers.get("User-Agent", "").lower(),
        shop_url=card_links.click_url(*_ids(link), platform="page", target="shop"),
        problem=problem,
        **values,
    )


@blueprint.get("/<token>/history")
def history(token: str) -> str:
    """All movements, a batch a page."""
    link = link_of(token)
    with shop_transaction(link.shop_id) as session:
        content = live_content(session, link)
        after = request.args.get("after")
        found = page.read_history(session, *_ids(link), after=after, limit=page.BATCH)
    return render_template(
        "wallet/history.html", card=content, token=token, history=found, icon=icon
    )


@blueprint.post("/<token>/preferences")
def turn(token: str) -> Response:
    """Turn switches: a form of `name=active` or `name=paused`; 303 back to the page.

    403 for a form of another site, 413 and 422 for one that is not ours; nothing is written then.
    """
    request.max_content_length = FORM_MAX
    link = link_of(token)
    if not is_same_origin():
        return refused("This did not come from your card", "Open your card and try again.", 403)
    try:
        turns = read_turns(request.form)
    except BadForm:
        return refused("These are not your card's settings", "Open your card and try again.", 422)
    actor = Actor("member", str(link.member_id))
    with shop_transaction(link.shop_id) as session:
        live_content(session, link)
        for name, is_active in turns.items():
            set_preference(session, *_ids(link), name, is_active, now=utc_now(), actor=actor)
    back = url_for("card.show", token=token, _anchor="notifications")
    return redirect(back, 303)  # type: ignore[return-value]


@blueprint.errorhandler(413)
def _too_much(_: Exception) -> Response:
    return refused("That is too much at once", "Open your card and try again.", 413)


@blueprint.get("/<token>/apple.pkpass")
def apple_pass(token: str) -> Response:
    """The signed pass, made at the first download."""
    link = link_of(token)
    if setup.current().apple is None:
        abort(404)
    with shop_transaction(link.shop_id) as session:
        live_content(session, link)
        card = open_apple_pass(session, *_ids(link), now=utc_now())
        if card.downloaded_revision < card.revision:
            card.downloaded_revision = card.revision
    response = Response(signed_pass(card), mimetype=MEDIA_TYPE)
    # The phone gives this back when it fetches: it says which revision it has.
    response.headers["Last-Modified"] = http_date(card.last_modified_at)
    return response


def _read(session: Session, link: CardLink) -> dict[str, Any]:
    is_archived = page.is_archived(session, *_ids(link))
    return {
        "pending": page.read_pending(session, *_ids(link)),
        "history": page.read_history(session, *_ids(link), after=None, limit=page.NEWEST),
        "switches": page.read_switches(session, *_ids(link)),
        "places": page.read_places(session, link.shop_id),
        "is_archived": is_archived,
        "own": None if is_archived else own_page.read_own(session, *_ids(link), now=utc_now()),
        "rewards": rewards_page.read_rewards(session, *_ids(link), now=utc_now()),
        "bringing": None if is_archived else referral_panel.read_panel(session, *_ids(link)),
        "data": None if is_archived else data_page.read_panel(session, *_ids(link), now=utc_now()),
    }


def live_content(session: Session, link: CardLink) -> Content:
    """What the card says; ends the request when there is no such card, or none any more."""
    try:
        content = card_content(session, *_ids(link), voided=False, now=utc_now())
    except MemberNotFound:
        abort(404)
    if content["voided"]:
        abort(410)
    return content


def link_of(token: str, *, purpose: Purpose = "card") -> CardLink:
    """Whose card the link opens; ends the request when it opens none, or none any more."""
    secret = setup.current().link_secret
    try:
        return present(read_link_token(token, secret, purpose=purpose, now=utc_now()))
    except ExpiredLink:
        abort(410)
    except BadLink:
        abort(404)


def _ids(link: CardLink) -> tuple[int, Any]:
    return link.shop_id, link.member_id


def is_same_origin() -> bool:
    """Browsers say where a form comes from; one that says nothing is not taken."""
    site = request.headers.get("Sec-Fetch-Site")
    if site is not None:
        return site == "same-origin"
    ours, theirs = urlsplit(setup.current().app_url), urlsplit(request.headers.get("Origin", ""))
    return (ours.scheme, ours.netloc) == (theirs.scheme, theirs.netloc)
