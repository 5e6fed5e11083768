"""R154: a campaign of 10,000 under kill -9: no recipient twice but in doubt, none forgotten.

Processes die at named points of the campaign's way after a random number of passes, and the mail
worker and the relay at random moments besides, whenever the campaign has come further since, until
nine of ten have it. A point that killed nobody fails the proof.
"""

import json
import random
import shutil
import signal
import tempfile
import threading
import time
import urllib.request
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from sandbox.demo.story import ask, open_admin, operate
from sandbox.demo.world import running_world
from tests.flows.chain import SHOP, Chain

pytestmark = pytest.mark.proof

RECIPIENTS = 10_000
POINTS = {
    "campaign_before_commit": 6,
    "campaign_after_commit": 6,
    "relay_mid_batch": 3,
    "delivery_after_claim.mail": 150,
    "email_before_send": 150,
    "email_after_send": 150,
    "delivery_before_done.mail": 150,
}
"""Each point, and how often it is passed at most before it kills; some are for each email."""
EVERY_S = 8.0
RATE_MAX = 400
DONE_WITHIN_S = 3_600
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


@pytest.fixture(scope="module")
def chain() -> Iterator[Chain]:
    state = Path(tempfile.mkdtemp(prefix="encore-campaign-kill-", dir="/var/tmp"))
    state.chmod(0o711)
    try:
        points = state / "fault-points"
        with running_world(state, customers=5, orders=5, fault_points=points) as world:
            open_admin(world, SHOP)
            operate(world, "wait-for-backfill", "--shop", SHOP)
            yield Chain(world)
    finally:
        shutil.rmtree(state, ignore_errors=True)


def test_a_campaign_killed_at_random_points_tells_everybody_once(chain: Chain) -> None:
    campaign_id = start(chain, enrol(chain))

    killer = Killer(chain, campaign_id)
    killer.begin()
    enough = RECIPIENTS * 9 // 10
    try:
        chain.wait(lambda: ended(chain, campaign_id) >= enough, "nine of ten", DONE_WITHIN_S)
    finally:
        killer.end()
    chain.wait(lambda: state_of(chain, campaign_id) == "done", "the end", DONE_WITHIN_S)

    print(f"\n{killer.report()}")
    assert not [point for point in POINTS if not killer.hits[point]], killer.report()
    rows = chain.rows(
        "SELECT m.email_norm, r.fate, r.email_reason, b.available FROM campaign_recipient r"
        " JOIN member m ON m.shop_id = r.shop_id AND m.id = r.member_id"
        " JOIN member_balance b ON b.shop_id = r.shop_id AND b.member_id = r.member_id"
        " WHERE r.campaign_id = %s",
        campaign_id,
    )
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


class Killer:
    """Kills, in a thread of its own, until it is told to stop."""

    def __init__(self, chain: Chain, campaign_id: str) -> None:
        self._chain, self._folder = chain, chain.world.state / "fault-points"
        self._campaign_id = campaign_id
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._rage, name="killer")
        self._random = random.Random(154)
        self.hits: Counter[str] = Counter()

    def begin(self) -> None:
        """Start killing."""
        self._thread.start()

    def end(self) -> None:
        """Stop, and let whoever is left alone."""
        self._is_over.set()
        self._thread.join()

    def report(self) -> str:
        """What died, how often."""
        return f"kills: {dict(self.hits)}"

    def _rage(self) -> None:
        seen = None
        while not self._is_over.wait(EVERY_S):
            self._collect()
            # Who is killed anew before they could do anything proves nothing, and never ends.
            if (now := how_far(self._chain, self._campaign_id)) == seen:
                continue
            seen = now
            for point in POINTS:
                self._arm(point)
            self._is_over.wait(self._random.uniform(0, EVERY_S))
            child = self._random.choice(("worker-mail", "worker-relay"))
            self._chain.world.processes.children[child].tell(signal.SIGKILL)
            self.hits[f"{child} at random"] += 1
        self._collect()
        for point in POINTS:
            (self._folder / point).unlink(missing_ok=True)

    def _arm(self, point: str) -> None:
        # Who is killed elsewhere first never comes far: a point that met nobody takes the next one.
        passes = self._random.randint(0, POINTS[point]) if self.hits[point] else 0
        (self._folder / point).write_text(str(passes))

    def _collect(self) -> None:
        for point in POINTS:
            hit = self._folder / f"{point}.hit"
            if hit.exists():
                hit.unlink()
                self.hits[point] += 1


def enrol(chain: Chain) -> str:
    """A segment of so many new members, who said yes to marketing."""
    operate(chain.world, "save-segment", "--shop", SHOP, "--name", "Many", "--write")
    chain.wait(lambda: bool(_segments(chain)), "the segment filled")
    (segment,) = _segments(chain)
    with psycopg.connect(chain.world.servers.owner_url) as connection:
        shop = connection.execute(
            "SELECT shop_id FROM shop_directory WHERE domain = %s", [SHOP]
        ).fetchone()
        assert shop
        connection.execute(f"SET LOCAL encore.shop = '{int(shop[0])}'".encode())
        values: dict[str, Any] = {"shop": shop[0], "count": RECIPIENTS, "segment": segment["id"]}
        connection.execute(_MEMBERS, values)
    return str(segment["id"])


def start(chain: Chain, segment_id: str) -> str:
    """A campaign to the segment by email, with five points for each; its id."""
    _let_send(chain)
    text = chain.world.state / "campaign.txt"
    text.write_text("Hello {{ first_name }}\n")
    campaign_id = operate(
        chain.world, "save-campaign", "--shop", SHOP, "--name", "Spring", "--channel", "email",
        "--segment", segment_id, "--subject", "Spring", "--text-file", str(text),
        "--bonus-points", "5",
    )  # fmt: skip
    operate(chain.world, "start-campaign", "--shop", SHOP, "--id", campaign_id)
    return campaign_id


def how_far(chain: Chain, campaign_id: str) -> dict[str, Any]:
    """What changes whenever anything of the campaign is brought on."""
    return chain.rows(
        "SELECT count(*) AS known, count(turn_at) AS told,"
        " count(*) FILTER (WHERE fate IN ('sent', 'unknown')) AS ended"
        " FROM campaign_recipient WHERE campaign_id = %s",
        campaign_id,
    )[0]


def ended(chain: Chain, campaign_id: str) -> int:
    """How many have it, or may have it; who waits for it need not ask more often."""
    state_of(chain, campaign_id)
    return int(how_far(chain, campaign_id)["ended"])


def state_of(chain: Chain, campaign_id: str) -> str:
    """The campaign's state; who waits for it need not ask more often."""
    time.sleep(1)
    found = chain.rows("SELECT state, error FROM campaign WHERE id = %s", campaign_id)[0]
    assert found["error"] is None, found["error"]
    return str(found["state"])


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


def _segments(chain: Chain) -> list[dict[str, Any]]:
    return chain.rows("SELECT id FROM segment WHERE name = 'Many' AND refreshed_at IS NOT NULL")
