"""Typed settings, read once from the environment; nothing else of ours reads `os.environ`."""

import os
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

_METRICS_FOLDER = "PROMETHEUS_MULTIPROC_DIR"  # the library's own name for it
_HTTPS = (
    *("app_url", "shopify_url_template", "app_bridge_url", "apns_url"),
    *("google_wallet_url", "google_save_url", "google_keys_url"),
)
_LOCAL_HOSTS = ("localhost", "127.0.0.1", "::1")


class Settings(BaseSettings):
    """Every setting of Encore; each name is its environment variable, upper case."""

    model_config = SettingsConfigDict(
        env_file=".env",
        env_ignore_empty=True,
        extra="ignore",
        frozen=True,
        # A refused setting may be a secret with a typing error.
        hide_input_in_errors=True,
    )

    sandbox: bool = False
    app_url: str = "http://localhost:5002"
    database_url: SecretStr
    database_owner_url: SecretStr | None = None
    redis_url: SecretStr

    shopify_api_key: str
    shopify_api_secret: SecretStr = Field(min_length=32)
    shopify_api_secret_old: SecretStr | None = None
    shopify_url_template: str = "https://{shop}"
    shopify_api_version: str = "2026-10"
    app_bridge_url: str = "https://cdn.shopify.com/shopifycloud/app-bridge.js"
    admin_origins: str = ""

    encryption_keys: SecretStr
    link_secret: SecretStr = Field(min_length=32)
    metrics_token: SecretStr | None = None
    sentry_dsn: str | None = None
    log_level: str = "INFO"
    encore_fault_points: Path | None = None

    apns_url: str = "https://api.push.apple.com"
    apns_ca_file: Path | None = None
    apple_pass_type_id: str = ""
    apple_team_id: str = ""
    apple_cert_file: Path | None = None
    apple_key_file: Path | None = None
    apple_wwdr_file: Path | None = None

    google_issuer_id: str = ""
    google_service_account_file: Path | None = None
    google_wallet_url: str = "https://walletobjects.googleapis.com"
    google_save_url: str = "https://pay.google.com/gp/v/save"
    google_keys_url: str = "https://pay.google.com/gp/m/issuer/keys"
    google_callback_senders: str = "GooglePayPasses,GoogleWalletPasses"

    mail_from: str = ""
    ses_region: str = "us-east-1"
    ses_url: str | None = None
    ses_configuration_set: str | None = None
    sns_topic_arns: str = ""
    sns_url: str | None = None

    till_origins: str = ""

    @model_validator(mode="after")
    def _refuse_plain_text_outside_the_sandbox(self) -> "Settings":
        if self.sandbox:
            return self
        for name in _HTTPS:
            if not getattr(self, name).startswith("https://"):
                raise ValueError(f"{name.upper()} must be https:// outside the sandbox")
        if self.admin_origins:
            raise ValueError("ADMIN_ORIGINS lets others frame our pages: only the sandbox may")
        if self.ses_url and not self.ses_url.startswith("https://"):
            raise ValueError("SES_URL must be https:// outside the sandbox")
        if self.sns_url:
            raise ValueError("SNS_URL lets others speak for Amazon: only the sandbox may")
        if self.till_origins:
            raise ValueError("TILL_ORIGINS lets others call the till's API: only the sandbox may")
        _require_tls("DATABASE_URL", self.database_url, ("sslmode=verify-full", "sslmode=require"))
        if self.database_owner_url:
            _require_tls(
                "DATABASE_OWNER_URL",
                self.database_owner_url,
                ("sslmode=verify-full", "sslmode=require"),
            )
        _require_tls("REDIS_URL", self.redis_url, ("rediss://",))
        return self


def _require_tls(name: str, url: SecretStr, one_of: tuple[str, ...]) -> None:
    """A server on this machine may be reached in the clear; a remote one may not."""
    value = url.get_secret_value()
    is_local = urlsplit(value).hostname in _LOCAL_HOSTS and "host=" not in value
    if is_local or any(mark in value for mark in one_of):
        return
    raise ValueError(f"{name} points at a remote server without TLS (wanted {one_of[0]})")


@lru_cache
def load() -> Settings:
    """The settings of this process."""
    return Settings()  # type: ignore[call-arg]


def share_metrics(make_folder: Callable[[], Path]) -> None:
    """Let the processes started from here add up their metrics in a folder, unless told where."""
    if metrics_folder() is None:
        os.environ[_METRICS_FOLDER] = str(make_folder())


def metrics_folder() -> Path | None:
    """Where processes add up their metrics; None when each counts for itself."""
    folder = os.environ.get(_METRICS_FOLDER)
    return Path(folder) if folder else None
