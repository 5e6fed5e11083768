"""The stand-in as a WSGI application: all its surfaces on one port."""

from __future__ import annotations

import functools

from flask import Flask, Response, g, request

from . import bulk_mutations
from .admin_api.endpoint import admin_api
from .bulk import BulkRunner, bulk_files
from .control import control
from .frame.pages import admin_frame
from .journal import Received
from .oauth import oauth_pages
from .persistence import restore
from .received import received_page
from .settings import Settings
from .upload_page import upload_page
from .world import World

# Polled by pages and scripts: noting them would drown what matters.
QUIET = ("/_control/", "/received", "/app-bridge.js", "/frame/")


def create_world(settings: Settings) -> World:
    """The world of the last start, or a freshly seeded one; its webhook threads are running."""
    world = World(settings)
    world.bulk = BulkRunner(world)
    world.run_bulk_mutation = functools.partial(bulk_mutations.start, world.bulk)
    if not restore(world):
        world.seed()
    world.sender.start()
    return world


def create_application(world: World) -> Flask:
    """A world behind its addresses."""
    application = Flask(__name__, static_folder=None)
    application.json.sort_keys = False  # type: ignore[attr-defined]
    for blueprint in (
        admin_api(world),
        oauth_pages(world),
        bulk_files(world),
        upload_page(world),
        control(world),
        admin_frame(world),
        received_page(world),
    ):
        application.register_blueprint(blueprint)

    @application.after_request
    def note(response: Response) -> Response:
        if not request.path.startswith(QUIET):
            entry = Received(request.method, request.path, response.status_code, g.get("note", ""))
            world.journal.write(entry)
        return response

    return application
