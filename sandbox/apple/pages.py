"""The phones over HTTP: JSON for programs, and pages that show a phone to a person.

Invariant: every address answers JSON unless the client asks for HTML.
"""

from typing import Any

from flask import Blueprint, abort, current_app, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from sandbox.apple.phone import Phone
from sandbox.apple.problems import Refusal
from sandbox.apple.views import card_json, card_view, phone_json
from sandbox.apple.world import World

pages = Blueprint("pages", __name__)


@pages.get("/")
def home() -> ResponseReturnValue:
    """Lead to the phones."""
    return redirect(url_for("pages.list_phones"))


@pages.get("/phones")
def list_phones() -> ResponseReturnValue:
    """List the phones."""
    phones = world().list_phones()
    if wants_html():
        return render_template("phones.html", phones=phones)
    return {"phones": [phone_json(phone) for phone in phones]}


@pages.post("/phones")
def create_phone() -> ResponseReturnValue:
    """Create a phone."""
    phone = world().create_phone()
    return _back_to(phone) if wants_html() else (phone_json(phone), 201)


@pages.get("/phones/<phone_id>")
def show_phone(phone_id: str) -> ResponseReturnValue:
    """Show one phone."""
    phone = _get_phone(phone_id)
    return _draw(phone) if wants_html() else phone_json(phone)


@pages.post("/phones/<phone_id>/add")
def add_pass(phone_id: str) -> ResponseReturnValue:
    """Add the pass at {"url"}: 201 new, 200 replaced, 422 with the reasons in `refused`."""
    phone = _get_phone(phone_id)
    try:
        card, is_new = phone.add(str(asked().get("url", "")))
    except Refusal as refusal:
        if wants_html():
            return _draw(phone, refusal), 422
        return {"refused": refusal.as_json()}, 422
    if wants_html():
        return _back_to(phone)
    return card_json(phone, card), 201 if is_new else 200


@pages.post("/phones/<phone_id>/remove")
def remove_pass(phone_id: str) -> ResponseReturnValue:
    """Remove the pass with {"serial"}, or every pass without it."""
    phone, serial = _get_phone(phone_id), asked().get("serial")
    for card in phone.list_cards():
        if serial in (None, card.bundle.key[1]):
            phone.remove(card.bundle.key)
    return _done(phone)


@pages.post("/phones/<phone_id>/offline")
def go_offline(phone_id: str) -> ResponseReturnValue:
    """Switch airplane mode on."""
    phone = _get_phone(phone_id)
    phone.go(online=False)
    return _done(phone)


@pages.post("/phones/<phone_id>/online")
def go_online(phone_id: str) -> ResponseReturnValue:
    """Switch airplane mode off."""
    phone = _get_phone(phone_id)
    phone.go(online=True)
    return _done(phone)


@pages.post("/phones/<phone_id>/refresh")
def refresh_passes(phone_id: str) -> ResponseReturnValue:
    """Fetch every pass now, as when its owner pulls it down."""
    phone = _get_phone(phone_id)
    phone.updates.refresh()
    return _done(phone)


@pages.post("/phones/<phone_id>/new-token")
def renew_token(phone_id: str) -> ResponseReturnValue:
    """Give the phone another push token; the old one dies."""
    phone = _get_phone(phone_id)
    phone.renew_push_token()
    return _done(phone)


@pages.post("/phones/<phone_id>/erase")
def erase_phone(phone_id: str) -> ResponseReturnValue:
    """Wipe the phone: nobody is told, and its token is Unregistered from now on."""
    phone = _get_phone(phone_id)
    phone.erase()
    return _done(phone)


@pages.get("/received")
def show_received() -> ResponseReturnValue:
    """Show the pushes that came and the requests that phones sent, newest first."""
    pushes, requests = world().apns.as_json(), world().requests()
    if wants_html():
        return render_template("received.html", pushes=pushes, requests=requests)
    return {"pushes": pushes, "requests": requests}


def world() -> World:
    """Return the world this application shows."""
    found = current_app.extensions["apple"]
    assert isinstance(found, World)
    return found


def asked() -> dict[str, Any]:
    """Return the request's JSON or form."""
    content = request.get_json(silent=True) if request.is_json else request.form.to_dict()
    return content if isinstance(content, dict) else {}


def wants_html() -> bool:
    """Return whether the client names HTML before JSON; */* is JSON."""
    accepted = [mimetype for mimetype, _ in request.accept_mimetypes]
    return "text/html" in accepted


def _get_phone(phone_id: str) -> Phone:
    phone = world().find_phone(phone_id)
    if phone is None:
        abort(404)
    return phone


def _draw(phone: Phone, refusal: Refusal | None = None) -> str:
    return render_template(
        "phone.html",
        phone=phone,
        cards=[card_view(card) for card in phone.list_cards()],
        lock_screen=list(phone.updates.lock_screen)[::-1],
        problems=refusal.problems if refusal else [],
    )


def _done(phone: Phone) -> ResponseReturnValue:
    return _back_to(phone) if wants_html() else phone_json(phone)


def _back_to(phone: Phone) -> ResponseReturnValue:
    return redirect(url_for("pages.show_phone", phone_id=phone.id), 303)
