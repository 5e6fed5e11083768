"""The certificates that the stand-in writes, read by the openssl program."""

import subprocess
from pathlib import Path

from sandbox.apple.certificates import ensure_certificates
from tests.sandbox.apple.stand_in import StandIn


def _openssl(*arguments: str) -> str:
    return subprocess.run(
        ["openssl", *arguments], capture_output=True, check=True, text=True
    ).stdout


def test_the_leaf_has_the_shape_of_a_pass_type_certificate(apple: StandIn) -> None:
    text = _openssl("x509", "-in", f"{apple.directory}/pass.pem", "-noout", "-text",
                    "-nameopt", "RFC2253")  # fmt: skip

    for part in (
        f"UID={apple.pass_type_id}", f"CN=Pass Type ID: {apple.pass_type_id}",
        f"OU={apple.team_id}", "TLS Web Client Authentication, 1.2.840.113635.100.4.14",
        "1.2.840.113635.100.6.1.16:", "1.2.840.113635.100.6.3.2:", "Digital Signature",
        "Public-Key: (2048 bit)",
    ):  # fmt: skip
        assert part in text


def test_the_chain_leads_from_the_leaf_to_the_root(apple: StandIn) -> None:
    at = apple.directory

    checked = _openssl("verify", "-CAfile", f"{at}/root.pem", "-untrusted", f"{at}/wwdr.pem",
                       f"{at}/pass.pem", f"{at}/foreign.pem")  # fmt: skip

    assert checked.count(": OK") == 2


def test_files_are_private_and_used_again(tmp_path: Path) -> None:
    first = ensure_certificates(tmp_path, "pass.com.example.encore", "ENCORE1234")
    before = {name: Path(path).read_bytes() for name, path in first.items()}

    again = ensure_certificates(tmp_path, "pass.com.example.encore", "ENCORE1234")

    assert {name: Path(path).read_bytes() for name, path in again.items()} == before
    assert {Path(path).stat().st_mode & 0o777 for path in again.values()} == {0o600}


def test_another_pass_type_gets_another_set(tmp_path: Path) -> None:
    files = ensure_certificates(tmp_path, "pass.com.example.encore", "ENCORE1234")
    before = Path(files["pass.pem"]).read_bytes()

    ensure_certificates(tmp_path, "pass.com.example.other", "ENCORE1234")

    assert Path(files["pass.pem"]).read_bytes() != before
