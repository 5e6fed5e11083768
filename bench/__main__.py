"""`make bench`: run every benchmark and write docs/benchmarks.md."""

import os
import platform
import sys
from datetime import UTC, datetime
from pathlib import Path

from bench import (
    admin_frame,
    apns_pushes,
    campaign,
    fresh_clone,
    history,
    insight_job,
    insight_numbers,
    member_profile,
    members_list,
    order_drain,
    order_to_phone,
    pass_signing,
    projection_plan,
    segment_size,
    shop_size,
    till_bundle,
    till_redeem,
    till_scan,
    webhook_acceptance,
)
from bench.figures import Figure
from bench.warden import run_guarded

REPORT = Path(__file__).parents[1] / "docs" / "benchmarks.md"
BENCHMARKS = {
    "Accepting webhooks": webhook_acceptance,
    "Draining orders": order_drain,
    "An order in a large shop": shop_size,
    "Reading a shop's history": history,
    "A segment of a million": segment_size,
    "The numbers of insight": insight_numbers,
    "A night's run of insight": insight_job,
    "Members list": members_list,
    "A member's profile": member_profile,
    "The admin on a slow processor": admin_frame,
    "Projection plan": projection_plan,
    "Signing passes": pass_signing,
    "Pushing to phones": apns_pushes,
    "From an order to the phone": order_to_phone,
    "Preparing a campaign": campaign,
    "A scan at the till": till_scan,
    "A redemption at the till": till_redeem,
    "The till's bundle": till_bundle,
    "From a fresh clone to serving": fresh_clone,
}


_HEAD = (
    "# Benchmarks\n\n"
    "Written by `make bench`. Trust the shares, not the digits: the machine is small and shared.\n"
)


def main() -> None:
    """Run all, or those whose titles are named, one after another so that none disturbs the next.

    What is not run keeps its section.
    """
    wanted = [title for title in BENCHMARKS if title in (sys.argv[1:] or BENCHMARKS)]
    sections = _read_sections()
    for title in wanted:
        print(title, "...", flush=True)
        when, module = _now_and_here(), BENCHMARKS[title]
        figures = module.run()
        for figure in figures:
            print(f"  {figure.name}: {figure.value}", flush=True)
        sections[title] = _section(title, module.__doc__ or "", figures, when)
        _write(sections)


def _now_and_here() -> str:
    machine = f"{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}"
    load = f"load average {os.getloadavg()[0]:.1f} before it began"
    return f"Measured on {datetime.now(UTC):%Y-%m-%d}: {machine}, {load}."


def _read_sections() -> dict[str, str]:
    """Title → section, as the report has them."""
    parts = REPORT.read_text().split("\n## ")[1:] if REPORT.exists() else []
    return {part.partition("\n")[0]: f"## {part.rstrip()}\n" for part in parts}


def _section(title: str, what: str, figures: list[Figure], when: str) -> str:
    rows = "\n".join(f"| {each.name} | {each.value} | {each.meaning} |" for each in figures)
    return (
        f"## {title}\n\n{what.strip()}\n\n"
        f"| figure | value | |\n| --- | --- | --- |\n{rows}\n\n{when}\n"
    )


def _write(sections: dict[str, str]) -> None:
    known = [sections[title] for title in BENCHMARKS if title in sections]
    REPORT.write_text("\n".join([_HEAD, *known]))


if __name__ == "__main__":
    sys.exit(run_guarded(main))
