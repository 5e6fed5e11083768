"""What no code can prove is claimed nowhere: R143, R144."""

import re
import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[2]
# Levels and reports that an assessor gives, never a program.
_CLAIMS = re.compile(r"PCI[ -]?DSS|SOC ?2|ISO ?27001|\bHIPAA\b", re.I)
# The list says that they are not claimed, and this file what is looked for.
_ALLOWED = {"docs/requirements.md", "tests/docs/test_claims.py"}


def _files() -> list[str]:
    listed = subprocess.run(
        [
            "git",
            "ls-files",
            "*.md",
            "*.html",
            "*.mjml",
            "*.txt",
            "*.toml",
            "*.json",
            "*.js",
            "*.tsx",
            "*.po",
            "*.py",
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return [name for name in listed.stdout.split() if "/vendor/" not in name]


def _is_claiming(name: str) -> bool:
    path = ROOT / name
    return path.exists() and _CLAIMS.search(path.read_text("utf-8", "ignore")) is not None


def test_nothing_that_code_cannot_prove_is_claimed() -> None:
    files = _files()

    assert len(files) > 50
    assert [name for name in files if _is_claiming(name) and name not in _ALLOWED] == []


def test_a_claim_would_be_found() -> None:
    assert _is_claiming("docs/requirements.md")
