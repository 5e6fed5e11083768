"""The stand-in's own controls, for tests and demos; Google has nothing like them."""

from typing import Any

from flask import Blueprint, abort, request
from flask.typing import ResponseReturnValue

from sandbox.faults import BadFault
from sandbox.google.store import Resource
from sandbox.google.views import object_json
from sandbox.google.world import World


def control(world: World) -> Blueprint:
    """The addresses below /_control."""
    pages = Blueprint("control", __name__, url_prefix="/_control")
    _views(pages, world)
    _losses(pages, world)
    _taps(pages, world)
    _callbacks(pages, world)
    _faults(pages, world)
    _limits(pages, world)
    return pages


def _views(pages: Blueprint, world: World) -> None:
    @pages.get("/health")
    def health() -> ResponseReturnValue:
        return {"ok": True, "service_account_file": str(world.account.file)}

    @pages.get("/state")
    def state() -> ResponseReturnValue:
        return {
            "issuer_id": world.issuer_id,
            "classes": [one.as_json() for one in world.store.list("LoyaltyClass")],
            "objects": [object_json(one) for one in world.store.list("LoyaltyObject")],
            "callbacks_idle": world.callbacks.is_idle,
        }

    @pages.get("/objects/<object_id>")
    def show_object(object_id: str) -> ResponseReturnValue:
        return object_json(_object(world, object_id))


def _losses(pages: Blueprint, world: World) -> None:
    @pages.delete("/resources/<kind>/<resource_id>")
    def lose(kind: str, resource_id: str) -> ResponseReturnValue:
        """Lose a LoyaltyClass or LoyaltyObject as if it had never been inserted."""
        return {"lost": world.store.forget(kind, resource_id)}

    @pages.post("/tokens/revoke")
    def revoke() -> ResponseReturnValue:
        world.account.revoke_tokens()
        return {"revoked": True}


def _taps(pages: Blueprint, world: World) -> None:
    @pages.post("/save")
    def save() -> ResponseReturnValue:
        return {"changed": world.save(_named(world))}

    @pages.post("/delete")
    def delete() -> ResponseReturnValue:
        return {"changed": world.delete(_named(world))}


def _callbacks(pages: Blueprint, world: World) -> None:
    @pages.post("/callback")
    def callback() -> ResponseReturnValue:
        """Send {"object_id", "event", "mutation"} now; answers the status that it got."""
        asked = _asked()
        try:
            status = world.callbacks.send_mutated(
                _named(world), asked.get("event", "save"), str(asked.get("mutation"))
            )
        except (ValueError, KeyError) as error:
            return {"error": str(error)}, 422
        return {"status": status}

    @pages.post("/envelope")
    def envelope() -> ResponseReturnValue:
        """A genuine callback of {"object_id", "event"} that is handed out instead of sent."""
        return world.callbacks.sign(_named(world), _asked().get("event", "save"))


def _faults(pages: Blueprint, world: World) -> None:
    @pages.get("/faults")
    def list_faults() -> ResponseReturnValue:
        return {"faults": world.faults.as_json()}

    @pages.post("/faults")
    def set_fault() -> ResponseReturnValue:
        """Set {"kind", "surface", "times" (null: until cleared), "status", "seconds"}."""
        try:
            fault = world.faults.add(_asked())
        except (BadFault, TypeError) as error:
            return {"error": str(error)}, 422
        return {"id": fault.id, "kind": fault.kind}, 201

    @pages.delete("/faults")
    def clear_faults() -> ResponseReturnValue:
        world.faults.clear()
        return {"faults": []}


def _limits(pages: Blueprint, world: World) -> None:
    @pages.put("/limits")
    def set_limits() -> ResponseReturnValue:
        """Set {"per_second", "notices_per_day"}."""
        asked = _asked()
        world.requests.per_second = int(asked.get("per_second", world.requests.per_second))
        world.notices.per_day = int(asked.get("notices_per_day", world.notices.per_day))
        return {
            "per_second": world.requests.per_second,
            "notices_per_day": world.notices.per_day,
        }


def _asked() -> dict[str, Any]:
    content = request.get_json(silent=True)
    return content if isinstance(content, dict) else {}


def _named(world: World) -> Resource:
    return _object(world, str(_asked().get("object_id")))


def _object(world: World, object_id: str) -> Resource:
    found = world.store.find("LoyaltyObject", object_id)
    if found is None:
        abort(404)
    return found
