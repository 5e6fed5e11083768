"""Everybody's mailbox: emails as people read them, links and one-click unsubscribe included."""

import requests
from flask import Blueprint, Response, abort, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from sandbox.mail.context import world
from sandbox.mail.store import Email

inbox = Blueprint("inbox", __name__, template_folder="templates", static_folder="static")

_SHOWN = 200
# What a mail program lets an email do: be looked at, with its own style; no script, no form.
_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src http: https: data:; "
    "sandbox allow-popups allow-popups-to-escape-sandbox allow-top-navigation-by-user-activation"
)


@inbox.get("/inbox")
def list_emails() -> str:
    """Every email that was delivered, newest first; `?to=` narrows it to one mailbox."""
    wanted = request.args.get("to", "")
    found = [e for e in world().store.emails() if e.is_delivered and (not wanted or wanted in e.to)]
    return render_template("inbox.html", emails=found[::-1][:_SHOWN], count=len(found), to=wanted)


@inbox.get("/inbox/<email_id>")
def read_email(email_id: str) -> str:
    """One email: its head, its HTML part in a frame, its text part."""
    email = _find(email_id)
    return render_template(
        "email.html",
        email=email,
        one_click=_one_click(email),
        said=request.args.get("said", ""),
    )


@inbox.get("/inbox/<email_id>/html")
def show_html(email_id: str) -> Response:
    """The HTML part alone."""
    return Response(
        _find(email_id).html, mimetype="text/html", headers={"Content-Security-Policy": _POLICY}
    )


@inbox.post("/inbox/<email_id>/unsubscribe")
def unsubscribe(email_id: str) -> ResponseReturnValue:
    """What a mail program's own unsubscribe button does.

    https://www.rfc-editor.org/rfc/rfc8058
    """
    address = _one_click(_find(email_id))
    if address is None:
        abort(404)
    answer = requests.post(
        address, data={"List-Unsubscribe": "One-Click"}, timeout=15, allow_redirects=False
    )
    said = "Unsubscribed" if answer.status_code == 200 else f"The sender said {answer.status_code}"
    return redirect(url_for("inbox.read_email", email_id=email_id, said=said), 303)


@inbox.get("/received")
def received() -> str:
    """For people: SES's calls and SNS's deliveries, newest first."""
    here = world()
    return render_template(
        "received.html",
        requests=here.requests[::-1][:_SHOWN],
        deliveries=here.sns.log[::-1][:_SHOWN],
        suppressed=here.store.suppressed(),
    )


def _find(email_id: str) -> Email:
    email = world().store.find(email_id)
    if email is None:
        abort(404)
    return email


def _one_click(email: Email) -> str | None:
    """The address to post to, if the email offers the one-click way."""
    if email.header("List-Unsubscribe-Post") != "List-Unsubscribe=One-Click":
        return None
    addresses = (email.header("List-Unsubscribe") or "").split(",")
    found = [a.strip().strip("<>") for a in addresses if a.strip().startswith("<http")]
    return found[0] if found else None
