"""Makes the stand-in for Apple's certificates once and writes them into one directory.

Invariant: every file is 0600, and files that are still good are used again, never replaced.
"""

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

# The shape of a real Pass Type ID certificate: its three own object identifiers.
PASS_SIGNING = x509.ObjectIdentifier("1.2.840.113635.100.4.14")
PASS_TYPE_EXTENSION = x509.ObjectIdentifier("1.2.840.113635.100.6.1.16")
WWDR_LEAF_MARK = x509.ObjectIdentifier("1.2.840.113635.100.6.3.2")
DER_NULL = b"\x05\x00"

FOREIGN_PASS_TYPE_ID, FOREIGN_TEAM_ID = "pass.org.example.borealis", "FOREIGN001"
AUTHORITIES = ("root", "wwdr", "apns-ca")
LEAVES = ("pass", "foreign", "apns")

Extension = tuple[x509.ExtensionType, bool]


@dataclass(frozen=True)
class Issued:
    """A certificate with its private key."""

    certificate: x509.Certificate
    key: rsa.RSAPrivateKey


def ensure_certificates(directory: Path, pass_type_id: str, team_id: str) -> dict[str, str]:
    """Return {file name: path} of a complete set in `directory`, made if it is not there.

    root.pem ← wwdr.pem ← pass.pem (ours) and foreign.pem (another team's); apns-ca.pem ← apns.pem
    (the TLS server's). Each has its .key beside it, so that tests can issue more.
    """
    directory.mkdir(parents=True, exist_ok=True)
    if not _is_complete(directory, pass_type_id, team_id):
        _make_all(directory, pass_type_id, team_id)
    names = [f"{stem}.{kind}" for stem in (*AUTHORITIES, *LEAVES) for kind in ("pem", "key")]
    return {name: str(directory / name) for name in names}


def read_issued(directory: Path, stem: str) -> Issued:
    """Read `stem`.pem and `stem`.key back."""
    certificate = x509.load_pem_x509_certificate((directory / f"{stem}.pem").read_bytes())
    key = serialization.load_pem_private_key((directory / f"{stem}.key").read_bytes(), None)
    assert isinstance(key, rsa.RSAPrivateKey)
    return Issued(certificate, key)


def write_issued(directory: Path, stem: str, issued: Issued) -> None:
    """Write `stem`.pem and `stem`.key, readable by their owner alone."""
    _write_private(
        directory / f"{stem}.pem", issued.certificate.public_bytes(serialization.Encoding.PEM)
    )
    key = issued.key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    _write_private(directory / f"{stem}.key", key)


def write_impostor(directory: Path) -> None:
    """Write impostor.pem: APNs' own name, certified by an authority that nobody trusts."""
    stranger = _authority("Somebody Else's CA", None, path_length=0)
    write_issued(directory, "impostor", _apns_server_certificate(stranger))


def issue_pass_certificate(wwdr: Issued, pass_type_id: str, team_id: str) -> Issued:
    """Issue what Apple gives a developer for one pass type: it signs passes and opens APNs."""
    subject = _name(
        (NameOID.USER_ID, pass_type_id),
        (NameOID.COMMON_NAME, f"Pass Type ID: {pass_type_id}"),
        (NameOID.ORGANIZATIONAL_UNIT_NAME, team_id),
        (NameOID.ORGANIZATION_NAME, f"Stand-in team {team_id}"),
        (NameOID.COUNTRY_NAME, "US"),
    )
    usages = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH, PASS_SIGNING])
    utf8_string = bytes([0x0C, len(pass_type_id)]) + pass_type_id.encode()
    extensions: list[Extension] = [
        (x509.BasicConstraints(ca=False, path_length=None), True),
        (usages, True),
        (_key_usage("digital_signature"), True),
        (x509.UnrecognizedExtension(PASS_TYPE_EXTENSION, utf8_string), False),
        (x509.UnrecognizedExtension(WWDR_LEAF_MARK, DER_NULL), False),
    ]
    return issue(subject, wwdr, extensions, days=365)


def issue(
    subject: x509.Name, issuer: Issued | None, extensions: Sequence[Extension], days: int
) -> Issued:
    """Issue an RSA-2048 certificate for `subject`; without an issuer it signs itself."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    signing_key = issuer.key if issuer else key
    now = datetime.now(UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer.certificate.subject if issuer else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        # Yesterday, so that a clock a little behind still accepts it.
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=days))
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(signing_key.public_key()), False
        )
    )
    for extension, critical in extensions:
        builder = builder.add_extension(extension, critical)
    return Issued(builder.sign(signing_key, hashes.SHA256()), key)


def _make_all(directory: Path, pass_type_id: str, team_id: str) -> None:
    root = _authority("Stand-in Apple Root CA", None, path_length=1)
    wwdr = _authority("Stand-in Apple Worldwide Developer Relations CA", root, path_length=0)
    apns_ca = _authority("Stand-in APNs Server CA", None, path_length=0)
    made = {
        "root": root,
        "wwdr": wwdr,
        "apns-ca": apns_ca,
        "apns": _apns_server_certificate(apns_ca),
        "foreign": issue_pass_certificate(wwdr, FOREIGN_PASS_TYPE_ID, FOREIGN_TEAM_ID),
        # Last: _is_complete reads this one, so a start that was cut short begins anew.
        "pass": issue_pass_certificate(wwdr, pass_type_id, team_id),
    }
    for stem, issued in made.items():
        write_issued(directory, stem, issued)


def _authority(common_name: str, issuer: Issued | None, *, path_length: int) -> Issued:
    subject = _name((NameOID.COMMON_NAME, common_name), (NameOID.COUNTRY_NAME, "US"))
    extensions: list[Extension] = [
        (x509.BasicConstraints(ca=True, path_length=path_length), True),
        (_key_usage("key_cert_sign", "crl_sign"), True),
    ]
    return issue(subject, issuer, extensions, days=3650)


def _apns_server_certificate(authority: Issued) -> Issued:
    names = [x509.DNSName("localhost"), x509.IPAddress(ip_address("127.0.0.1"))]
    extensions: list[Extension] = [
        (x509.BasicConstraints(ca=False, path_length=None), True),
        (x509.SubjectAlternativeName(names), False),
        (x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), False),
        (_key_usage("digital_signature", "key_encipherment"), True),
    ]
    return issue(_name((NameOID.COMMON_NAME, "localhost")), authority, extensions, days=365)


def _is_complete(directory: Path, pass_type_id: str, team_id: str) -> bool:
    try:
        found = {stem: read_issued(directory, stem) for stem in (*AUTHORITIES, *LEAVES)}
    except (OSError, ValueError):
        return False
    soon = datetime.now(UTC) + timedelta(days=7)
    if any(issued.certificate.not_valid_after_utc < soon for issued in found.values()):
        return False
    return subject_of(found["pass"].certificate) == (pass_type_id, team_id)


def subject_of(certificate: x509.Certificate) -> tuple[str, str]:
    """Return (UID, OU) = (pass type id, team id); a name that is missing is ''."""
    return (
        _first_value(certificate.subject, NameOID.USER_ID),
        _first_value(certificate.subject, NameOID.ORGANIZATIONAL_UNIT_NAME),
    )


def _first_value(name: x509.Name, oid: x509.ObjectIdentifier) -> str:
    return next((str(attribute.value) for attribute in name.get_attributes_for_oid(oid)), "")


def _name(*parts: tuple[x509.ObjectIdentifier, str]) -> x509.Name:
    return x509.Name([x509.NameAttribute(oid, value) for oid, value in parts])


def _key_usage(*wanted: str) -> x509.KeyUsage:
    known: Iterable[str] = (
        "digital_signature", "content_commitment", "key_encipherment", "data_encipherment",
        "key_agreement", "key_cert_sign", "crl_sign", "encipher_only", "decipher_only",
    )  # fmt: skip
    return x509.KeyUsage(**{usage: usage in wanted for usage in known})


def _write_private(path: Path, content: bytes) -> None:
    # Made with its final mode: there is no moment at which others could read it.
    path.unlink(missing_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
