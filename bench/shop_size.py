"""What an order costs in a shop of a million members against one of ten thousand.

The same drain as in "Draining orders", on two servers one after the other; all members are made
by SQL, and the orders are drawn from all of them. Both servers have 1 GB of buffers; with
PostgreSQL's own 128 MB the ratio was 1.42 on the same machine.
"""

import sys
import tempfile
from pathlib import Path

from bench.figures import Figure, median
from bench.order_drain import drained_per_second, prepare
from bench.order_world import open_world

FEW, MANY, ORDERS, ROUNDS = 10_000, 1_000_000, 1_000, 3


def run(many: int = MANY, orders: int = ORDERS) -> list[Figure]:
    """Both shops, each on a server of its own."""
    few_ms, many_ms = (_ms_per_order(members, orders) for members in (FEW, many))
    return [
        Figure(f"an order among {FEW:,} members", f"{few_ms:.2f} ms", "one worker, every rule on"),
        Figure(f"an order among {many:,} members", f"{many_ms:.2f} ms", "the same"),
        Figure("ratio", f"{many_ms / few_ms:.2f}", "we aim at 1.3 or less"),
    ]


def _ms_per_order(members: int, orders: int) -> float:
    with tempfile.TemporaryDirectory(dir="/var/tmp") as folder, open_world(Path(folder)) as world:
        prepare(world, Path(folder), members)
        rates = [
            drained_per_second(world, orders, members, first=(number + 1) * 1_000_000)
            for number in range(ROUNDS)
        ]
    return 1000 / median(rates)


if __name__ == "__main__":
    for figure in run(*map(int, sys.argv[1:])):
        print(f"{figure.name}: {figure.value} ({figure.meaning})")
