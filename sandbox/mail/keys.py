"""The key that this SNS signs with, made at the first start, and its certificate."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID


def ensure_key(folder: Path) -> tuple[rsa.RSAPrivateKey, bytes]:
    """The private key and the certificate as PEM; kept in `folder` for the next start."""
    folder.mkdir(parents=True, exist_ok=True)
    key_file, certificate_file = folder / "sns.key", folder / "sns.pem"
    if not certificate_file.exists():
        key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        key_file.touch(mode=0o600)
        key_file.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
        )
        certificate_file.write_bytes(_certificate(key))
    loaded = serialization.load_pem_private_key(key_file.read_bytes(), None)
    assert isinstance(loaded, rsa.RSAPrivateKey)
    return loaded, certificate_file.read_bytes()


def _certificate(key: rsa.RSAPrivateKey) -> bytes:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "sns.amazonaws.com")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=365))
        .sign(key, hashes.SHA256())
    )
    return certificate.public_bytes(serialization.Encoding.PEM)
