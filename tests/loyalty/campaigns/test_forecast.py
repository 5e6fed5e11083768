"""R115: who would get a campaign, who not and why is known before it is started."""

from collections import Counter
from collections.abc import Sequence
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from loyalty.base import sampling
from loyalty.base.errors import CountTooSlow
from loyalty.base.sampling import Counts, sample
from loyalty.campaigns.audience import audience_of
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


def test_of_a_large_audience_a_part_stands_for_all(session: Session, aurora: Shop) -> None:
    members = people(session, aurora, 30)
    others = [person(session, aurora, 900 + n, agrees=False) for n in range(30)]
    campaign = draft(session, aurora, segment(session, aurora, [*members, *others]))

    found = forecast(session, aurora, campaign, now=NOON, looks_at_most=20)

    assert found.audience == 60 and 20 <= found.looked_at < 60 and not found.is_whole
    # Estimates, yet of the whole audience, and they add up.
    assert abs(found.reached + found.reasons["email", "no_consent"] - 60) <= 1
    assert found.reached > 0 and found.reasons["email", "no_consent"] > 0


def test_what_takes_too_long_is_told_so_and_leaves_the_page_whole(
    session: Session, aurora: Shop
) -> None:
    campaign = draft(session, aurora, segment(session, aurora, people(session, aurora, 2)))

    def dawdle(members: Sequence[UUID]) -> Counts:
        session.execute(text("SELECT pg_sleep(30)"))
        return Counts()

    with pytest.raises(CountTooSlow, match="Look again"):
        sample(session, audience_of(session, campaign), dawdle, within_s=0.3)

    assert forecast(session, aurora, campaign, now=NOON).reached == 2


def test_what_was_told_before_the_time_was_over_is_kept(session: Session, aurora: Shop) -> None:
    campaign = draft(session, aurora, segment(session, aurora, people(session, aurora, 30)))
    asked: list[int] = []

    def dawdle(members: Sequence[UUID]) -> Counts:
        asked.append(len(members))
        if sum(asked) > asked[0]:
            session.execute(text("SELECT pg_sleep(30)"))
        return Counts({("count", "seen"): len(members)})

    found = sample(session, audience_of(session, campaign), dawdle, looks_at_most=15, within_s=2.0)

    assert (found.total, found.looked_at) == (30, asked[0]) and not found.is_whole
    assert found.of_all()["count", "seen"] == 30


def test_every_member_is_in_one_slice(
    session: Session, aurora: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sampling, "BATCH", 4)
    members = people(session, aurora, 25)
    campaign = draft(session, aurora, segment(session, aurora, members))
    seen: list[UUID] = []

    def note(slice_: Sequence[UUID]) -> Counts:
        seen.extend(slice_)
        return Counts()

    found = sample(session, audience_of(session, campaign), note)

    assert found.is_whole and sorted(seen) == [one.id for one in members]


def test_without_an_audience_there_is_nothing_to_foretell(session: Session, aurora: Shop) -> None:
    campaign = draft(session, aurora)

    assert forecast(session, aurora, campaign, now=NOON) == Forecast()
    assert recipients(session, campaign) == []
