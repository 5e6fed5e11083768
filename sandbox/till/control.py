"""`/_control/…` for people and tests, and `/received`: what this till did and refused."""

from __future__ import annotations

from flask import Blueprint, jsonify, render_template, request
from flask.typing import ResponseReturnValue

from .world import World


def control(world: World) -> Blueprint:
    """Health, faults, and the list of what happened."""
    pages = Blueprint("control", __name__)

    @pages.get("/_control/health")
    def health() -> ResponseReturnValue:
        extension = world.extension
        return {"ok": True, "api_version": extension.api_version, "targets": [*extension.scripts]}

    @pages.get("/_control/faults")
    def show_faults() -> ResponseReturnValue:
        return jsonify(world.current_faults())

    @pages.post("/_control/faults")
    def set_fault() -> ResponseReturnValue:
        """`{"mode": "lose_answer", "count": 1, "path": "/grants"}`; mode `off` ends all."""
        try:
            world.set_fault(request.get_json())
        except (TypeError, ValueError) as error:
            return {"error": str(error)}, 400
        return jsonify(world.current_faults())

    @pages.get("/received")
    def received() -> ResponseReturnValue:
        if request.accept_mimetypes.best == "text/html":
            return render_template("received.html", notes=world.noted())
        return jsonify(world.noted())

    return pages
