"""The built extension, checked as Shopify checks it at deploy; a refusal says what is wrong."""

from __future__ import annotations

import gzip
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

TAGS: dict[str, dict[str, Any]] = json.loads((Path(__file__).parent / "tags.json").read_text())
# https://shopify.dev/docs/api/pos-ui-extensions/2026-07 (read 2026-11-22)
API_VERSIONS = ("2026-01", "2026-04", "2026-07")
# The limit that Shopify enforces on the compressed script of an extension.
SIZE_MAX = 64 * 1024


class RefusedExtension(Exception):
    """Shopify would not take this extension."""


@dataclass(frozen=True)
class Extension:
    """A deployed extension: its scripts by target, and its words by locale."""

    api_version: str
    scripts: dict[str, bytes]
    locales: dict[str, dict[str, Any]]

    def words(self, locale: str) -> tuple[str, dict[str, Any]]:
        """The locale that is shown to somebody who asks for `locale`, and its words."""
        for name in (locale, locale.partition("-")[0]):
            for found in (name, f"{name}.default"):
                if found in self.locales:
                    return found.removesuffix(".default"), self.locales[found]
        default = next(name for name in self.locales if name.endswith(".default"))
        return default.removesuffix(".default"), self.locales[default]


def load_extension(bundle: Path) -> Extension:
    """What the build put into `bundle`; RefusedExtension when Shopify would refuse it."""
    manifest_path = bundle / "manifest.json"
    if not manifest_path.exists():
        raise RefusedExtension(f"nothing is built at {bundle}: run `make bundle`")
    manifest = json.loads(manifest_path.read_text())
    if manifest["api_version"] not in API_VERSIONS:
        raise RefusedExtension(f"api_version {manifest['api_version']} cannot be deployed")
    _check_locales(manifest["locales"])
    scripts = {target: _script(bundle, target, name) for target, name in _targets(manifest)}
    return Extension(manifest["api_version"], scripts, manifest["locales"])


def _targets(manifest: dict[str, Any]) -> list[tuple[str, str]]:
    for target in manifest["targets"]:
        if target not in TAGS:
            raise RefusedExtension(f"Type reference for {target} could not be found")
    return list(manifest["targets"].items())


def _script(bundle: Path, target: str, name: str) -> bytes:
    script = (bundle / name).read_bytes()
    if len(gzip.compress(script)) > SIZE_MAX:
        raise RefusedExtension(f"the script of {target} is larger than 64 KB")
    return script


def _check_locales(locales: dict[str, Any]) -> None:
    if sum(name.endswith(".default") for name in locales) != 1:
        raise RefusedExtension("exactly one locale must be the default")
