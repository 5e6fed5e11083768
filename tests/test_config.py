"""Settings: outside the sandbox nothing remote is reached in the clear."""

import pytest
from pydantic import ValidationError

from config import Settings

SAFE = {
    "app_url": "https://app.example.com",
    "database_url": "postgresql://app:secret@db.example.com/encore?sslmode=verify-full",
    "redis_url": "rediss://:secret@redis.example.com:6379/0",
    "shopify_api_key": "key",
    "shopify_api_secret": "s" * 32,
    "encryption_keys": "keys",
    "link_secret": "l" * 32,
}


def settings(**changes: object) -> Settings:
    return Settings(_env_file=None, **(SAFE | changes))  # type: ignore[arg-type]


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1:5432", "[::1]:5432"])
def test_a_server_on_this_machine_may_be_reached_in_the_clear(host: str) -> None:
    settings(database_url=f"postgresql://app:secret@{host}/encore")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("app_url", "http://app.example.com"),
        ("shopify_url_template", "http://{shop}"),
        ("app_bridge_url", "http://cdn.example.com/app-bridge.js"),
        ("apns_url", "http://api.push.example.com"),
        ("google_wallet_url", "http://wallet.example.com"),
        ("google_save_url", "http://pay.example.com/save"),
        ("google_keys_url", "http://pay.example.com/keys"),
        ("admin_origins", "https://admin.example.com"),
        ("till_origins", "https://till.example.com"),
        ("ses_url", "http://email.us-east-1.example.com"),
        ("sns_url", "https://sns.example.com"),
        ("database_url", "postgresql://app:secret@db.example.com/encore"),
        ("database_url", "postgresql://app:secret@localhost.example.com/encore"),
        ("database_url", "postgresql://app:secret@localhost/encore?host=db.example.com"),
        ("database_owner_url", "postgresql://owner:secret@db.example.com/encore"),
        ("redis_url", "redis://:secret@redis.example.com:6379/0"),
    ],
)
def test_a_remote_server_in_the_clear_is_refused(name: str, value: str) -> None:
    with pytest.raises(ValidationError) as refusal:
        settings(**{name: value})

    assert name.upper() in str(refusal.value)
    assert "secret@" not in str(refusal.value)


def test_the_sandbox_may_do_without_tls() -> None:
    settings(sandbox=True, app_url="http://localhost:5002")
