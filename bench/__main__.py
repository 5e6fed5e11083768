"""`make bench`: run every benchmark and write docs/benchmarks.md."""

import os
import platform
import sys
from datetime import UTC, datetime
from pathlib import Path

from bench import (
    apns_pushes,
    fresh_clone,
    order_to_phone,
    pass_signing,
    till_bundle,
    till_scan,
    webhook_acceptance,
)
from bench.figures import Figure
from bench.warden import run_guarded

REPORT = Path(__file__).parents[1] / "docs" / "benchmarks.md"
BENCHMARKS = {
    "Accepting webhooks": webhook_acceptance,
    "Signing passes": pass_signing,
    "Pushing to phones": apns_pushes,
    "From an order to the phone": order_to_phone,
    "A scan at the till": till_scan,
    "The till's bundle": till_bundle,
    "From a fresh clone to serving": fresh_clone,
}


def main() -> None:
    """Run them one after another, so that none disturbs the next."""
    parts = [_head()]
    for title, module in BENCHMARKS.items():
        print(title, "...", flush=True)
        figures = module.run()
        for figure in figures:
            print(f"  {figure.name}: {figure.value}", flush=True)
        parts.append(_part(title, module.__doc__ or "", figures))
    REPORT.write_text("\n".join(parts))


def _head() -> str:
    machine = f"{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}"
    machine += f", load average {os.getloadavg()[2]:.1f} before we began"
    return (
        "# Benchmarks\n\n"
        f"Written by `make bench` on {datetime.now(UTC):%Y-%m-%d} ({machine}). "
        "Trust the shares, not the digits: the machine is small and shared.\n"
    )


def _part(title: str, what: str, figures: list[Figure]) -> str:
    rows = "\n".join(f"| {each.name} | {each.value} | {each.meaning} |" for each in figures)
    return f"## {title}\n\n{what.strip()}\n\n| figure | value | |\n| --- | --- | --- |\n{rows}\n"


if __name__ == "__main__":
    sys.exit(run_guarded(main))
