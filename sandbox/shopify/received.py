"""`/received`: for people, what came in and what was sent, newest first."""

from __future__ import annotations

from flask import Blueprint, render_template, request

from .world import World

SHOWN = 200


def received_page(world: World) -> Blueprint:
    """One page; `?topic=` narrows the deliveries."""
    pages = Blueprint("received", __name__, template_folder="frame/templates")

    @pages.get("/received")
    def received() -> str:
        topic = request.args.get("topic")
        deliveries = [d for d in list(world.sender.log) if topic in (None, d.topic)]
        requests = world.journal.requests()
        return render_template(
            "received.html",
            requests=requests[::-1][:SHOWN],
            deliveries=deliveries[::-1][:SHOWN],
            request_count=len(requests),
            delivery_count=len(deliveries),
            topic=topic,
        )

    return pages
