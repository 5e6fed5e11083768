"""R115: who would get a campaign, who not and why is known before it is started."""

from collections import Counter

from sqlalchemy.orm import Session

from loyalty.campaigns.forecast import Forecast, forecast
from loyalty.shops.tables import Shop
from tests.factories.facts import NOON
from tests.loyalty.campaigns.cast import (
    draft,
    fates,
    people,
    person,
    prepared,
    recipients,
    segment,
)


def test_it_foretells_what_preparing_comes_to(session: Session, aurora: Shop) -> None:
    members = people(session, aurora, 20)
    others = [person(session, aurora, 900 + n, agrees=False) for n in range(3)]
    vip = segment(session, aurora, [*members, *others])
    told = {"channels": ["email", "push"], "push_text": "Spring", "holdout_percent": "50"}
    campaign = draft(session, aurora, vip, **told)

    found = forecast(session, aurora, campaign, now=NOON)

    assert (found.audience, found.looked_at, found.is_whole) == (23, 23, True)
    assert found.reached + found.held_out == 20
    assert (found.email, found.push) == (found.reached, 0)
    assert found.reasons == {("email", "no_consent"): 3, ("push", "no_card"): 23}


def test_the_same_campaign_holds_out_those_whom_the_forecast_counted(
    session: Session, aurora: Shop
) -> None:
    vip = segment(session, aurora, people(session, aurora, 30))
    campaign = prepared(session, aurora, vip, holdout_percent="30")

    found = forecast(session, aurora, campaign, now=NOON)

    counts = Counter(fates(session, campaign))
    assert (found.held_out, found.reached) == (counts["held_out"], counts["waiting"])


def test_a_large_audience_is_looked_at_in_part(session: Session, aurora: Shop) -> None:
    campaign = draft(session, aurora, segment(session, aurora, people(session, aurora, 5)))

    found = forecast(session, aurora, campaign, now=NOON, looks_at_most=2)

    assert (found.audience, found.looked_at, found.reached, found.is_whole) == (5, 2, 2, False)


def test_without_an_audience_there_is_nothing_to_foretell(session: Session, aurora: Shop) -> None:
    campaign = draft(session, aurora)

    assert forecast(session, aurora, campaign, now=NOON) == Forecast()
    assert recipients(session, campaign) == []
