"""R154: campaigns are brought on by a worker, within bounds, and by what operators type."""

from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import select

from jobs import campaigns
from jobs.campaign_commands import campaign_commands
from loyalty.base import db, faults
from loyalty.base.clock import utc_now
from loyalty.base.ids import new_id
from loyalty.campaigns import running
from loyalty.campaigns.saving import add_campaign, get_campaign
from loyalty.campaigns.tables import Campaign
from loyalty.campaigns.views import progress
from loyalty.coupons.saving import add_coupon, end_coupon
from loyalty.members.consent import say
from loyalty.members.enrolment import record_customer
from loyalty.outbox import CAMPAIGN_EMAIL_ASKED, OutboxEvent
from loyalty.segments.overriding import put_in
from loyalty.segments.saving import retire_segment
from loyalty.segments.tables import Segment
from loyalty.shops.directory import get_shop, shops_with_work
from mailing import setup as mail_setup
from mailing.setup import CardLinks, MailSettings
from mailing.tables import MailPace
from tests.factories.facts import NOON, a_customer
from tests.jobs.conftest import Aurora
from tests.loyalty.campaigns.cast import STAFF

SHOP = ("--shop", "aurora.myshopify.com")


@pytest.fixture(autouse=True)
def _sends() -> Iterator[None]:
    """This process sends emails; nobody here takes them."""
    before = mail_setup._settings
    mail_setup.configure(
        MailSettings(
            sender="club@encore.example",
            region="us-east-1",
            app_url="https://encore.example",
            key=b"a link secret of the tests, 32 b",
            card_links=lambda shop_id, member_id: CardLinks("https://encore.example", None, None),
        )
    )
    yield
    mail_setup._settings = before


def club(aurora: Aurora, count: int) -> UUID:
    """A segment of so many new members, who said yes."""
    now, segment_id = utc_now(), new_id()
    with db.shop_transaction(aurora.shop_id) as session:
        shop = get_shop(session, aurora.shop_id)
        session.add(
            Segment(
                shop_id=aurora.shop_id,
                id=segment_id,
                name="Club",
                criteria=None,
                created_at=now,
                refreshed_at=now,
            )
        )
        session.flush()
        for number in range(count):
            facts = a_customer(700 + number, email=f"{number}@example.com")
            customer = record_customer(session, shop, facts, now=NOON, is_backfill=True)
            assert customer.member_id is not None
            who = (session, aurora.shop_id, customer.member_id)
            say(*who, "email", "subscribed", source="test", said_at=NOON)
            put_in(session, shop, segment_id, customer.member_id, actor=STAFF, now=now)
    return segment_id


def start(aurora: Aurora, segment_id: UUID, **changes: str) -> UUID:
    """An email to the segment, started; its id."""
    with db.shop_transaction(aurora.shop_id) as session:
        shop = get_shop(session, aurora.shop_id)
        given = {
            "name": "Spring",
            "channels": ["email"],
            "segment_ids": [str(segment_id)],
            "subject": "Spring",
            "text": "Hello",
        } | changes
        campaign = add_campaign(session, shop, given, actor=STAFF, now=utc_now())
        running.start(session, shop, campaign.id, actor=STAFF, now=utc_now())
    return campaign.id


def campaign_of(aurora: Aurora, campaign_id: UUID) -> Campaign:
    with db.shop_transaction(aurora.shop_id) as session:
        return get_campaign(session, aurora.shop_id, campaign_id)


def fates(aurora: Aurora, campaign_id: UUID) -> dict[str, int]:
    with db.shop_transaction(aurora.shop_id) as session:
        return progress(session, aurora.shop_id, campaign_id)


def staged(aurora: Aurora) -> Counter[UUID | None]:
    """Who was staged how many campaign emails."""
    with db.shop_transaction(aurora.shop_id) as session:
        events = select(OutboxEvent.member_id).where(OutboxEvent.kind == CAMPAIGN_EMAIL_ASKED)
        return Counter(session.scalars(events))


def has_work(aurora: Aurora) -> bool:
    """Whether the sweep would ring."""
    with db.shopless_transaction() as session:
        return ("campaigns", aurora.shop_id) in shops_with_work(session, utc_now())


def typed(command: str, *arguments: str) -> Result:
    return CliRunner().invoke(campaign_commands, (command, *SHOP, *arguments))


def said(command: str, *arguments: str) -> str:
    result = typed(command, *arguments)
    assert result.exit_code == 0, result.output
    return result.output.strip()


def test_no_more_is_under_way_than_some_seconds_of_the_accounts_rate(aurora: Aurora) -> None:
    with db.shopless_transaction() as session:
        now = utc_now()
        session.add(
            MailPace(region="us-east-1", rate_per_s=1, sent_24h=0, read_at=now, next_at=now)
        )
    campaign_id = start(aurora, club(aurora, 30))

    for _ in range(2):
        campaigns.advance(aurora.shop_id)

    assert fates(aurora, campaign_id) == {"queued": 20, "waiting": 10}
    with db.shopless_transaction() as session:
        session.get_one(MailPace, "us-east-1").rate_per_s = 50
    campaigns.advance(aurora.shop_id)
    assert fates(aurora, campaign_id) == {"queued": 30}
    assert set(staged(aurora).values()) == {1} and len(staged(aurora)) == 30


@pytest.mark.parametrize("point", ["campaign_before_commit", "campaign_after_commit"])
def test_who_dies_at_any_step_tells_nobody_twice_and_forgets_nobody(
    aurora: Aurora, monkeypatch: pytest.MonkeyPatch, point: str
) -> None:
    campaign_id = start(aurora, club(aurora, 3), bonus_points="5")
    seen: list[str] = []

    def die(name: str, **_: object) -> None:
        seen.append(name)
        # Every second step dies, until there are none left.
        if name == point and seen.count(point) % 2:
            raise SystemExit(9)

    monkeypatch.setattr(faults, "point", die)
    for _ in range(12):
        try:
            campaigns.advance(aurora.shop_id)
        except SystemExit:
            continue

    assert seen.count(point) > 2
    assert fates(aurora, campaign_id) == {"queued": 3}
    assert sorted(staged(aurora).values()) == [1, 1, 1]


def test_the_sweep_rings_for_what_is_due_or_under_way_and_for_nothing_else(
    aurora: Aurora,
) -> None:
    segment_id = club(aurora, 1)
    later = start(aurora, segment_id, starts_at="2099-01-01T09:00")
    assert not has_work(aurora)

    with db.shop_transaction(aurora.shop_id) as session:
        found = get_campaign(session, aurora.shop_id, later)
        found.starts_at = utc_now() - timedelta(minutes=1)
    assert has_work(aurora)

    campaigns.advance(aurora.shop_id)
    assert has_work(aurora)
    said("pause-campaign", "--id", str(later))
    assert not has_work(aurora)
    said("stop-campaign", "--id", str(later))
    assert has_work(aurora)


def test_a_segment_that_is_removed_meanwhile_halts_it_with_the_reason(aurora: Aurora) -> None:
    segment_id = club(aurora, 1)
    campaign_id = start(aurora, segment_id)
    with db.shop_transaction(aurora.shop_id) as session:
        retire_segment(session, aurora.shop_id, segment_id, actor=STAFF, now=utc_now())

    campaigns.advance(aurora.shop_id)

    found = campaign_of(aurora, campaign_id)
    assert (found.state, found.error) == ("paused", "A segment of its audience is no more")
    assert not staged(aurora)


def test_a_coupon_that_ends_meanwhile_halts_it_and_it_goes_on_when_resumed(
    aurora: Aurora,
) -> None:
    segment_id = club(aurora, 2)
    with db.shop_transaction(aurora.shop_id) as session:
        given = {"name": "Five off", "kind": "fixed_amount", "amount": "5"}
        shop = get_shop(session, aurora.shop_id)
        coupon = add_coupon(session, shop, given, actor=STAFF, now=utc_now())
    campaign_id = start(aurora, segment_id, coupon_id=str(coupon.id))
    with db.shop_transaction(aurora.shop_id) as session:
        end_coupon(session, aurora.shop_id, coupon.id, actor=STAFF, now=utc_now())

    campaigns.advance(aurora.shop_id)

    found = campaign_of(aurora, campaign_id)
    assert found.state == "paused" and "not handed out any more" in (found.error or "")
    assert fates(aurora, campaign_id) == {"waiting": 2}


def test_operators_write_start_and_follow_a_campaign(aurora: Aurora, tmp_path: Path) -> None:
    segment_id = club(aurora, 2)
    words = tmp_path / "words.txt"
    words.write_text("Hello {{ first_name }}\n")
    campaign_id = said(
        "save-campaign", "--name", "Spring", "--channel", "email", "--segment", str(segment_id),
        "--subject", "Spring", "--text-file", str(words),
    )  # fmt: skip
    which = ("--id", campaign_id)

    foretold = said("campaign-forecast", *which)
    assert "audience 2" in foretold and "reached 2: email 2, push 0" in foretold
    assert said("start-campaign", *which) == "preparing"
    campaigns.advance(aurora.shop_id)

    assert f"{campaign_id} sending Spring: queued=2" in said("campaigns")
    assert said("pause-campaign", *which) == "paused"
    assert said("resume-campaign", *which) == "sending"
    assert "email queued: 2" in said("campaign-result", *which)
    assert said("stop-campaign", *which) == "stopped"


def test_what_is_refused_names_the_field(aurora: Aurora) -> None:
    refused = typed("save-campaign", "--name", "Spring", "--holdout-percent", "90")
    assert refused.exit_code == 1 and "holdout_percent: Use a whole number" in refused.output

    campaign_id = said("save-campaign", "--name", "Spring")
    refused = typed("start-campaign", "--id", campaign_id)
    assert refused.exit_code == 1 and "channels: Choose email" in refused.output
