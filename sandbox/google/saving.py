"""The page behind a save link: it believes the link only if the service account signed it."""

from typing import Any

import jwt
from flask import Blueprint, Response, jsonify, redirect, render_template
from flask.typing import ResponseReturnValue

from sandbox.google.refusals import Refusal
from sandbox.google.rules import check_fields, check_id, check_resource
from sandbox.google.store import Resource
from sandbox.google.views import card_view, wants_html
from sandbox.google.world import World

_CLAIMS = {"iss", "aud", "typ", "iat", "origins", "payload", "exp", "nbf"}


def saving(world: World) -> Blueprint:
    """`/gp/v/save/<jwt>`: GET shows the card, POST saves it; and the keys of the callbacks."""
    pages = Blueprint("saving", __name__)

    @pages.errorhandler(Refusal)
    def refuse(refusal: Refusal) -> ResponseReturnValue:
        if not wants_html():
            return refusal.answer()
        return render_template("refused.html", refusal=refusal), refusal.code

    @pages.get("/gp/v/save/<token>")
    def show(token: str) -> ResponseReturnValue:
        resources = _resources(world, token)
        if not wants_html():
            return {"objects": [resource.id for resource in resources]}
        return render_template("save.html", cards=[card_view(world, one) for one in resources])

    @pages.post("/gp/v/save/<token>")
    def save(token: str) -> ResponseReturnValue:
        resources = _resources(world, token)
        for resource in resources:
            world.save(resource)
        if wants_html():
            return redirect("/phones", 303)
        return {"saved": [resource.id for resource in resources]}

    @pages.get("/gp/m/issuer/keys")
    def keys() -> Response:
        response = jsonify(world.keys.public_keys())
        response.headers["Cache-Control"] = "public, max-age=3600"
        return response

    return pages


def _resources(world: World, token: str) -> list[Resource]:
    """The objects that the link names. Raises Refusal."""
    payload = _verified(world, token).get("payload")
    listed = payload.get("loyaltyObjects") if isinstance(payload, dict) else None
    if not isinstance(listed, list) or not listed:
        raise Refusal(400, "The JWT names no loyaltyObjects.")
    return [_resource(world, named) for named in listed]


def _verified(world: World, token: str) -> dict[str, Any]:
    try:
        claims: dict[str, Any] = jwt.decode(
            token,
            world.account.public_key,
            algorithms=["RS256"],
            audience="google",
            issuer=world.account.email,
            leeway=60,
            options={"require": ["iss", "aud", "iat"]},
        )
    except jwt.PyJWTError as error:
        raise Refusal(400, f"The JWT is not acceptable: {type(error).__name__}") from error
    if claims.get("typ") != "savetowallet":
        raise Refusal(400, "The JWT's typ must be savetowallet.")
    if unknown := set(claims) - _CLAIMS:
        raise Refusal(400, f"Unknown claims: {', '.join(sorted(unknown))}.")
    if not isinstance(claims.get("origins", []), list):
        raise Refusal(400, "The JWT's origins must be a list.")
    return claims


def _resource(world: World, named: Any) -> Resource:
    """The object at Google that is named; one that is given whole is inserted first."""
    content = check_fields("LoyaltyObject", named)
    check_id(str(content.get("id", "")), world.issuer_id)
    known = world.store.find("LoyaltyObject", content["id"])
    if known is not None:
        if content.get("classId", known.content["classId"]) != known.content["classId"]:
            raise Refusal(400, "The object is of another class.")
        return known
    if set(content) <= {"id", "classId"}:
        raise Refusal(404, f"Wallet Object {content['id']} not found.", reason="resourceNotFound")
    with world.store.lock:
        check_resource("LoyaltyObject", content, world.issuer_id, world.store)
        world.store.keep(fresh := Resource("LoyaltyObject", content))
    return fresh
