"""Every page of one thing, and every form for a new one: nothing sticks out, is cut off or offends.

What the pages are of is made through the admin's own forms.
"""

from collections.abc import Iterator
from uuid import uuid4

import pytest
from flask import Flask
from playwright.sync_api import Browser, Frame

from loyalty.coupons.tables import COUPON_KINDS
from loyalty.programme.tables import RULE_KINDS
from loyalty.rewards.tables import REWARD_KINDS
from sandbox.demo import story
from sandbox.demo.world import SHOPS, World
from shopify_app.admin.blueprint import blueprint
from tests.browser.admin import Admin, accessibility_problems
from tests.browser.forms import linked, send
from tests.browser.test_every_page import look, someone
from tests.chromium import page_of

pytestmark = pytest.mark.browser

_SETTINGS = "/settings/programme"
FORMS = [
    *(f"{_SETTINGS}/rules/new?kind={kind}" for kind in RULE_KINDS),
    *(f"{_SETTINGS}/rewards/new?kind={kind}" for kind in REWARD_KINDS),
    *(f"{_SETTINGS}/coupons/new?kind={kind}" for kind in COUPON_KINDS),
]
THINGS = [
    *("rule", "promotion", "reward", "badge", "codes", "list", "segment", "editor"),
    *("draft", "draft_editor", "grant", "deed", "request", "erasure", "mail"),
    *("archived", "archived_merge", "gone", "referrals", "merging", "merges"),
]
PARTS = {
    # Parts of pages, files, and what no merchant opens.
    *("forecast", "recipients", "recipients.csv", "members", "members.csv", "export.json"),
    *("export.zip", "notes", "orders", "points", "pushes", "redemptions", "timeline"),
    *("transactions", "transactions.csv", "finder", "document", "held"),
    *("<path:_unknown>", "<path:filename>", "<kind>"),
}
# A page each for every address with an id, by the address.
WALKED = {
    "/campaigns/<campaign_id>": "draft",
    "/campaigns/<campaign_id>/edit": "draft_editor",
    "/emails/<mail>/<language>": "mail",
    "/group-grants/<grant_id>": "grant",
    "/members/<member_id>": "archived",
    "/members/<member_id>/merge": "merging",
    "/members/deeds/<deed_id>": "deed",
    "/segments/<segment_id>": "segment",
    "/segments/<segment_id>/editor": "editor",
    "/settings/privacy/<request_id>": "request",
    f"{_SETTINGS}/badges/<badge_id>": "badge",
    f"{_SETTINGS}/coupons/<coupon_id>/codes": "codes",
    f"{_SETTINGS}/coupons/<coupon_id>/list": "list",
    f"{_SETTINGS}/promotions/<promotion_id>": "promotion",
    f"{_SETTINGS}/rewards/<reward_id>": "reward",
    f"{_SETTINGS}/rules/<rule_id>": "rule",
}


@pytest.fixture(scope="module")
def things(world: World, browser: Browser) -> Iterator[dict[str, str]]:
    """The address of a page of each thing of the shop."""
    with page_of(browser) as page:
        admin = Admin(world, page)
        found = _make(world, admin)
    yield found
    story.operate(world, "referrals", "--shop", SHOPS[0], "--off")


def test_no_page_of_a_thing_is_left_out() -> None:
    app = Flask("admin", static_folder=None)
    app.register_blueprint(blueprint)
    rules = [one for one in app.url_map.iter_rules() if "GET" in (one.methods or ())]
    pages = {one.rule.removeprefix("/app") for one in rules if "<" in one.rule}
    whole = {page for page in pages if page.rpartition("/")[2] not in PARTS}

    assert whole == set(WALKED)
    assert set(WALKED.values()) <= set(THINGS)


@pytest.mark.parametrize("path", FORMS)
def test_a_form_is_right_on_a_desktop(admin: Admin, path: str) -> None:
    frame = admin.open(path)

    look(frame, admin, f"desktop{path}")
    assert accessibility_problems(frame) == []


@pytest.mark.parametrize("path", FORMS)
def test_a_form_is_right_on_a_phone_in_german(admin_on_phone: Admin, path: str) -> None:
    look(admin_on_phone.open_in("de", f"/app{path}"), admin_on_phone, f"german{path}")


@pytest.mark.parametrize("thing", THINGS)
def test_a_thing_is_right_on_a_desktop(admin: Admin, things: dict[str, str], thing: str) -> None:
    frame = admin.open(things[thing])

    look(frame, admin, f"desktop/{thing}")
    assert accessibility_problems(frame) == []


@pytest.mark.parametrize("thing", THINGS)
def test_a_thing_is_right_on_a_phone_in_german(
    admin_on_phone: Admin, things: dict[str, str], thing: str
) -> None:
    frame = admin_on_phone.open_in("de", f"/app{things[thing]}")

    look(frame, admin_on_phone, f"german/{thing}")


@pytest.mark.parametrize("thing", THINGS)
def test_a_thing_is_right_from_right_to_left(
    admin: Admin, things: dict[str, str], thing: str
) -> None:
    look(admin.open_in("ar", f"/app{things[thing]}"), admin, f"rtl/{thing}")


def _make(world: World, admin: Admin) -> dict[str, str]:
    """One of each, sent as its form is; the addresses of their pages."""
    member = f"/members/{someone(admin)}"
    archived, survivor, gone = (
        send(admin, "/members/new", "member-form", name=name, contact=f"{name[:4]}@things.example")
        for name in ("Vera Vault", "Mara Merge", "Mona Merge")
    )
    frame = admin.open()
    _post(frame, f"{archived}/archive")
    _post(frame, f"{gone}/merge", into=_id(survivor))
    _post(frame, f"{survivor}/erasure", client_key=str(uuid4()))
    story.operate(world, "referrals", "--shop", SHOPS[0], "--on")
    return {
        **_of_the_programme(admin),
        **_of_many(admin, member),
        "archived": archived,
        "archived_merge": f"{archived}/merge",
        "gone": gone,
        "merging": f"{member}/merge",
        "merges": "/settings/merges",
        "referrals": f"{member}?tab=referrals",
        "mail": "/emails/card/ar",
        "erasure": linked(admin, "/settings/privacy", "Erase a member"),
        "request": _gathered(world, admin),
    }


def _of_the_programme(admin: Admin) -> dict[str, str]:
    """A rule, a promotion, a reward, a badge and a coupon whose codes are imported."""
    birthday = {"name": "Hello there", "fixed_points": "5"}
    five_off = {"name": "Five off", "amount": "5.00", "cost_points": "100"}
    half = {"name": "Ten off", "percentage": "10", "code_source": "imported"}
    send(admin, f"{_SETTINGS}/rules/new?kind=birthday", "rule-form", **birthday)
    send(admin, f"{_SETTINGS}/promotions/new", "promotion-form", name="Happy days", multiplier="2")
    send(admin, f"{_SETTINGS}/rewards/new?kind=fixed_amount", "reward-form", **five_off)
    badge = {"name": "Early bird", "rule.0.value": "10"}
    send(admin, f"{_SETTINGS}/badges/new", "badge-form", **badge)
    send(admin, f"{_SETTINGS}/coupons/new?kind=percentage", "coupon-form", **half)
    found = {
        "rule": linked(admin, f"{_SETTINGS}/rules", "Hello there"),
        "promotion": linked(admin, f"{_SETTINGS}/promotions", "Happy days"),
        "reward": linked(admin, f"{_SETTINGS}/rewards", "Five off"),
        "badge": linked(admin, f"{_SETTINGS}/badges", "Early bird"),
    }
    # Nothing of it works in the tests after these.
    for path in found.values():
        _post(admin.open(), f"{path}/switch", is_active="0")
    return found | {
        "codes": linked(admin, f"{_SETTINGS}/coupons", "Import codes of Ten off"),
        "list": linked(admin, f"{_SETTINGS}/coupons", "Give to a list: Ten off"),
    }


def _of_many(admin: Admin, member: str) -> dict[str, str]:
    """A segment, a draft for it, points given to it, and a deed for a member of the list."""
    segment = send(admin, "/segments/new?by=hand", "segment-form", name="A few")
    _post(admin.open(), f"{segment}/members", member_id=_id(member), word="in")
    draft = {"name": "Spring", "segment_ids": _id(segment), "subject": "Hello", "text": "It is."}
    campaign = send(admin, "/campaigns/new", "campaign-form", channels="email", **draft)
    grant = {"points": "5", "reason": "vip_bonus"}
    deed = f"/members/deeds/new?deed=segment&member={_id(member)}"
    return {
        "segment": segment,
        "editor": f"{segment}/editor",
        "draft": campaign,
        "draft_editor": f"{campaign}/edit",
        "grant": send(
            admin,
            f"/group-grants/new?segment={_id(segment)}",
            "group-grant-form",
            ready=" [name=expected]",
            **grant,
        ),
        "deed": send(admin, deed, "member-deed-form", segment_id=_id(segment)),
    }


def _gathered(world: World, admin: Admin) -> str:
    """A customer's request whose file was gathered."""
    control = f"{world.shopify_url}/_control/customers"
    [*_, customer] = story.ask(f"{control}?shop={SHOPS[0]}")
    story.ask(f"{control}/{customer['id']}/data-request", {"shop": SHOPS[0]})
    story.operate(world, "wait-for-work")
    story.operate(world, "run-privacy-requests", "--shop", SHOPS[0])
    return linked(admin, "/settings/privacy", "Show what is held")


def _post(frame: Frame, path: str, **fields: str) -> None:
    """What a button of a page sends."""
    status = frame.evaluate(
        """async ([path, fields]) => (await fetch(path, {
            method: 'POST', body: new URLSearchParams(fields)
        })).status""",
        [f"/app{path}", fields],
    )
    assert status < 300, (path, status)


def _id(path: str) -> str:
    return path.rpartition("/")[2]
