"""Settings, Programme, Locations: the shop's places, and the readers at them with their keys.

The invariant: a key stands in one answer, never in an address, a toast or a page that is loaded.
"""

from flask import Response, g, make_response, render_template, request, url_for
from sqlalchemy import select

from loyalty.actions import readers as domain
from loyalty.base.clock import utc_now
from loyalty.base.db import shop_transaction
from loyalty.base.errors import BadReader, LocationNotFound
from loyalty.shops.tables import Location
from shopify_app.admin.languages import _
from shopify_app.admin.pages import blueprint, enter, parse_id
from shopify_app.admin.programme.form import Typed, numbers
from shopify_app.admin.responses import go_to
from shopify_app.platform.admin_auth import admin_page

_FIELDS = ("name", "location_id")


@blueprint.get("/app/settings/programme/locations")
@admin_page
def programme_locations() -> str:
    """The places as Shopify tells them, and the readers."""
    return _page("admin/programme/locations.html", Typed.showing({}))


@blueprint.post("/app/settings/programme/locations/readers")
@admin_page
def add_reader() -> Response:
    """Make a reader and show its key, this once; or the form with what is wrong."""
    form = Typed.of(request)
    try:
        key = _add(form)
    except BadReader as refusal:
        form = form.refused(refusal.field, refusal.args[0], _FIELDS)
        return make_response(_page("admin/programme/_readers.html", form), 422)
    except LocationNotFound:
        form = form.refused("location_id", _("Choose one that is open"), _FIELDS)
        return make_response(_page("admin/programme/_readers.html", form), 422)
    return make_response(_page("admin/programme/_readers.html", Typed.showing({}), key))


@blueprint.post("/app/settings/programme/locations/readers/<reader_id>/key")
@admin_page
def rotate_reader_key(reader_id: str) -> str:
    """A new key, shown this once; the old one is dead."""
    wanted = parse_id(reader_id)
    with shop_transaction(g.shop_id) as session:
        enter(session)
        key = domain.rotate_key(session, g.shop_id, wanted, actor=g.actor, now=utc_now())
    return _page("admin/programme/_readers.html", Typed.showing({}), key)


@blueprint.post("/app/settings/programme/locations/readers/<reader_id>/end")
@admin_page
def revoke_reader(reader_id: str) -> Response:
    """End the reader for good."""
    wanted = parse_id(reader_id)
    with shop_transaction(g.shop_id) as session:
        enter(session)
        domain.revoke_reader(session, g.shop_id, wanted, actor=g.actor, now=utc_now())
    return go_to(url_for("admin.programme_locations"), _("Reader ended"))


def _add(form: Typed) -> str:
    """The new reader's key. Raises BadReader, LocationNotFound."""
    [place] = numbers([form.text("location_id")])
    if not isinstance(place, int) or place >= 2**63:
        raise LocationNotFound(str(place))
    with shop_transaction(g.shop_id) as session:
        enter(session)
        _reader, key = domain.add_reader(
            session,
            g.shop_id,
            name=form.text("name"),
            location_id=place,
            actor=g.actor,
            now=utc_now(),
        )
    return key


def _page(template: str, form: Typed, key: str | None = None) -> str:
    with shop_transaction(g.shop_id) as session:
        enter(session)
        places = session.scalars(
            select(Location)
            .where(Location.shop_id == g.shop_id, Location.deleted_at.is_(None))
            .order_by(Location.name, Location.location_id)
        ).all()
        found = domain.list_readers(session, g.shop_id)
        return render_template(
            template,
            form=form,
            key=key,
            places=places,
            names={place.location_id: place.name for place in places},
            open_places={str(place.location_id): place.name for place in places if place.is_active},
            readers=[reader for reader in found if reader.revoked_at is None],
            ended=[reader for reader in found if reader.revoked_at is not None],
        )
