"""How a fault looks on the wire: an error status, a wait, an answer that breaks off."""

from __future__ import annotations

from collections.abc import Iterator

from flask import Response

from .world import World


class CutConnection(Exception):
    """Raised in the middle of a body: the server drops the connection."""


def failed_answer(world: World, surface: str, topic: str | None = None) -> Response | None:
    """The answer of a failing surface, None when it works; stalls on the way."""
    world.faults.stall(surface, topic)
    fault = world.faults.take(surface, "fail", topic=topic)
    if fault is None:
        return None
    return Response('{"errors":"Internal Server Error"}', fault.status, mimetype="application/json")


def cut_answer(
    world: World, surface: str, response: Response, topic: str | None = None
) -> Response:
    """The same answer, or half of it and then silence: what it tells of has happened."""
    if world.faults.take(surface, "cut", topic=topic) is None:
        return response
    body = response.get_data()
    headers = {"Content-Length": str(len(body)), "Content-Type": response.content_type}
    return Response(half(body), response.status_code, headers)


def half(body: bytes) -> Iterator[bytes]:
    """The first half of a body, then the end of the connection."""
    yield body[: len(body) // 2]
    raise CutConnection
