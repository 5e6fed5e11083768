"""Members who are archived: the way back to whoever no search finds any more."""

from flask import g, render_template, request

from loyalty.base.db import shop_transaction
from loyalty.queries.archived import list_archived
from shopify_app.admin.pages import blueprint, enter
from shopify_app.platform.admin_auth import admin_page


@blueprint.get("/app/members/archived")
@admin_page
def archived_members() -> str:
    """The list; with `after` the next batch of rows alone."""
    after = request.args.get("after")
    with shop_transaction(g.shop_id) as session:
        enter(session)
        page = list_archived(session, g.shop_id, after=after)
    name = "_archived_rows" if after else "archived"
    return render_template(f"admin/members/{name}.html", page=page)
