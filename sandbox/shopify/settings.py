"""What a start of the stand-in is told on its command line."""

from __future__ import annotations

import argparse
import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

API_VERSION = "2026-10"
WEBHOOK_API_VERSION = "2026-07"


@dataclass(frozen=True)
class TomlSubscription:
    """A subscription of the app's configuration: it holds for every shop with the app."""

    topic: str
    uri: str
    name: str | None = None
    include_fields: tuple[str, ...] = ()


@dataclass(frozen=True)
class Settings:
    """Start-up settings; `toml` is the app's parsed shopify.app.toml."""

    port: int
    state: Path
    client_id: str
    client_secret: str
    old_client_secret: str | None
    app_url: str
    shops: tuple[str, ...]
    customers: int = 500
    orders: int = 2000
    seed: int = 1
    time_scale: float = 1.0
    granted: tuple[str, ...] = ()
    app_id: int = 580_111_223
    toml: dict[str, Any] = field(default_factory=dict)

    @property
    def base_url(self) -> str:
        """Where the stand-in itself answers."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def scopes(self) -> list[str]:
        """The scopes a merchant grants at install."""
        listed = self.toml.get("access_scopes", {}).get("scopes", "")
        return [scope.strip() for scope in listed.split(",") if scope.strip()]

    @property
    def optional_scopes(self) -> list[str]:
        """Scopes the app may ask for later."""
        return list(self.toml.get("access_scopes", {}).get("optional_scopes", []))

    @property
    def subscriptions(self) -> list[TomlSubscription]:
        """Every topic of the configuration with its address, compliance topics among them."""
        found = []
        for entry in self.toml.get("webhooks", {}).get("subscriptions", []):
            for topic in [*entry.get("topics", []), *entry.get("compliance_topics", [])]:
                fields = tuple(entry.get("include_fields", ()))
                found.append(TomlSubscription(topic, entry["uri"], entry.get("name"), fields))
        return found


def parse_arguments(argv: list[str] | None = None) -> Settings:
    """Settings from a command line; exits with a message when it is wrong."""
    parser = argparse.ArgumentParser(prog="python -m sandbox.shopify", description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--state", type=Path, required=True)
    parser.add_argument("--client-id", required=True)
    parser.add_argument("--client-secret", required=True)
    parser.add_argument("--old-client-secret")
    parser.add_argument("--app-url", required=True)
    parser.add_argument("--toml", type=Path, required=True)
    parser.add_argument("--shop", action="append", dest="shops", metavar="DOMAIN")
    parser.add_argument("--customers", type=int, default=500)
    parser.add_argument("--orders", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument(
        "--grant", action="append", dest="granted", help="an optional scope granted at install"
    )
    parser.add_argument("--time-scale", type=float, default=1.0, help="1 hour lasts 1 h × scale")
    options = vars(parser.parse_args(argv))
    if len(options["client_secret"]) < 32:
        parser.error("--client-secret needs 32 characters or more")
    options["toml"] = tomllib.loads(options["toml"].read_text())
    options["shops"] = tuple(options["shops"] or ["aurora.myshopify.com", "borealis.myshopify.com"])
    options["granted"] = tuple(options["granted"] or ())
    options["app_url"] = options["app_url"].rstrip("/")
    return Settings(**options)
