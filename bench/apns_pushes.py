"""Pushes to APNs per second of the client's processor, beside aioapns.

Both push the same tokens over one connection of HTTP/2 and TLS with a client certificate, each from
a process of its own, in turns. APNs is the stand-in, in a process of its own: it is slower than
either client's processor, so only the client's own processor time is counted.
"""

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests

from bench.figures import Figure, median

ROOT = Path(__file__).parents[1]
ROUNDS, TOKENS = 3, 8000


@dataclass(frozen=True)
class Apns:
    """The stand-in that serves, and its devices' tokens."""

    folder: Path
    url: str
    topic: str
    tokens: list[str]


def run() -> list[Figure]:
    """Ours and aioapns in turns."""
    ours, theirs = [], []
    with tempfile.TemporaryDirectory(dir="/var/tmp") as folder, _serving(Path(folder)) as apns:
        for _ in range(ROUNDS):
            ours.append(_pushes_per_processor_second("ours", apns))
            theirs.append(_pushes_per_processor_second("aioapns", apns))
    times = median(ours) / median(theirs)
    meaning = f"{TOKENS} tokens, one connection, every push accepted"
    return [
        Figure("pushes per second of our processor time", f"{median(ours):,.0f}", meaning),
        Figure("the same with aioapns", f"{median(theirs):,.0f}", ""),
        Figure("times", f"{times:.1f}", "we aim at 10"),
    ]


@contextmanager
def _serving(folder: Path) -> Iterator[Apns]:
    server = subprocess.Popen(
        [sys.executable, "-m", "sandbox.apple", "--state", str(folder)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert server.stdout
        ready = json.loads(server.stdout.readline())
        control = f"{ready['phone_url']}/_control"
        # One token is pushed to more often here than APNs would ever like.
        _ask("PUT", f"{control}/limits", {"pushes_max": 1000})
        tokens = _ask("POST", f"{control}/tokens", {"count": TOKENS})["tokens"]
        yield Apns(folder, ready["apns_url"], ready["pass_type_id"], tokens)
    finally:
        server.terminate()
        server.wait(30)


def _ask(method: str, url: str, body: dict[str, int]) -> Any:
    answer = requests.request(method, url, json=body, timeout=30)
    answer.raise_for_status()
    return answer.json()


def _pushes_per_processor_second(kind: str, apns: Apns) -> float:
    done = subprocess.run(
        [
            *(sys.executable, "-m", "bench.apns_client", kind),
            *(str(apns.folder), apns.url, apns.topic),
        ],
        input="\n".join(apns.tokens),
        stdout=subprocess.PIPE,
        text=True,
        check=True,
        cwd=ROOT,
    )
    told = json.loads(done.stdout)
    assert told["accepted"] == TOKENS, f"{kind}: {told['accepted']} of {TOKENS} accepted"
    return float(told["accepted"] / told["processor_s"])
