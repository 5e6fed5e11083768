"""For people: the phone with its cards, and what was received and sent."""

from flask import Blueprint, abort, redirect, render_template
from flask.typing import ResponseReturnValue

from sandbox.google.views import card_view, object_json, wants_html
from sandbox.google.world import World

SHOWN = 200


def pages(world: World) -> Blueprint:
    """`/`, `/phones` and `/received`."""
    shown = Blueprint("pages", __name__)

    @shown.get("/")
    def home() -> ResponseReturnValue:
        return redirect("/phones")

    @shown.get("/phones")
    def list_cards() -> ResponseReturnValue:
        saved = [one for one in world.store.list("LoyaltyObject") if one.has_users]
        if not wants_html():
            return {"cards": [object_json(resource) for resource in saved]}
        return render_template("phones.html", cards=[card_view(world, one) for one in saved])

    @shown.post("/phones/<object_id>/remove")
    def remove(object_id: str) -> ResponseReturnValue:
        resource = world.store.find("LoyaltyObject", object_id)
        if resource is None:
            abort(404)
        world.delete(resource)
        return redirect("/phones", 303)

    @shown.get("/received")
    def received() -> ResponseReturnValue:
        entries = world.journal.as_json()
        if not wants_html():
            return {"entries": entries}
        return render_template("received.html", entries=entries[::-1][:SHOWN], count=len(entries))

    return shown
