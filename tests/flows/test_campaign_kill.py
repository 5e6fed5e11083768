"""R154: campaigns under kill -9: no recipient twice but in doubt, none forgotten.

An email to 10,000: processes die at named points of its way after a random number of passes, and
workers and the relay at random moments besides, whenever the campaign has come further since, until
nine of ten have it. A push to phones: one campaign for each point, dying there. A point that killed
nobody fails the proof.
"""

import json
import shutil
import tempfile
import urllib.request
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from sandbox.demo.story import ask, open_admin, operate
from sandbox.demo.world import running_world
from tests.flows.campaign_killer import Killer, ended, state_of
from tests.flows.chain import SHOP, Chain

pytestmark = pytest.mark.proof

RECIPIENTS, PHONES = 10_000, 60
EMAIL_POINTS = {
    "campaign_before_commit": 6,
    "campaign_after_commit": 6,
    "relay_mid_batch": 3,
    "delivery_after_claim.mail": 150,
    "email_before_send": 150,
    "email_after_send": 150,
    "delivery_before_done.mail": 150,
}
"""Each point, and how often it is passed at most before it kills; some are for each email."""
PUSH_POINTS = (
    "campaign_before_commit",
    "campaign_after_commit",
    "relay_mid_batch",
    "delivery_after_claim.wallet",
    "delivery_before_done.wallet",
)
RATE_MAX = 400
DONE_WITHIN_S, PHONES_WITHIN_S = 3_600, 60
_MEMBERS = """
WITH made AS (SELECT uuidv7() AS id, n FROM generate_series(1, %(count)s) AS n),
added AS (
    INSERT INTO member (shop_id, id, state, first_name, email, email_norm, sources, enrolled_by,
        joined_at)
    SELECT %(shop)s, id, 'active', 'No ' || n, 'many-' || n || '@example.com',
        'many-' || n || '@example.com', '{}', 'import', now()
    FROM made
), balances AS (
    INSERT INTO member_balance (shop_id, member_id, available, pending, lifetime_earned,
        lifetime_burned)
    SELECT %(shop)s, id, 0, 0, 0, 0 FROM made
), consents AS (
    INSERT INTO member_consent (shop_id, member_id, channel, state, source, changed_at)
    SELECT %(shop)s, id, 'email', 'subscribed', 'import', now() - interval '1 day' FROM made
), by_hand AS (
    INSERT INTO segment_override (shop_id, segment_id, member_id, word, set_by, set_at)
    SELECT %(shop)s, %(segment)s, id, 'in', 'operator:test', now() FROM made
)
INSERT INTO segment_member (shop_id, segment_id, member_id, entered_at)
SELECT %(shop)s, %(segment)s, id, now() FROM made
"""
_PHONES = """
WITH by_hand AS (
    INSERT INTO segment_override (shop_id, segment_id, member_id, word, set_by, set_at)
    SELECT shop_id, %(segment)s, id, 'in', 'operator:test', now() FROM member
    WHERE shop_id = %(shop)s AND email_norm = ANY (%(emails)s)
)
INSERT INTO segment_member (shop_id, segment_id, member_id, entered_at)
SELECT shop_id, %(segment)s, id, now() FROM member
WHERE shop_id = %(shop)s AND email_norm = ANY (%(emails)s)
"""


@pytest.fixture(scope="module")
def chain() -> Iterator[Chain]:
    state = Path(tempfile.mkdtemp(prefix="encore-campaign-kill-", dir="/var/tmp"))
    state.chmod(0o711)
    try:
        points = state / "fault-points"
        with running_world(state, customers=PHONES, orders=5, fault_points=points) as world:
            open_admin(world, SHOP)
            operate(world, "wait-for-backfill", "--shop", SHOP)
            yield Chain(world)
    finally:
        shutil.rmtree(state, ignore_errors=True)


def test_an_email_killed_at_random_points_reaches_everybody_once(chain: Chain) -> None:
    _let_send(chain)
    text = chain.world.state / "campaign.txt"
    text.write_text("Hello {{ first_name }}\n")

    campaign_id = start(
        chain, enrol(chain), "email", "--subject", "Spring", "--text-file", str(text)
    )
    rage(chain, Killer(chain, campaign_id, EMAIL_POINTS, "worker-mail"), RECIPIENTS)

    rows = recipients(chain, campaign_id)
    got = Counter(
        address.lower()
        for email in ask(f"{chain.world.mail_url}/_control/messages")["messages"]
        for address in email["to"]
        if address.startswith("many-")
    )
    fates = Counter(row["fate"] for row in rows)
    print(f"fates {dict(fates)}, emails {sum(got.values())}")
    assert len(rows) == RECIPIENTS
    assert set(fates) <= {"sent", "unknown"}, "a recipient was forgotten"
    assert max(got.values()) == 1, "somebody got it twice"
    assert all(got[row["email_norm"]] == 1 for row in rows if row["fate"] == "sent")
    assert {row["available"] for row in rows} == {5}, "points given twice or not at all"
    operate(chain.world, "selfcheck")


@pytest.fixture(scope="module")
def phones(chain: Chain) -> dict[str, str]:
    """Email → phone of every member with a card on one, and all of them in a segment."""
    emails = [row["email_norm"] for row in balances(chain)]
    return {email: chain.add_card_to_phone(email) for email in emails}


@pytest.fixture(scope="module")
def segment_id(chain: Chain, phones: dict[str, str]) -> str:
    return put_into_segment(chain, list(phones))


@pytest.mark.parametrize("point", PUSH_POINTS)
def test_a_push_that_dies_on_its_way_stands_on_every_phone_once(
    chain: Chain, phones: dict[str, str], segment_id: str, point: str
) -> None:
    before = {row["email_norm"]: row["available"] for row in balances(chain)}
    armed = chain.world.state / "fault-points" / point
    armed.write_text("0")

    campaign_id = start(chain, segment_id, "push", "--push-text", f"Spring {point}")
    chain.wait(lambda: has_come_to_an_end(chain, campaign_id), "the end", DONE_WITHIN_S)

    rows = recipients(chain, campaign_id)
    fates = Counter(row["fate"] for row in rows)
    sent = {row["email_norm"] for row in rows if row["fate"] == "sent"}
    # Apple has taken them: a phone fetches what it was told of in its own time.
    chain.wait(lambda: shown_on(phones, point) >= sent, "the phones", PHONES_WITHIN_S)
    told = {email: times_shown(phone, f"Spring {point}") for email, phone in phones.items()}
    print(f"\n{point}: fates {dict(fates)}, shown {dict(Counter(told.values()))}")
    assert armed.with_name(f"{point}.hit").exists(), "nobody died"
    assert {row["email_norm"] for row in rows} == set(phones), "a recipient was forgotten"
    assert set(fates) <= {"sent", "unknown"}
    assert max(told.values()) == 1, "a phone showed it twice"
    assert {row["available"] - before[row["email_norm"]] for row in rows} == {5}
    operate(chain.world, "selfcheck")


def rage(chain: Chain, killer: Killer, people: int) -> None:
    """Kill until nine of ten have it, then wait for its end; every point must have killed."""
    campaign_id = killer.campaign_id
    killer.begin()
    try:
        chain.wait(
            lambda: ended(chain, campaign_id) * 10 >= people * 9, "nine of ten", DONE_WITHIN_S
        )
    finally:
        killer.end()
    chain.wait(lambda: state_of(chain, campaign_id) == "done", "the end", DONE_WITHIN_S)
    print(f"\n{killer.report()}")
    assert not [point for point in killer.points if not killer.hits[point]], killer.report()


def enrol(chain: Chain) -> str:
    """A segment of so many new members, who said yes to marketing."""
    operate(chain.world, "save-segment", "--shop", SHOP, "--name", "Many", "--write")
    chain.wait(lambda: bool(_segments(chain, "Many")), "the segment filled")
    (segment,) = _segments(chain, "Many")
    with psycopg.connect(chain.world.servers.owner_url) as connection:
        shop = _enter(connection)
        connection.execute(_MEMBERS, {"shop": shop, "count": RECIPIENTS, "segment": segment["id"]})
    return str(segment["id"])


def put_into_segment(chain: Chain, emails: list[str]) -> str:
    """A segment of these members, by hand."""
    operate(chain.world, "save-segment", "--shop", SHOP, "--name", "Phones", "--write")
    chain.wait(lambda: bool(_segments(chain, "Phones")), "the segment filled")
    (segment,) = _segments(chain, "Phones")
    with psycopg.connect(chain.world.servers.owner_url) as connection:
        shop = _enter(connection)
        connection.execute(_PHONES, {"shop": shop, "segment": segment["id"], "emails": emails})
    return str(segment["id"])


def has_come_to_an_end(chain: Chain, campaign_id: str) -> bool:
    """Whether it is done; what waits for its pause need not."""
    chain.hurry()
    return state_of(chain, campaign_id) == "done"


def balances(chain: Chain) -> list[dict[str, Any]]:
    """The customers who were members before anybody was made by SQL."""
    return chain.rows(
        "SELECT m.email_norm, b.available FROM member m JOIN member_balance b"
        " ON b.shop_id = m.shop_id AND b.member_id = m.id"
        " WHERE m.state = 'active' AND m.enrolled_by <> 'import' AND m.email_norm <> ''"
    )


def shown_on(phones: dict[str, str], point: str) -> set[str]:
    """Whose phones have shown the campaign of this point."""
    return {email for email, phone in phones.items() if times_shown(phone, f"Spring {point}")}


def times_shown(phone: str, text: str) -> int:
    """How often the phone showed the text."""
    return sum(text in str(one) for one in ask(phone)["lock_screen"])


def recipients(chain: Chain, campaign_id: str) -> list[dict[str, Any]]:
    """Everybody of the campaign, with their fate and balance."""
    return chain.rows(
        "SELECT m.email_norm, r.fate, b.available FROM campaign_recipient r"
        " JOIN member m ON m.shop_id = r.shop_id AND m.id = r.member_id"
        " JOIN member_balance b ON b.shop_id = r.shop_id AND b.member_id = r.member_id"
        " WHERE r.campaign_id = %s",
        campaign_id,
    )


def start(chain: Chain, segment_id: str, channel: str, *words: str) -> str:
    """A campaign to the segment, with five points for each; its id."""
    campaign_id = operate(
        chain.world, "save-campaign", "--shop", SHOP, "--name", "Spring", "--channel", channel,
        "--segment", segment_id, "--bonus-points", "5", *words,
    )  # fmt: skip
    operate(chain.world, "start-campaign", "--shop", SHOP, "--id", campaign_id)
    return campaign_id


def _let_send(chain: Chain) -> None:
    """Let SES take them faster than anybody sends them."""
    content = json.dumps({"rate_max": RATE_MAX, "quota_max": RECIPIENTS * 4}).encode()
    request = urllib.request.Request(
        f"{chain.world.mail_url}/_control/settings",
        content,
        {"Content-Type": "application/json"},
        method="PUT",
    )
    urllib.request.urlopen(request, timeout=30).close()


def _enter(connection: psycopg.Connection[Any]) -> int:
    """The shop's id, whose rows this transaction may write from now on."""
    row = connection.execute(
        "SELECT shop_id FROM shop_directory WHERE domain = %s", [SHOP]
    ).fetchone()
    assert row
    connection.execute(f"SET LOCAL encore.shop = '{int(row[0])}'".encode())
    return int(row[0])


def _segments(chain: Chain, name: str) -> list[dict[str, Any]]:
    return chain.rows("SELECT id FROM segment WHERE name = %s AND refreshed_at IS NOT NULL", name)
