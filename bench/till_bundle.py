"""What a till downloads before it can show us: the bundle of each target of the POS extension.

Gzip at its default level, as the network would carry it.
"""

import gzip
from pathlib import Path

from bench.figures import Figure

BUNDLES = Path(__file__).parents[1] / "pos_extension" / "ui" / "dist"


def run() -> list[Figure]:
    """One figure for each target that was built."""
    return [_measure(bundle) for bundle in sorted(BUNDLES.glob("*.js"))]


def _measure(bundle: Path) -> Figure:
    content = bundle.read_bytes()
    size = len(gzip.compress(content)) / 1024
    meaning = f"{len(content) / 1024:.1f} KB before; we aim at 16 KB or less"
    return Figure(bundle.stem, f"{size:.1f} KB", meaning)
