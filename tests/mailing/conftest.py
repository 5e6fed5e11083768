"""Aurora with Alice and Borealis with Bob, committed; Amazon as a process; our own web routes."""

import os
import ssl
import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.serving import make_server

from loyalty.base.clock import utc_now
from mailing import setup, web
from mailing.setup import CardLinks, MailSettings
from sandbox.servers.launching import free_port
from tests.mailing.cast import Addressee, enrol, install_shop
from tests.mailing.stand_in import (
    ACCESS_KEY_ID,
    CONFIGURATION_SET,
    SECRET_ACCESS_KEY,
    SENDER,
    Amazon,
    amazon_running,
)

KEY = b"a link secret of the tests, 32 b"


@pytest.fixture(scope="session")
def _web() -> Iterator[tuple[Flask, str]]:
    """Our routes on a real port, for SNS to reach."""
    app = Flask("mailing", static_folder=None)
    app.register_blueprint(web.blueprint)
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield app, f"http://localhost:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture(scope="session")
def _amazon(
    _web: tuple[Flask, str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Amazon, MailSettings]]:
    """The stand-in, with the credentials that boto3 finds in the environment."""
    keys = {"AWS_ACCESS_KEY_ID": ACCESS_KEY_ID, "AWS_SECRET_ACCESS_KEY": SECRET_ACCESS_KEY}
    before = {name: os.environ.get(name) for name in keys}
    os.environ.update(keys)
    port = free_port()
    settings = _settings(Amazon(f"http://127.0.0.1:{port}", port), _web[1])
    setup.configure(settings)
    with amazon_running(tmp_path_factory.mktemp("amazon"), _web[1], port=port) as amazon:
        amazon.wait(confirmed=True)
        yield amazon, settings
    for name, value in before.items():
        os.environ.pop(name) if value is None else os.environ.update({name: value})
    setup._settings = None


@pytest.fixture
def amazon(_amazon: tuple[Amazon, MailSettings]) -> Iterator[Amazon]:
    """SES and SNS, with our settings pointing at them. Faults end with the test."""
    found, settings = _amazon
    setup.configure(settings)
    yield found
    found.clear()
    found.put("settings", signature_version="2", delivers=False, rate_max=14, quota_max=50_000)
    found.put("settings", tells_account=True, is_verified=True)


@pytest.fixture
def client(amazon: Amazon, database: None, _web: tuple[Flask, str]) -> FlaskClient:
    """Calls our routes without a network."""
    return _web[0].test_client()


@pytest.fixture
def alice(amazon: Amazon, database: None) -> Addressee:
    """A member of Aurora with an address and no points."""
    return enrol(install_shop("aurora"), "Alice", customer_id=501, email="alice@example.com")


@pytest.fixture
def sent(alice: Addressee, amazon: Amazon) -> str:
    """SES's id of the card that Alice was just sent."""
    alice.ask("first")
    alice.work()
    found = alice.messages()[0].ses_message_id
    assert found is not None
    return found


@pytest.fixture
def before(amazon: Amazon) -> int:
    """How many emails SES had taken when the test began."""
    return len(amazon.emails())


@pytest.fixture
def bob(amazon: Amazon, database: None) -> Addressee:
    """A member of Borealis, who must never see Aurora."""
    return enrol(install_shop("borealis"), "Bob", customer_id=601, email="bob@example.com")


def card_links(shop_id: int, member_id: UUID) -> CardLinks:
    """Addresses that name their member."""
    page = f"https://encore.example/card/{shop_id}-{member_id.hex}"
    return CardLinks(page=page, apple=f"{page}/apple.pkpass", google=f"{page}/google")


def _settings(amazon: Amazon, app_url: str) -> MailSettings:
    return MailSettings(
        sender=SENDER,
        region="us-east-1",
        app_url=app_url,
        key=KEY,
        card_links=card_links,
        ses_url=amazon.url,
        configuration_set=CONFIGURATION_SET,
        topic_arns=frozenset({amazon.topic_arn}),
        sns_url=amazon.url,
    )


@pytest.fixture
def tls_server(tmp_path: Path) -> Iterator[str]:
    """A server whose certificate nobody has signed but itself."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    files = tmp_path / "server.key", tmp_path / "server.pem"
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = utc_now()
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    encoding, plain = serialization.Encoding.PEM, serialization.NoEncryption()
    files[0].write_bytes(
        key.private_bytes(encoding, serialization.PrivateFormat.TraditionalOpenSSL, plain)
    )
    files[1].write_bytes(certificate.public_bytes(encoding))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(files[1], files[0])
    server = make_server("127.0.0.1", 0, Flask("tls", static_folder=None), ssl_context=context)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"https://localhost:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()
