"""Members as a CSV file: all of them, those who match, or those who were ticked.

The file holds names and addresses: each download is audited, and none goes by a link.
"""

from functools import partial
from uuid import UUID

from flask import Response, g, request
from sqlalchemy import Select

from loyalty import audit
from loyalty.base.bulk import among
from loyalty.base.clock import day_in, utc_now
from loyalty.base.db import shop_transaction
from loyalty.listing.filters import Filters
from loyalty.listing.finding import select_matching
from loyalty.listing.tables import MemberListing
from loyalty.queries.member_file import HEADER, count_wanted, write_members
from loyalty.shops.tables import Shop
from shopify_app.admin.csv_files import refuse_links, written_file
from shopify_app.admin.members.asked import Asked
from shopify_app.admin.pages import blueprint, enter, parse_id
from shopify_app.platform.admin_auth import admin_page

_TICKED_MAX = max(Asked.sizes)


@blueprint.get("/app/members.csv")
@admin_page
def members_file() -> Response:
    """The file, read while it is sent. `Encore-Rows` says how many lines it will have."""
    refuse_links()
    with shop_transaction(g.shop_id) as session:
        shop = enter(session)
        wanted = _wanted(shop)
        rows, now = count_wanted(session, wanted), utc_now()
        audit.record(
            session, g.shop_id, g.actor, "members_downloaded", ("shop", str(g.shop_id)), now=now,
            rows=rows, asked=Asked.of(request.args).filters.as_asked() | _ticked_words(),
        )  # fmt: skip
    lines = write_members(partial(shop_transaction, shop.shop_id), shop, wanted)
    day = day_in(shop.timezone, now).isoformat()
    return written_file(f"members-{day}.csv", HEADER, lines, rows=rows)


def _wanted(shop: Shop) -> Select[UUID]:
    """Those who are ticked, or else who match; with nothing said, everybody."""
    ticked = _ticked()
    if not ticked:
        return select_matching(shop.shop_id, shop.timezone, Asked.of(request.args).filters)
    everybody = select_matching(shop.shop_id, shop.timezone, Filters())
    return everybody.where(among(MemberListing.member_id, ticked))


def _ticked() -> list[UUID]:
    """Nobody where all who match are meant, though some are ticked."""
    texts = [] if "every" in request.args else request.args.getlist("member")[:_TICKED_MAX]
    return [parse_id(text) for text in texts]


def _ticked_words() -> dict[str, list[str]]:
    ticked = [str(each) for each in _ticked()]
    return {"member": ticked} if ticked else {}
