"""The stand-in's own controls, for tests and demos; Amazon has nothing like them.

Invariant: a control changes what happens from now on, never the past.
"""

import json
from dataclasses import asdict
from typing import Any

from flask import Blueprint, current_app
from flask.typing import ResponseReturnValue

from sandbox.faults import BadFault
from sandbox.mail import events
from sandbox.mail.context import asked, world
from sandbox.mail.sns import MUTATIONS, wait_for
from sandbox.mail.store import Email

control = Blueprint("control", __name__, url_prefix="/_control")

_WAIT_S = 20.0


class BadCall(ValueError):
    """The control does not know what is asked."""


@control.errorhandler(BadCall)
def _refuse(error: BadCall) -> ResponseReturnValue:
    return {"error": str(error)}, 422


@control.get("/health")
def health() -> ResponseReturnValue:
    """What there is, and whether the app has confirmed its subscription."""
    here = world()
    return {
        "ok": True,
        "emails": len(here.store.emails()),
        "confirmed": here.store.is_confirmed(here.sns.endpoint),
        "topic_arn": here.sns.topic_arn,
        "sender": here.options.sender,
        "configuration_set": here.options.configuration_set,
        "region": here.options.region,
        "sns_url": here.sns.origin,
    }


@control.get("/messages")
def list_messages() -> ResponseReturnValue:
    """Every email, oldest first."""
    return {"messages": [asdict(email) for email in world().store.emails()]}


@control.get("/suppressed")
def list_suppressed() -> ResponseReturnValue:
    """The account's suppression list."""
    return {"suppressed": world().store.suppressed()}


@control.delete("/suppressed")
def clear_suppressed() -> ResponseReturnValue:
    """Forget the suppression list."""
    for address in world().store.suppressed():
        world().store.unsuppress(address)
    return {"suppressed": {}}


@control.get("/requests")
def list_requests() -> ResponseReturnValue:
    """The calls of SES's API, and what SNS delivered."""
    return {"requests": world().requests, "sns": [asdict(d) for d in world().sns.log]}


@control.get("/faults")
def list_faults() -> ResponseReturnValue:
    """Every fault with its `hits`."""
    return {"faults": world().faults.as_json()}


@control.post("/faults")
def set_fault() -> ResponseReturnValue:
    """Set a fault: {"kind": status|slow|drop|cut|down, "times" (null: until cleared), …}."""
    try:
        fault = world().faults.add(asked())
    except (BadFault, TypeError) as error:
        return {"error": str(error)}, 422
    if fault.kind == "down":
        current_app.extensions["server"].go_down(fault.seconds)
    return {"id": fault.id, "kind": fault.kind}, 201


@control.delete("/faults")
def clear_faults() -> ResponseReturnValue:
    """Clear every fault."""
    world().faults.clear()
    return {"faults": []}


@control.put("/settings")
def change_settings() -> ResponseReturnValue:
    """Set {"signature_version": "1" or "2", "delivers": whether emails are delivered by itself,
    "rate_max", "quota_max": of a new day, "tells_account", "is_verified": of the sender}.
    """
    here, wanted = world(), asked()
    version = wanted.get("signature_version", here.sns.signature_version)
    if version not in ("1", "2"):
        raise BadCall("signature_version is 1 or 2")
    here.sns.signature_version = version
    here.delivers = bool(wanted.get("delivers", here.delivers))
    for name in ("rate_max", "quota_max"):
        setattr(here.ses, name, int(wanted.get(name, getattr(here.ses, name))))
    for name in ("tells_account", "is_verified"):
        setattr(here.ses, name, bool(wanted.get(name, getattr(here.ses, name))))
    if "quota_max" in wanted:
        here.ses.forget_today()
    return {"signature_version": version, "delivers": here.delivers}


@control.post("/bounce")
def bounce() -> ResponseReturnValue:
    """{"message_id", "type": Permanent|Transient|Undetermined, "sub_type"}."""
    kind = asked().get("type", "Permanent")
    if kind not in ("Permanent", "Transient", "Undetermined"):
        raise BadCall("type is Permanent, Transient or Undetermined")
    email = _email()
    return _report(email, events.bounce(email, kind, sub_type=asked().get("sub_type")))


@control.post("/complain")
def complain() -> ResponseReturnValue:
    """{"message_id", "feedback_type": abuse}."""
    email = _email()
    return _report(email, events.complaint(email, asked().get("feedback_type", "abuse")))


@control.post("/deliver")
def deliver() -> ResponseReturnValue:
    """{"message_id"}."""
    email = _email()
    return _report(email, events.delivery(email))


@control.post("/notify")
def notify() -> ResponseReturnValue:
    """Publish any {"text"} or {"event"}; with a {"mutation"} wrong in that way, and only once."""
    wanted = asked()
    text = wanted["text"] if "text" in wanted else json.dumps(wanted.get("event"))
    mutation = wanted.get("mutation")
    if mutation is None:
        message_id, sent = world().sns.publish(text, times=int(wanted.get("times", 1)))
        return {"sns_message_id": message_id, "statuses": wait_for(sent, _WAIT_S)}
    if mutation not in MUTATIONS:
        raise BadCall(f"mutation is one of {', '.join(MUTATIONS)}")
    return {"statuses": [world().sns.post_mutated(text, mutation)]}


def _email() -> Email:
    email = world().store.find(str(asked().get("message_id")))
    if email is None:
        raise BadCall("no such message_id")
    return email


def _report(email: Email, event: dict[str, Any]) -> ResponseReturnValue:
    """Send it; {"shape": "notification"} as an identity's feedback, {"times": 2} twice, "at"."""
    wanted = asked()
    if "at" in wanted:
        event[event["eventType"].lower()]["timestamp"] = wanted["at"]
    message_id, sent = world().report(
        email,
        event,
        is_notification=wanted.get("shape") == "notification",
        times=int(wanted.get("times", 1)),
    )
    return {"sns_message_id": message_id, "statuses": wait_for(sent, _WAIT_S)}
