"""The file store that staged uploads go to: a form with the parameters that were given, and a file.

It is another host than the Admin API's: no token opens it, only the parameters do.
"""

from __future__ import annotations

from flask import Blueprint, Response, request

from .faulty import failed_answer
from .world import World

BYTES_MAX = 100 * 1024 * 1024


def upload_page(world: World) -> Blueprint:
    """`POST /uploads`: multipart, the file last, 201 as asked for."""
    pages = Blueprint("uploads", __name__)

    @pages.post("/uploads")
    def upload() -> Response:
        fault = failed_answer(world, "files")
        if fault:
            return fault
        file = request.files.get("file")
        if file is None:
            return _answer(400, "InvalidArgument")
        content = file.read()
        if len(content) > BYTES_MAX:
            return _answer(400, "EntityTooLarge")
        if not world.uploads.store(request.form.to_dict(), content):
            return _answer(403, "AccessDenied")
        return _answer(201, request.form["key"])

    return pages


def _answer(status: int, word: str) -> Response:
    return Response(f"<Answer>{word}</Answer>", status, mimetype="application/xml")
