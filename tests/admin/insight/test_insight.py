"""The page Model accuracy, and what a member's profile says of them. R38, R39, R41, R53."""

import re
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

from sqlalchemy import select, update

from loyalty.audit import AuditRow
from loyalty.base.db import shop_transaction
from loyalty.criteria.facts import CHURN_RISKS
from loyalty.insights import tables
from loyalty.insights.accuracy import hold_out
from loyalty.insights.frequencies import Excluded
from loyalty.insights.tables import InsightRun, MemberInsight
from loyalty.shops.directory import get_shop
from shopify_app.admin.formatting import ShopFormat
from shopify_app.admin.insight.figures import days_in_words
from shopify_app.admin.insight.words import BANDS, EXCLUDED, STAGES, explain_accuracy
from tests.admin.cast import ShopAndClient
from tests.loyalty.insights import shops, simulation

SENTENCE = "Ordered 4 times, every 31 days, last 58 days ago: most who look like this come back."


def run(shop: ShopAndClient, *, members: int = 0) -> None:
    """One run as of the fixed noon, committed; first with so many members of the models' kind."""
    with shop_transaction(shop.shop_id) as session:
        found = get_shop(session, shop.shop_id)
        if members:
            shops.fill(session, found, members=members)
        shops.run(session, found)


def say(aurora: ShopAndClient, alice: UUID) -> None:
    """Let the last run have said these of Alice."""
    with shop_transaction(aurora.shop_id) as session:
        session.execute(
            update(MemberInsight)
            .where(MemberInsight.member_id == alice)
            .values(
                band="low",
                is_calibrated=True,
                p_return_ppm=640_000,
                ltv_minor=123_45,
                expected_orders_milli=2_469,
                orders=4,
                gap_days=31,
                last_order_on=shops.TODAY - timedelta(days=58),
                health=61,
                health_rfm=36,
                health_return=16,
                health_engagement=9,
            )
        )


def test_shop_that_was_never_run_is_invited(aurora: ShopAndClient) -> None:
    page = aurora.get("/app/insight").text

    assert "Your members are not scored yet" in page
    assert "every 2s" not in page


def test_young_shop_is_told_why_there_is_no_prediction(aurora: ShopAndClient, alice: UUID) -> None:
    run(aurora)

    page = aurora.get("/app/insight").text

    assert "No predictions yet" in page
    assert "Predictions need 200 members who have ordered on more than one day. So far: 0." in page
    assert "As of Nov 22, 2026. Members scored: 1." in page
    assert "How right it was" not in page


def test_page_shows_the_hold_out_beside_what_one_would_have_without(aurora: ShopAndClient) -> None:
    run(aurora, members=900)

    page = aurora.get("/app/insight").text

    for words in (
        *("How right it was", "Predicted revenue", "Actual revenue", "Right by this model"),
        *("Right by the RFM score", "Right by P(alive)", "Time between orders"),
        *("Orders dated after today: left out", "Had we said that as much comes as in the period"),
    ):
        assert words in page
    assert re.search(r"Whoever ordered again within \d+ days of \w+ \d+, \d+ came back\.", page)
    assert page.count("Error without the model") == 2, "of the revenue and of the chances"
    assert not re.search(r"\b(nan|inf|None)\b", page)


def test_what_the_model_knows_is_said_in_days_and_what_they_mean(aurora: ShopAndClient) -> None:
    run(aurora, members=900)
    with shop_transaction(aurora.shop_id) as session:
        model = session.scalars(select(InsightRun.model)).one()
    assert model is not None

    page = re.sub(r"<[^>]+>", "", aurora.get("/app/insight").text)

    meaning = "Whoever does not order within this time counts as lost."
    assert re.search(
        rf"Churn risk looks ahead {re.escape(meaning)}\s*{model['horizon_days']} days", page
    )
    assert re.search(rf"First order\s*{model['history_days']} days ago", page)
    assert re.search(r"Members who have ordered\s*900", page)


def test_days_are_said_in_whole_ones() -> None:
    words = ShopFormat.of("en", "Europe/Madrid")

    assert [days_in_words(days, words) for days in (0, 1, 1234)] == [
        *("Less than a day", "1 day", "1,234 days"),
    ]


def test_hold_out_of_before_naive_revenue_was_kept_is_still_shown(aurora: ShopAndClient) -> None:
    run(aurora, members=900)
    with shop_transaction(aurora.shop_id) as session:
        kept = session.scalars(select(InsightRun)).one()
        assert kept.model is not None
        old = {k: v for k, v in kept.model["accuracy"].items() if k != "revenue_before_minor"}
        kept.model = kept.model | {"accuracy": old}

    page = aurora.get("/app/insight").text

    assert page.count("Error without the model") == 1, "of the chances alone"


def test_chart_draws_each_bin_of_the_table(aurora: ShopAndClient) -> None:
    run(aurora, members=900)
    with shop_transaction(aurora.shop_id) as session:
        model = session.scalars(select(InsightRun.model)).one()
    assert model is not None

    page = aurora.get("/app/insight").text

    bins = model["accuracy"]["bins"]
    assert len(re.findall(r"<circle ", page)) == len(bins) > 2
    assert page.count('<th scope="row">') > len(bins)
    assert 'role="img" aria-label="Calibration chart' in page
    assert " style=" not in page, "the policy forbids it"


def test_button_asks_for_one_run_and_the_page_follows_it(aurora: ShopAndClient) -> None:
    for _ in range(2):
        assert aurora.post("/app/insight/runs").status_code == 204

    page = aurora.get("/app/insight").text

    assert "Begins in a moment" in page and 'hx-trigger="every 2s"' in page
    assert re.search(r'<button class="button primary" type="submit" disabled>Run now', page)
    with shop_transaction(aurora.shop_id) as session:
        assert [one.state for one in session.scalars(select(InsightRun))] == ["asked"]
        actions = session.scalars(select(AuditRow.action)).all()
    assert actions.count("insight_asked") == 1


def test_run_under_way_shows_how_far_it_is(aurora: ShopAndClient) -> None:
    aurora.post("/app/insight/runs")
    with shop_transaction(aurora.shop_id) as session:
        values = {"state": "running", "stage": "writing", "members_done": 1200}
        session.execute(update(InsightRun).values(**values, members_total=4800))

    page = aurora.get("/app/insight").text

    assert "Scores the members: 1,200 of 4,800 members" in page
    assert 'value="1200" max="4800"' in page


def test_failed_run_is_told_and_the_scores_of_before_stand(
    aurora: ShopAndClient, alice: UUID
) -> None:
    run(aurora)
    aurora.post("/app/insight/runs")
    with shop_transaction(aurora.shop_id) as session:
        is_asked = InsightRun.state == "asked"
        session.execute(update(InsightRun).where(is_asked).values(state="failed"))

    page = aurora.get("/app/insight").text

    assert "The last run failed" in page
    assert "As of Nov 22, 2026" in page


def test_profile_says_what_is_predicted_and_why(aurora: ShopAndClient, alice: UUID) -> None:
    run(aurora)
    say(aurora, alice)

    page = aurora.get(f"/app/members/{alice}").text

    assert "€123.45" in page
    assert "About 2.5 orders expected in the next 12 months, €50.00 each." in page
    assert "61 / 100" in page
    assert "Orders 36 of 60, likely to return 16 of 25, engagement 9 of 15." in page
    assert "Churn: Low risk" in page
    assert SENTENCE in page and "days: 64%." in page
    assert "As of Nov 22, 2026." in page


def test_profile_tells_when_churn_risk_changed(aurora: ShopAndClient, alice: UUID) -> None:
    with shop_transaction(aurora.shop_id) as session:
        shop = get_shop(session, aurora.shop_id)
        for ago in (100, 90, 80):
            shops.add_order(session, shop, alice, shops.TODAY - timedelta(days=ago))
    run(aurora)
    with shop_transaction(aurora.shop_id) as session:
        shops.add_order(session, shop, alice, shops.TODAY)
    run(aurora)

    page = aurora.get(f"/app/members/{alice}").text

    assert "Churn risk changed" in page and "High risk → Low risk" in page


def test_lifetime_value_is_what_was_spent_and_what_is_predicted(
    aurora: ShopAndClient, alice: UUID
) -> None:
    with shop_transaction(aurora.shop_id) as session:
        shop = get_shop(session, aurora.shop_id)
        shops.add_order(session, shop, alice, shops.TODAY, current_total_minor=100_00)
    run(aurora)
    say(aurora, alice)

    page = aurora.get(f"/app/members/{alice}").text

    assert "€223.45" in page
    assert "€100.00 spent so far and €123.45 predicted for the next 12 months." in page


def test_profile_says_how_right_such_figures_were(aurora: ShopAndClient, alice: UUID) -> None:
    run(aurora, members=900)
    with shop_transaction(aurora.shop_id) as session:
        kept = session.scalars(select(InsightRun)).one()
        assert kept.model is not None
        found = {"revenue_error": 0.1134, "churn_auc": 0.778}
        kept.model = kept.model | {"accuracy": kept.model["accuracy"] | found}

    page = aurora.get(f"/app/members/{alice}").text

    assert (
        "Tried on orders that it had not seen, this model was 11.3% off the revenue, and told who "
        "comes back from who does not in 77.8% of pairs."
    ) in page
    assert re.search(r'<a [^>]*href="/app/insight[^"]*"[^>]*>Model accuracy</a>', page)


def test_profile_of_a_shop_never_tried_claims_no_accuracy(
    aurora: ShopAndClient, alice: UUID
) -> None:
    run(aurora)

    assert "Tried on orders" not in aurora.get(f"/app/members/{alice}").text


def test_accuracy_says_what_can_be_said_of_a_period_without_orders() -> None:
    words = ShopFormat.of("en", "Europe/Madrid")
    found = hold_out(simulation.shop(900, history_days=500), 90, 60)
    assert found is not None

    quiet = replace(found, revenue_error=None, churn_auc=None)
    known = replace(found, revenue_error=0.5, churn_auc=None)

    assert explain_accuracy(quiet, words) == explain_accuracy(None, words) == ""
    assert explain_accuracy(known, words) == (
        "Tried on orders that it had not seen, this model was 50% off the revenue."
    )


def test_profile_of_who_was_not_scored_says_when_they_will_be(
    aurora: ShopAndClient, alice: UUID
) -> None:
    page = aurora.get(f"/app/members/{alice}").text

    assert "Churn: Not yet known" in page
    assert "Scored by the next run, which comes every night." in page
    assert "What the next 12 months bring cannot be said yet." in page


def test_profile_of_a_young_shop_says_why_nothing_is_predicted(
    aurora: ShopAndClient, alice: UUID
) -> None:
    with shop_transaction(aurora.shop_id) as session:
        shop = get_shop(session, aurora.shop_id)
        shops.add_order(session, shop, alice, shops.TODAY)
    run(aurora)

    page = aurora.get(f"/app/members/{alice}").text

    assert "Predictions need 200" in page
    assert "Not yet" in page


def test_other_shop_sees_neither_runs_nor_scores(
    aurora: ShopAndClient, borealis: ShopAndClient, alice: UUID
) -> None:
    run(aurora)

    assert "Your members are not scored yet" in borealis.get("/app/insight").text
    assert borealis.get(f"/app/members/{alice}").status_code == 404
    borealis.post("/app/insight/runs")
    assert "Begins in a moment" not in aurora.get("/app/insight").text


def test_every_reason_and_every_band_has_words() -> None:
    assert EXCLUDED.keys() == {why.value for why in Excluded}
    assert BANDS.keys() == set(tables.BANDS) == set(CHURN_RISKS)
    assert STAGES.keys() == {None, *tables.STAGES}


def test_page_needs_a_session_token(aurora: ShopAndClient) -> None:
    assert "Run now" not in aurora.client.get("/app/insight").text
