"""Writing down the recipients of a campaign of 100,000, and their first turns.

All members are made by SQL; nine of ten have said yes to marketing, and one of a hundred has
an address that bounces. A tenth is held out. The worker's own steps run in this process. Each
channel is asked of 10,000 at once whom it may not reach, and why; nobody's card is on a phone.
"""

import os
import resource
import sys
import tempfile
import time
from datetime import timedelta
from pathlib import Path
from uuid import UUID

from sqlalchemy import select

from bench.figures import Figure, median
from bench.order_world import OrderWorld, add_members, open_world
from loyalty.audit import SYSTEM
from loyalty.base import collector
from loyalty.base.clock import utc_now
from loyalty.base.db import shop_transaction
from loyalty.base.ids import new_id
from loyalty.campaigns import channels, running
from loyalty.campaigns.preparing import prepare_next
from loyalty.campaigns.saving import add_campaign, lock_campaign
from loyalty.campaigns.tables import CampaignRecipient
from loyalty.campaigns.turns import AT_ONCE_MAX, take_turns
from loyalty.segments.tables import Segment
from loyalty.shops.directory import get_shop
from mailing import campaigns as mail_campaigns
from mailing import setup as mail_setup
from mailing.addresses import address_hash
from mailing.setup import CardLinks, MailSettings
from wallet import campaigns as wallet_campaigns

MEMBERS, TURNS, ASKED, ROUNDS = 100_000, 20, 10_000, 5
_CHANNELS = (mail_campaigns.CHANNEL, wallet_campaigns.CHANNEL)
_KEY = b"a link secret of the benchmark 32"

_CONSENTS = """
INSERT INTO member_consent (shop_id, member_id, channel, state, source, changed_at)
SELECT shop_id, id, 'email', 'subscribed', 'shopify', %(at)s FROM member
WHERE email_norm !~ '7.@'
"""
_IN_SEGMENT = """
INSERT INTO segment_member (shop_id, segment_id, member_id, entered_at)
SELECT shop_id, %(segment)s, id, %(at)s FROM member
"""


def run(members: int = MEMBERS) -> list[Figure]:
    """On a server of its own, idle before."""
    with tempfile.TemporaryDirectory(dir="/var/tmp") as folder, open_world(Path(folder)) as world:
        campaign_id = _start(world, members)
        collector.calm()  # as every worker begins
        before = _memory_mb()
        took_s, batches = _prepare(world, campaign_id)
        grown = _memory_mb() - before
        email_ms, push_ms = (_asking_ms(world, campaign_id, each) for each in _CHANNELS)
        turn_ms = median([_turn_ms(world, campaign_id) for _ in range(TURNS)])
    return [
        Figure(f"{members:,} recipients written down", f"{took_s:.1f} s", "we aim at 30 s or less"),
        Figure("a batch of 10,000", f"{took_s / batches:.2f} s", "one transaction"),
        Figure("memory grown by it", f"{grown:.0f} MB", "flat: it does not grow with the audience"),
        Figure("asking email of 10,000", f"{email_ms:.0f} ms", "whom it may not reach, and why"),
        Figure("asking push of 10,000", f"{push_ms:.0f} ms", "the same"),
        Figure(f"a turn of {AT_ONCE_MAX}", f"{turn_ms:.0f} ms", "emails staged in a transaction"),
    ]


def _start(world: OrderWorld, members: int) -> UUID:
    mail_setup.configure(_settings())
    channels.register(_CHANNELS)
    add_members(world, members)
    now, segment_id = utc_now(), new_id()
    world.execute(_CONSENTS, at=now - timedelta(days=1))
    with shop_transaction(world.shop_id) as session:
        session.add(
            Segment(
                shop_id=world.shop_id, id=segment_id, name="All", criteria=None, created_at=now,
                refreshed_at=now,
            )
        )  # fmt: skip
    world.execute(_IN_SEGMENT, segment=segment_id, at=now)
    _bounce(world, members)
    world.execute("ANALYZE")
    with shop_transaction(world.shop_id) as session:
        shop = get_shop(session, world.shop_id)
        given = {
            "name": "Spring",
            "channels": ["email"],
            "segment_ids": [str(segment_id)],
            "subject": "Spring",
            "text": "Hello {{ first_name }}",
            "holdout_percent": "10",
        }
        campaign = add_campaign(session, shop, given, actor=SYSTEM, now=now)
        running.start(session, shop, campaign.id, actor=SYSTEM, now=now)
    return campaign.id


def _bounce(world: OrderWorld, members: int) -> None:
    hashes = [
        address_hash(world.shop_id, f"{7_000_000_000_000 + number}@example.com")
        for number in range(0, members, 100)
    ]
    world.execute(
        "INSERT INTO email_address (shop_id, address_hash, hard_bounced_at, hard_bounce_reason,"
        " soft_bounces) SELECT %(shop)s, h, now(), 'no such mailbox', 0"
        " FROM unnest(%(hashes)s::text[]) AS h",
        shop=world.shop_id,
        hashes=hashes,
    )


def _prepare(world: OrderWorld, campaign_id: UUID) -> tuple[float, int]:
    """How long all batches took, and how many they were."""
    began, batches, state = time.monotonic(), 0, "preparing"
    while state == "preparing":
        with shop_transaction(world.shop_id) as session:
            campaign = lock_campaign(session, world.shop_id, campaign_id)
            prepare_next(session, campaign, now=utc_now())
            state = campaign.state
        batches += 1
    return time.monotonic() - began, batches


def _asking_ms(world: OrderWorld, campaign_id: UUID, channel: channels.Channel) -> float:
    """Milliseconds in which a channel says of so many why it may not reach them."""
    statement = select(CampaignRecipient.member_id).where(
        CampaignRecipient.shop_id == world.shop_id, CampaignRecipient.campaign_id == campaign_id
    )
    took_ms = []
    for _ in range(ROUNDS):
        with shop_transaction(world.shop_id) as session:
            campaign = lock_campaign(session, world.shop_id, campaign_id)
            members = session.scalars(statement.limit(ASKED)).all()
            began = time.monotonic()
            channel.why_not(session, campaign, members)
            took_ms.append((time.monotonic() - began) * 1000)
    return median(took_ms)


def _turn_ms(world: OrderWorld, campaign_id: UUID) -> float:
    began = time.monotonic()
    with shop_transaction(world.shop_id) as session:
        shop = get_shop(session, world.shop_id)
        campaign = lock_campaign(session, world.shop_id, campaign_id)
        take_turns(session, shop, campaign, limit=AT_ONCE_MAX, now=utc_now())
    return (time.monotonic() - began) * 1000


def _memory_mb() -> float:
    """The most that this process ever had."""
    kilobytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return kilobytes / (1024 * 1024 if os.uname().sysname == "Darwin" else 1024)


def _settings() -> MailSettings:
    return MailSettings(
        sender="club@encore.example",
        region="us-east-1",
        app_url="https://encore.example",
        key=_KEY,
        card_links=lambda shop_id, member_id: CardLinks("https://encore.example", None, None),
    )


if __name__ == "__main__":
    for figure in run(*map(int, sys.argv[1:])):
        print(f"{figure.name}: {figure.value} ({figure.meaning})")
