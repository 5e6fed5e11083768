"""The REST API and the token endpoint: classes and objects by insert, get, list, patch, update.

Invariant: nothing is stored that the discovery document and Google's rules do not allow.
"""

import copy
from typing import Any

from flask import Blueprint, Response, jsonify, request
from flask.typing import ResponseReturnValue

from sandbox.google.refusals import Refusal
from sandbox.google.rules import check_fields, check_id, check_resource
from sandbox.google.service_account import BadAssertion
from sandbox.google.store import Resource
from sandbox.google.world import World

_KINDS = {"loyaltyClass": "LoyaltyClass", "loyaltyObject": "LoyaltyObject"}
_NOTIFYING = ("loyaltyPoints", "secondaryLoyaltyPoints")
_BODY_MAX = 1024 * 1024


def api(world: World) -> Blueprint:
    """The addresses below /walletobjects/v1, and /token."""
    pages = Blueprint("api", __name__)

    @pages.errorhandler(Refusal)
    def _refuse(refusal: Refusal) -> Response:
        return refusal.answer()

    _door(pages, world)
    _reading(pages, world)
    _writing(pages, world)
    return pages


def _door(pages: Blueprint, world: World) -> None:
    @pages.before_request
    def _admit() -> Response | None:
        request.max_content_length = _BODY_MAX
        if request.path == "/token":
            return None
        if not world.account.is_good(request.headers.get("Authorization", "")):
            return Refusal(401, "Request had invalid authentication credentials.").answer()
        if not world.requests.take():
            return Refusal(429, "Quota exceeded: 20 requests per second.").answer()
        return None

    @pages.post("/token")
    def give_token() -> ResponseReturnValue:
        form = request.form
        try:
            return world.account.exchange(form.get("grant_type", ""), form.get("assertion", ""))
        except BadAssertion as bad:
            return {"error": bad.error, "error_description": str(bad)}, 400


def _reading(pages: Blueprint, world: World) -> None:
    @pages.get("/walletobjects/v1/<name>")
    def list_all(name: str) -> ResponseReturnValue:
        kind = _kind(name)
        wanted = request.args.get("classId" if kind == "LoyaltyObject" else "issuerId")
        if not wanted:
            raise Refusal(400, "Missing required parameter.")
        key = "classId" if kind == "LoyaltyObject" else "id"
        found = [
            one.as_json()
            for one in world.store.list(kind)
            if one.content[key] == wanted or one.content[key].split(".")[0] == wanted
        ]
        return {"resources": found, "pagination": {"resultsPerPage": len(found)}}

    @pages.get("/walletobjects/v1/<name>/<resource_id>")
    def get(name: str, resource_id: str) -> ResponseReturnValue:
        return jsonify(_get(world, _kind(name), resource_id).as_json())


def _writing(pages: Blueprint, world: World) -> None:
    @pages.post("/walletobjects/v1/<name>")
    def insert(name: str) -> ResponseReturnValue:
        kind = _kind(name)
        content, _ = _read(kind)
        with world.store.lock:
            check_resource(kind, content, world.issuer_id, world.store)
            if world.store.find(kind, content["id"]) is not None:
                raise Refusal(409, f"Wallet Object {content['id']} already exists.")
            resource = Resource(kind, content)
            world.store.keep(resource)
        return jsonify(resource.as_json())

    @pages.route("/walletobjects/v1/<name>/<resource_id>", methods=["PATCH", "PUT"])
    def change(name: str, resource_id: str) -> ResponseReturnValue:
        kind = _kind(name)
        news, notify = _read(kind)
        with world.store.lock:
            resource = _get(world, kind, resource_id)
            _change(world, resource, news, notify=notify, is_patch=request.method == "PATCH")
        return jsonify(resource.as_json())

    @pages.post("/walletobjects/v1/<name>/<resource_id>/addMessage")
    def add_message(name: str, resource_id: str) -> ResponseReturnValue:
        kind = _kind(name)
        message = check_fields("AddMessageRequest", _json()).get("message")
        if not message:
            raise Refusal(400, "Missing required field: message")
        with world.store.lock:
            resource = _get(world, kind, resource_id)
            _add(world, resource, message)
        return {"resource": resource.as_json()}


def _kind(name: str) -> str:
    if name not in _KINDS:
        raise Refusal(404, "Not Found")
    return _KINDS[name]


def _get(world: World, kind: str, resource_id: str) -> Resource:
    check_id(resource_id, world.issuer_id)
    resource = world.store.find(kind, resource_id)
    if resource is None:
        raise Refusal(404, f"Wallet Object {resource_id} not found.", reason="resourceNotFound")
    return resource


def _json() -> Any:
    content = request.get_json(silent=True)
    if content is None:
        raise Refusal(400, "Invalid JSON payload received.")
    return content


def _read(kind: str) -> tuple[dict[str, Any], bool]:
    """The checked body, and whether its change is to notify: that is of this call alone."""
    content = check_fields(kind, _json())
    return content, content.pop("notifyPreference", None) == "NOTIFY_ON_UPDATE"


def _change(
    world: World, resource: Resource, news: dict[str, Any], *, notify: bool, is_patch: bool
) -> None:
    """Merge (PATCH) or replace (PUT); a list that is given replaces the whole list."""
    if news.get("id", resource.id) != resource.id:
        raise Refusal(400, "The ID in the body does not match the ID in the path.")
    before = resource.content
    content = _merged(before, news) if is_patch else {"id": resource.id} | news
    if resource.kind == "LoyaltyClass" and "reviewStatus" not in news:
        # A class that was approved stays so unless it is handed in for review again.
        raise Refusal(400, "Invalid review status: APPROVED.")
    check_resource(resource.kind, content, world.issuer_id, world.store)
    if resource.kind == "LoyaltyObject" and content["classId"] != before["classId"]:
        raise Refusal(400, "The class of an object cannot be changed.")
    resource.content = content
    resource.version += 1
    changed = [name for name in _NOTIFYING if content.get(name) != before.get(name)]
    if notify and changed and resource.has_users and world.notices.take(resource):
        world.show(resource, _words(content))
    world.store.keep(resource)


def _merged(kept: dict[str, Any], news: dict[str, Any]) -> dict[str, Any]:
    merged = copy.deepcopy(kept)
    for name, value in news.items():
        is_deeper = isinstance(value, dict) and isinstance(merged.get(name), dict)
        merged[name] = _merged(merged[name], value) if is_deeper else value
    return merged


def _words(content: dict[str, Any]) -> str:
    points = content.get("loyaltyPoints", {})
    balance = next(iter(points.get("balance", {}).values()), "")
    return f"{points.get('label', 'Points')}: {balance}"


def _add(world: World, resource: Resource, message: dict[str, Any]) -> None:
    """Keep the message among the newest ten, and show it if that is asked for."""
    if message.get("messageType") == "TEXT_AND_NOTIFY" and resource.has_users:
        if not world.notices.take(resource):
            raise Refusal(429, "Notification quota exceeded", reason="quotaExceeded")
        world.show(resource, message.get("header", "") + ": " + message.get("body", ""))
    kept = [*resource.content.get("messages", []), message][-10:]
    resource.content["messages"] = kept
    resource.version += 1
    world.store.keep(resource)
