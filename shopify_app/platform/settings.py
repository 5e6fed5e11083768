"""The settings that our dealings with Shopify need, given by the composition root."""

from typing import Protocol

from pydantic import SecretStr


class PlatformSettings(Protocol):
    """What of the app's settings this package reads."""

    @property
    def sandbox(self) -> bool: ...
    @property
    def app_url(self) -> str: ...
    @property
    def shopify_api_key(self) -> str: ...
    @property
    def shopify_api_secret(self) -> SecretStr: ...
    @property
    def shopify_api_secret_old(self) -> SecretStr | None: ...
    @property
    def shopify_url_template(self) -> str: ...
    @property
    def shopify_api_version(self) -> str: ...
    @property
    def app_bridge_url(self) -> str: ...
    @property
    def admin_origins(self) -> str: ...
    @property
    def encryption_keys(self) -> SecretStr: ...


_settings: PlatformSettings | None = None


def configure(settings: PlatformSettings) -> None:
    """Set the settings of this process; the composition root calls it before anything else."""
    global _settings
    _settings = settings


def current() -> PlatformSettings:
    """The settings of this process."""
    assert _settings is not None, "shopify_app.platform.settings.configure() was not called"
    return _settings


def secrets(settings: PlatformSettings) -> list[str]:
    """The app's secrets, the current one first: while one is rotated, both sign."""
    old = settings.shopify_api_secret_old
    return [settings.shopify_api_secret.get_secret_value()] + (
        [old.get_secret_value()] if old and old.get_secret_value() else []
    )


def shop_url(domain: str) -> str:
    """Where Shopify serves the shop of `domain`, without a slash at the end."""
    return current().shopify_url_template.format(shop=domain).rstrip("/")
