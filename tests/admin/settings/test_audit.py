"""Settings, Audit: who did what, found by words, people and days; another shop's stays hidden."""

import ast
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

from loyalty import audit
from loyalty.audit import Actor
from loyalty.base.db import shop_transaction
from loyalty.shops.tables import StaffMember
from shopify_app.admin.settings.audit_titles import TITLES
from tests.admin.cast import DANA, ShopAndClient

_ROOT = Path(__file__).parents[3]
_PACKAGES = ("loyalty", "mailing", "wallet", "pos_extension", "shopify_app", "jobs")
_PAGE = "/app/settings/audit"
_DANA = Actor("staff", str(DANA))
_EVENING = datetime(2026, 3, 1, 23, 30, tzinfo=UTC)
"""Half past midnight of 2 March in Madrid."""


def record(
    shop: ShopAndClient,
    action: str,
    subject: tuple[str, str] = ("shop", "1"),
    *,
    actor: Actor = _DANA,
    at: datetime = _EVENING,
    **details: object,
) -> None:
    """A row as the write of that action leaves it."""
    with shop_transaction(shop.shop_id) as session:
        audit.record(session, shop.shop_id, actor, action, subject, now=at, **details)


def test_settings_lead_to_an_audit_that_begins_empty(aurora: ShopAndClient) -> None:
    assert f'href="{_PAGE}"' in aurora.get("/app/settings").text


def test_a_row_says_who_did_what_to_whom_with_its_details(
    aurora: ShopAndClient, alice: UUID
) -> None:
    with shop_transaction(aurora.shop_id) as session:
        session.add(
            StaffMember(shop_id=aurora.shop_id, user_id=DANA, name="Dana Diaz", seen_at=_EVENING)
        )
    record(aurora, "points_adjusted", ("member", str(alice)), points=50, reason="goodwill", note="")

    page = aurora.get(_PAGE).text

    assert "Points adjusted" in page and "Dana Diaz" in page
    assert f'href="/app/members/{alice}"' in page and "Alice Archer" in page
    assert "<dt>Points</dt><dd><bdi>50</bdi></dd>" in page
    assert "<dt>Reason</dt><dd><bdi>goodwill</bdi></dd>" in page
    assert "<dt>Note</dt>" not in page


def test_a_change_shows_what_was_before_and_after(aurora: ShopAndClient) -> None:
    record(aurora, "expiry_set", before={"mode": "never"}, after={"mode": "rolling", "ok": True})

    page = aurora.get(_PAGE).text

    assert "<dt>Before mode</dt><dd><bdi>never</bdi></dd>" in page
    assert "<dt>After ok</dt><dd><bdi>yes</bdi></dd>" in page


def test_the_trail_is_searched_by_deed_member_staff_and_number(
    aurora: ShopAndClient, alice: UUID
) -> None:
    with shop_transaction(aurora.shop_id) as session:
        session.add(
            StaffMember(shop_id=aurora.shop_id, user_id=77, name="Sam Stone", seen_at=_EVENING)
        )
    record(aurora, "note_added", ("member", str(alice)))
    record(aurora, "tiers_saved", actor=Actor("staff", "77"))

    def titles(search: str) -> list[str]:
        page = aurora.get(f"{_PAGE}?search={search}").text
        return [title for title in ("Note added", "Tiers saved") if f"<p>{title}</p>" in page]

    assert titles("note ad") == ["Note added"]
    assert titles("archer") == ["Note added"]
    assert titles("alice@example.com") == ["Note added"]
    assert titles("sam st") == ["Tiers saved"]
    assert titles("77") == ["Tiers saved"]
    assert titles("%25") == [] and "Nothing found" in aurora.get(f"{_PAGE}?search=%25").text


def test_a_deed_is_named_and_found_in_the_language_of_the_page(aurora: ShopAndClient) -> None:
    record(aurora, "points_adjusted", before={"hold_days": 2})
    record(aurora, "tiers_saved")

    page = aurora.get(f"{_PAGE}?search=puntos aj&locale=es").text

    assert "<p>Puntos ajustados</p>" in page and "Niveles guardados" not in page
    assert "<dt>Antes: días de espera</dt><dd><bdi>2</bdi></dd>" in page


def test_every_deed_that_is_written_down_has_a_title() -> None:
    unknown = {
        action
        for package in _PACKAGES
        for path in (_ROOT / package).rglob("*.py")
        for action in _recorded(ast.parse(path.read_text()))
    } - {*TITLES}

    assert unknown == set()


def _recorded(module: ast.Module) -> Iterator[str]:
    """The actions that a module names where it records them."""
    for node in ast.walk(module):
        if isinstance(node, ast.Call) and ast.unparse(node.func).endswith(("record", "_audit")):
            for given in node.args:
                named = [given.body, given.orelse] if isinstance(given, ast.IfExp) else [given]
                values = [each.value for each in named if isinstance(each, ast.Constant)]
                yield from (value for value in values if isinstance(value, str))


def test_one_kind_of_people_is_shown_alone(aurora: ShopAndClient) -> None:
    record(aurora, "tier_set")
    record(aurora, "member_scanned", actor=Actor("till_user", "9"))

    page = aurora.get(f"{_PAGE}?people=till_user").text

    assert "<p>Member scanned</p>" in page and "<p>Tier set</p>" not in page
    assert "Staff member 9" in page


def test_days_are_those_of_the_shop_and_both_count(aurora: ShopAndClient) -> None:
    record(aurora, "tier_set", at=_EVENING)

    for asked, is_there in (
        ("first=2026-03-02", True),
        ("last=2026-03-02", True),
        ("first=2026-03-03", False),
        ("last=2026-03-01", False),
    ):
        assert ("<p>Tier set</p>" in aurora.get(f"{_PAGE}?{asked}").text) is is_there, asked


def test_a_day_that_is_none_is_told_and_kept_as_typed(aurora: ShopAndClient) -> None:
    record(aurora, "tier_set")

    page = aurora.get(f"{_PAGE}?first=yesterday").text

    assert 'id="first-error"' in page and 'value="yesterday"' in page
    assert "<p>Tier set</p>" in page


def test_a_last_day_before_the_first_is_told_beside_it(aurora: ShopAndClient) -> None:
    record(aurora, "tier_set")

    page = aurora.get(f"{_PAGE}?first=2026-01-02&last=2026-01-01").text

    assert "This day is before the first" in page.split('id="last-fault"')[1].split("</div>")[0]
    assert "<p>Tier set</p>" in page


def test_further_rows_keep_the_question(aurora: ShopAndClient) -> None:
    for number in range(60):
        record(aurora, "tier_set", number=number)
        record(aurora, "tier_freed", actor=Actor("system", "encore"))

    page = aurora.get(f"{_PAGE}?people=staff").text
    assert page.count("<p>Tier set</p>") == 50 and "<p>Tier left" not in page
    more = page.split('hx-get="')[-1].split('"')[0].replace("&amp;", "&")
    rest = aurora.get(more).text

    assert rest.count("<p>Tier set</p>") == 10 and "<p>Tier left" not in rest
    assert "<html" not in rest and "Load more" not in rest


def test_another_shops_trail_is_not_there(aurora: ShopAndClient, borealis: ShopAndClient) -> None:
    record(aurora, "tier_set")

    assert "<p>Tier set</p>" not in borealis.get(_PAGE).text
    assert "<p>Tier set</p>" not in borealis.get(f"{_PAGE}?search=tier").text


def test_a_hostile_name_is_only_text(aurora: ShopAndClient) -> None:
    member = aurora.enrol("<script>alert(1)</script>", "Ax", "ax@example.com")
    record(aurora, "note_added", ("member", str(member)), words="<b>bold</b>")

    page = aurora.get(_PAGE).text

    assert "<script>alert" not in page and "<b>bold" not in page
