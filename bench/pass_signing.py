"""Whole passes signed per second on one core, as a share of `openssl speed rsa2048`.

An RSA signature is what a pass cannot do without; the share is what our engine leaves of it.
"""

import re
import subprocess
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

from bench.figures import Figure, median
from sandbox.apple.certificates import ensure_certificates
from wallet.apple.card import default_artwork
from wallet.apple.models import Barcode, Pass, StoreCard
from wallet.apple.signing import Signer, load_signer

ROUNDS, SECONDS = 3, 4


def run() -> list[Figure]:
    """Ours and openssl's in turns, so that the machine's mood hits both."""
    ours, theirs = [], []
    with tempfile.TemporaryDirectory() as folder:
        signer = _signer(Path(folder))
        for _ in range(ROUNDS):
            ours.append(_passes_per_second(signer))
            theirs.append(_openssl_signatures_per_second())
    share = median(ours) / median(theirs)
    return [
        Figure("passes signed per second, one core", f"{median(ours):,.0f}", "whole .pkpass files"),
        Figure("`openssl speed rsa2048` signatures per second", f"{median(theirs):,.0f}", ""),
        Figure("share", f"{share:.2f}", "1 would be nothing but RSA; we aim at 0.5"),
    ]


def _signer(folder: Path) -> Signer:
    ensure_certificates(folder, "pass.com.example.encore", "ENCORE1234")
    return load_signer(folder / "pass.pem", folder / "pass.key", folder / "wwdr.pem")


def _passes_per_second(signer: Signer) -> float:
    artwork, count, started = default_artwork(), 0, time.perf_counter()
    while (spent := time.perf_counter() - started) < SECONDS:
        count += 1
        _card(count, signer).create(signer, datetime.now(UTC), artwork)
    return count / spent


def _card(number: int, signer: Signer) -> Pass:
    card = StoreCard()
    card.addPrimaryField("balance", str(number), "Points").changeMessage = "Now %@ points"
    card.addSecondaryField("member", "Alice Ito", "Member")
    card.addBackField("terms", "One point for each whole dollar.", "How it works")
    return Pass(
        card,
        signer.pass_type_id,
        "Aurora",
        signer.team_id,
        serialNumber=f"1-{number}",
        barcode=Barcode(f"m{number:032d}"),
    )


def _openssl_signatures_per_second() -> float:
    done = subprocess.run(
        ["openssl", "speed", "-seconds", str(SECONDS), "rsa2048"],
        capture_output=True,
        text=True,
        check=True,
    )
    row = re.search(r"^rsa 2048 bits\s+\S+s\s+\S+s\s+([\d.]+)", done.stdout, re.M)
    assert row, done.stdout
    return float(row[1])
