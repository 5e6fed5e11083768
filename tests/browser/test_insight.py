"""R20, R38, R39, R41: members are scored on demand, and Model accuracy is read by everybody."""

from typing import Any

import psycopg
import pytest
from playwright.sync_api import Frame, expect
from psycopg.types.json import Jsonb

from loyalty.insights import model
from loyalty.insights.frequencies import summarise
from sandbox.demo.world import SHOPS, World
from tests.browser.admin import Admin, accessibility_problems, overflow
from tests.loyalty.insights import simulation

pytestmark = pytest.mark.browser

_PLANT = """
UPDATE insight_run SET model = %s WHERE id = (SELECT max(id::text)::uuid FROM insight_run)
"""


def score_everybody(admin: Admin) -> Frame:
    """Ask for a run, and wait with the page until it is done."""
    frame = admin.open("/insight")
    frame.get_by_role("button", name="Run now").click()
    expect(admin.toast).to_have_text("Members will be scored now")
    expect(frame.get_by_text("Members scored:")).to_be_visible(timeout=120_000)
    expect(frame.get_by_role("button", name="Run now")).to_be_enabled(timeout=120_000)
    return frame


@pytest.fixture(scope="module")
def fitted() -> dict[str, Any]:
    """What a run leaves of a shop that has shown enough."""
    everyone = simulation.shop(3_000, history_days=500)
    return model.fit(everyone, summarise(everyone)).as_stored()


@pytest.fixture
def has_model(world: World, admin: Admin, fitted: dict[str, Any]) -> None:
    """Aurora's last run left that model; its own shop is too small for one."""
    score_everybody(admin)
    with psycopg.connect(world.servers.app_url) as connection:
        found = connection.execute("SELECT find_shop(%s)", [SHOPS[0]]).fetchone()
        assert found is not None
        connection.execute("SELECT set_config('encore.shop', %s, true)", [str(found[0])])
        assert connection.execute(_PLANT, [Jsonb(fitted)]).rowcount == 1


def test_members_are_scored_on_demand_and_a_small_shop_is_told_why_not_more(admin: Admin) -> None:
    frame = score_everybody(admin)

    expect(frame.get_by_role("heading", name="No predictions yet")).to_be_visible()
    expect(frame.get_by_text("Predictions need 200")).to_be_visible()
    expect(frame.locator(".chart")).to_have_count(0)
    assert accessibility_problems(frame) == []


def test_chart_stands_beside_its_table(has_model: None, admin: Admin) -> None:
    frame = admin.open("/insight")

    bins = frame.get_by_role("table", name="Predicted and actual share").locator("tbody tr")
    expect(frame.get_by_role("img", name="Calibration chart")).to_be_visible()
    expect(frame.locator(".chart circle")).to_have_count(bins.count())
    assert bins.count() > 1
    assert accessibility_problems(frame) == []
    assert frame.evaluate("violations") == []


@pytest.mark.parametrize(("locale", "direction"), [("en", "ltr"), ("ar", "rtl")])
def test_phone_shows_it_without_scrolling_sideways(
    has_model: None, admin_on_phone: Admin, locale: str, direction: str
) -> None:
    frame = admin_on_phone.open_in(locale, "/app/insight")

    expect(frame.locator(".chart")).to_be_visible()
    assert frame.evaluate("document.documentElement.dir") == direction
    assert overflow(frame) == 0
    assert accessibility_problems(frame) == []
