"""The stand-in takes what Shopify would deploy, and nothing else."""

import re
from pathlib import Path

import pytest

from sandbox.till.extension import TAGS, RefusedExtension, load_extension
from tests.sandbox.till.conftest import MODAL, TILE, Bundle, too_large

TYPES = (
    Path(__file__).parents[3]
    / "pos_extension/ui/node_modules/@shopify/ui-extensions/build/ts/surfaces/point-of-sale"
)


def test_good_extension_has_a_script_per_target(bundle: Bundle) -> None:
    extension = load_extension(bundle())

    assert list(extension.scripts) == [TILE, MODAL]


def test_unknown_target_is_refused(bundle: Bundle) -> None:
    with pytest.raises(RefusedExtension, match=r"pos\.home\.nope\.render could not be found"):
        load_extension(bundle(targets={"pos.home.nope.render": "tile.js"}))


def test_version_that_cannot_be_deployed_is_refused(bundle: Bundle) -> None:
    with pytest.raises(RefusedExtension, match="2025-07 cannot be deployed"):
        load_extension(bundle(api_version="2025-07"))


def test_script_above_the_limit_is_refused(bundle: Bundle) -> None:
    with pytest.raises(RefusedExtension, match="larger than 64 KB"):
        load_extension(bundle(modal=too_large()))


def test_extension_needs_one_default_locale(bundle: Bundle) -> None:
    with pytest.raises(RefusedExtension, match="default"):
        load_extension(bundle(locales={"en": {}}))


def test_nothing_built_says_what_to_run(tmp_path: Path) -> None:
    with pytest.raises(RefusedExtension, match="make bundle"):
        load_extension(tmp_path)


@pytest.mark.parametrize(
    ("asked", "shown"), [("de-AT", "de"), ("de", "de"), ("fr", "en"), ("en-GB", "en")]
)
def test_words_are_those_of_the_nearest_locale(bundle: Bundle, asked: str, shown: str) -> None:
    assert load_extension(bundle()).words(asked)[0] == shown


@pytest.mark.parametrize("target", [TILE, MODAL])
def test_elements_are_those_of_shopifys_own_types(target: str) -> None:
    imports = re.findall(r"components/(\w+)\.d\.ts", (TYPES / f"targets/{target}.d.ts").read_text())
    names = {_tag_name(component) for component in imports}

    assert set(TAGS[target]) == names


def _tag_name(component: str) -> str:
    source = (TYPES / f"components/{component}.d.ts").read_text()
    found = re.search(r"tagName = ['\"](s-[\w-]+)['\"]", source)
    assert found, component
    return found[1]
