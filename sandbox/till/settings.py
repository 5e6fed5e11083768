"""What the stand-in is told when it starts."""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Settings:
    """Addresses without a slash at their end; `bundle` is the extension's dist folder."""

    port: int
    shopify_url: str
    app_url: str
    bundle: Path


def parse_arguments() -> Settings:
    """The command line; exits with a message when it is wrong."""
    parser = argparse.ArgumentParser(prog="sandbox.till", description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--shopify-url", required=True, help="the Shopify stand-in")
    parser.add_argument("--app-url", required=True, help="the origin of application_url")
    parser.add_argument("--bundle", type=Path, required=True, help="the extension's dist folder")
    given = parser.parse_args()
    return Settings(
        given.port, given.shopify_url.rstrip("/"), given.app_url.rstrip("/"), given.bundle
    )
