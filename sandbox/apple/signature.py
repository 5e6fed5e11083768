"""Checks a pass signature with the openssl program, which shares no code with any signer.

Invariant: a signer is returned only for a detached signature whose chain ends in our root.
"""

import re
import subprocess
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509

from sandbox.apple.certificates import PASS_SIGNING, PASS_TYPE_EXTENSION, subject_of
from sandbox.apple.problems import Problem

Signer = tuple[str, str]
"""(pass type id, team id) of the certificate that signed."""

SIGNING_TIME = re.compile(r"signingTime.*?(?:UTCTIME|GENERALIZEDTIME):(.{20}) GMT", re.S)


class SignatureChecker:
    """Verifies against one root certificate; safe from any thread."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def check(self, signature: bytes, manifest: bytes) -> tuple[Signer | None, list[Problem]]:
        """Return the signer (None if it cannot be trusted) and what is wrong."""
        with tempfile.TemporaryDirectory(prefix="pass-") as name:
            directory = Path(name)
            (directory / "signature").write_bytes(signature)
            (directory / "manifest.json").write_bytes(manifest)
            problems = _structure_problems(directory)
            error = self._verify(directory)
            if error:
                return None, [*problems, Problem("bad_signature", error)]
            pem = (directory / "signer.pem").read_bytes()
        return _read_signer(pem, problems)

    def _verify(self, directory: Path) -> str:
        # -purpose any: a pass certificate is not one for e-mail, which is smime's default.
        verified = _openssl(
            directory, "smime", "-verify", "-binary", "-inform", "DER", "-in", "signature",
            "-content", "manifest.json", "-CAfile", str(self._root), "-purpose", "any",
            "-signer", "signer.pem", "-out", "verified",
        )  # fmt: skip
        return "" if verified.returncode == 0 else _last_reason(verified.stderr)


def _structure_problems(directory: Path) -> list[Problem]:
    printed = _openssl(directory, "cms", "-cmsout", "-print", "-noout", "-inform", "DER",
                       "-in", "signature")  # fmt: skip
    if printed.returncode != 0:
        return [Problem("signature_unreadable", "the signature is no DER-encoded CMS")]
    text = printed.stdout.decode(errors="replace")
    problems = []
    # openssl verifies an attached signature as well; Wallet wants none.
    if not re.search(r"eContent:\s*<ABSENT>", text):
        problems.append(Problem("signature_attached", "the signature carries its content"))
    return problems + _signing_time_problems(text)


def _signing_time_problems(text: str) -> list[Problem]:
    found = SIGNING_TIME.search(text)
    if not found:
        return [Problem("signing_time_missing", "the signature has no signing time")]
    signed_at = datetime.strptime(found[1], "%b %d %H:%M:%S %Y").replace(tzinfo=UTC)
    if signed_at > datetime.now(UTC) + timedelta(days=1):
        return [Problem("signing_time_future", f"signed at {signed_at.isoformat()}")]
    return []


def _read_signer(pem: bytes, problems: list[Problem]) -> tuple[Signer | None, list[Problem]]:
    certificates = x509.load_pem_x509_certificates(pem)
    if len(certificates) != 1:
        return None, [*problems, Problem("signers", f"{len(certificates)} signers, not one")]
    leaf = certificates[0]
    if not _may_sign_passes(leaf):
        problems.append(Problem("not_a_pass_certificate", "the signer may not sign passes"))
    return subject_of(leaf), problems


def _may_sign_passes(leaf: x509.Certificate) -> bool:
    marks = {extension.oid for extension in leaf.extensions}
    try:
        usages = set(leaf.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value)
    except x509.ExtensionNotFound:
        return False
    return PASS_TYPE_EXTENSION in marks and PASS_SIGNING in usages


def _openssl(directory: Path, *arguments: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        ["openssl", *arguments], cwd=directory, capture_output=True, timeout=30, check=False
    )


def _last_reason(stderr: bytes) -> str:
    lines = [line for line in stderr.decode(errors="replace").splitlines() if line.strip()]
    return lines[-1] if lines else "openssl refused without a word"
