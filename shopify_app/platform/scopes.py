"""Access scopes: what shopify.app.toml asks for, and what of it a shop has not granted."""

import tomllib
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

_TOML = Path(__file__).parents[2] / "shopify.app.toml"


@lru_cache
def required() -> tuple[str, ...]:
    """The scopes without which Encore does not work, as its configuration names them."""
    listed = tomllib.loads(_TOML.read_text())["access_scopes"]["scopes"]
    return tuple(scope.strip() for scope in listed.split(",") if scope.strip())


def missing(granted: Sequence[str]) -> list[str]:
    """The required scopes that `granted` lacks; who may write may read, as Shopify has it."""
    implied = {scope.replace("write_", "read_", 1) for scope in granted}
    return [scope for scope in required() if scope not in implied | set(granted)]
