"""The members list: one keyset page of one shop, searched and sorted as its address says."""

from dataclasses import dataclass
from typing import ClassVar
from urllib.parse import urlencode

from flask import g, render_template, request, url_for
from werkzeug.datastructures import MultiDict

from loyalty.base.db import shop_transaction
from loyalty.programme.rules import get_programme
from loyalty.queries.members import SEARCH_MIN, list_members
from loyalty.tiers.views import list_tiers_of
from shopify_app.admin.formatting import ShopFormat
from shopify_app.admin.pages import blueprint, enter
from shopify_app.platform.admin_auth import admin_page

_COLUMNS = ("name", "email", "points", "joined")
_DESCENDING_FIRST = ("points", "joined")
_TOTAL_MAX = 10_000


@dataclass(frozen=True, slots=True)
class Asked:
    """What the address asks for; anything that makes no sense reads as the default."""

    sizes: ClassVar[tuple[int, ...]] = (25, 50, 100)

    search: str
    sort: str
    size: int
    after: str | None
    before: str | None

    @classmethod
    def of(cls, args: "MultiDict[str, str]") -> "Asked":
        """The request's query string, read with care."""
        sort = args.get("sort", "")
        size = args.get("size", "", str)
        return cls(
            search=args.get("search", "").replace("\0", "").strip()[:200],
            sort=sort if sort.removeprefix("-") in _COLUMNS else "-joined",
            size=int(size) if size in map(str, cls.sizes) else cls.sizes[0],
            after=args.get("after") or None,
            before=args.get("before") or None,
        )

    def url(self, **changes: str | None) -> str:
        """The address of this list with some things changed, from the first page on."""
        given = {"search": self.search, "sort": self.sort, "size": str(self.size)} | changes
        query = urlencode({key: value for key, value in given.items() if value})
        return f"{url_for('admin.members')}?{query}"

    def direction_of(self, column: str) -> str:
        """`ascending`, `descending`, or nothing when the list is sorted by another column."""
        if self.sort.removeprefix("-") != column:
            return ""
        return "descending" if self.sort.startswith("-") else "ascending"

    def next_sort(self, column: str) -> str:
        """What a click on the header of `column` asks for."""
        if self.direction_of(column):
            return column if self.sort.startswith("-") else f"-{column}"
        return f"-{column}" if column in _DESCENDING_FIRST else column

    @property
    def is_short(self) -> bool:
        """Whether the search is too short to look inside names."""
        return 0 < len(self.search) < SEARCH_MIN

    @property
    def caption(self) -> str:
        """How the list is sorted, for a screen reader."""
        column = self.sort.removeprefix("-")
        return f"sorted by {column}, {self.direction_of(column)}"


@blueprint.get("/app/members")
@admin_page
def members() -> str:
    """The list, or an invitation when there is nobody yet."""
    asked = Asked.of(request.args)
    with shop_transaction(g.shop_id) as session:
        enter(session)
        page = list_members(
            session,
            g.shop_id,
            search=asked.search,
            sort=asked.sort,
            after=asked.after,
            before=asked.before,
            limit=asked.size,
        )
        has_tiers = get_programme(session, g.shop_id).tiers_on
        tiers = list_tiers_of(session, g.shop_id, [row.id for row in page.rows])
    total = describe_total(page.total, g.shop_format)
    return render_template(
        "admin/members.html", asked=asked, page=page, total=total, has_tiers=has_tiers, tiers=tiers
    )


def describe_total(total: int | None, words: ShopFormat) -> str:
    """`1 member`, `1,234 members` or `10,000+ members`; nothing when it was not counted."""
    if total is None:
        return ""
    if total > _TOTAL_MAX:
        return f"{words.number(_TOTAL_MAX)}+ members"
    return f"{words.number(total)} member{'' if total == 1 else 's'}"
