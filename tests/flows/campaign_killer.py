"""Kills what brings a campaign on, whenever the campaign has come further since the last time."""

import random
import signal
import threading
import time
from collections import Counter
from collections.abc import Mapping
from typing import Any

from tests.flows.chain import Chain

EVERY_S = 8.0


class Killer:
    """Kills, in a thread of its own, until it is told to stop."""

    def __init__(
        self, chain: Chain, campaign_id: str, points: Mapping[str, int], worker: str
    ) -> None:
        self._chain, self._folder = chain, chain.world.state / "fault-points"
        self.campaign_id, self.points, self._worker = campaign_id, points, worker
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
            if (now := how_far(self._chain, self.campaign_id)) == seen:
                continue
            seen = now
            for point in self.points:
                self._arm(point)
            self._is_over.wait(self._random.uniform(0, EVERY_S))
            child = self._random.choice((self._worker, "worker-relay"))
            self._chain.world.processes.children[child].tell(signal.SIGKILL)
            self.hits[f"{child} at random"] += 1
        self._collect()
        for point in self.points:
            (self._folder / point).unlink(missing_ok=True)

    def _arm(self, point: str) -> None:
        # Who is killed elsewhere first never comes far: a point that met nobody takes the next one.
        passes = self._random.randint(0, self.points[point]) if self.hits[point] else 0
        (self._folder / point).write_text(str(passes))

    def _collect(self) -> None:
        for point in self.points:
            hit = self._folder / f"{point}.hit"
            if hit.exists():
                hit.unlink()
                self.hits[point] += 1


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
