"""A chain like Apple's (root → WWDR → pass certificate), made for one test run."""

import datetime
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

PASS_TYPE_ID = "pass.com.example.encore"
TEAM_ID = "ENCORE1234"

_FROM = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)
_UNTIL = datetime.datetime(2036, 1, 1, tzinfo=datetime.UTC)
_PASS_TYPE_EXTENSION = x509.ObjectIdentifier("1.2.840.113635.100.6.1.16")


@dataclass(frozen=True)
class PassChain:
    """Where the PEM files of the chain are."""

    root: Path
    wwdr: Path
    leaf: Path
    key: Path


def write_chain(folder: Path) -> PassChain:
    """Make the chain below `folder`."""
    root_key, wwdr_key, leaf_key = _key(), _key(), _key()
    root_name = _name("Example Root CA")
    wwdr_name = _name("Example Worldwide Developer Relations CA")
    root = _authority(root_name, root_name, root_key, root_key)
    wwdr = _authority(wwdr_name, root_name, wwdr_key, root_key)
    leaf = _leaf(wwdr_name, leaf_key, wwdr_key)
    return PassChain(
        _write(folder / "root.pem", _pem(root)),
        _write(folder / "wwdr.pem", _pem(wwdr)),
        _write(folder / "pass.pem", _pem(leaf)),
        _write(folder / "pass.key", _key_pem(leaf_key)),
    )


def write_server_certificate(folder: Path) -> tuple[Path, Path]:
    """A self-signed certificate for localhost, and its key."""
    key = _key()
    name = _name("localhost")
    builder = _builder(name, name, key).add_extension(
        x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False
    )
    certificate = builder.sign(key, hashes.SHA256())
    return (
        _write(folder / "server.pem", _pem(certificate)),
        _write(folder / "server.key", _key_pem(key)),
    )


def _key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def _name(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


def _builder(
    subject: x509.Name, issuer: x509.Name, key: rsa.RSAPrivateKey
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(_FROM)
        .not_valid_after(_UNTIL)
    )


def _authority(
    subject: x509.Name, issuer: x509.Name, key: rsa.RSAPrivateKey, issuer_key: rsa.RSAPrivateKey
) -> x509.Certificate:
    builder = _builder(subject, issuer, key)
    builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
    return builder.sign(issuer_key, hashes.SHA256())


def _leaf(
    issuer: x509.Name, key: rsa.RSAPrivateKey, issuer_key: rsa.RSAPrivateKey
) -> x509.Certificate:
    subject = x509.Name(
        [
            x509.NameAttribute(NameOID.USER_ID, PASS_TYPE_ID),
            x509.NameAttribute(NameOID.COMMON_NAME, f"Pass Type ID: {PASS_TYPE_ID}"),
            x509.NameAttribute(NameOID.ORGANIZATIONAL_UNIT_NAME, TEAM_ID),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Example"),
        ]
    )
    usage = [
        ExtendedKeyUsageOID.CLIENT_AUTH,
        x509.ObjectIdentifier("1.2.840.113635.100.4.14"),
    ]
    utf8_string = b"\x0c" + bytes([len(PASS_TYPE_ID)]) + PASS_TYPE_ID.encode()
    extension = x509.UnrecognizedExtension(_PASS_TYPE_EXTENSION, utf8_string)
    builder = _builder(subject, issuer, key)
    builder = builder.add_extension(x509.ExtendedKeyUsage(usage), critical=False)
    return builder.add_extension(extension, critical=False).sign(issuer_key, hashes.SHA256())


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)


def _key_pem(key: rsa.RSAPrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )


def _write(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path
