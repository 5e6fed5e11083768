"""Every table that holds something of a member, and what a merge does with it: told at start.

The domain knows its own tables alone; the composition root registers those of all packages.
"""

from collections.abc import Sequence

from loyalty.privacy.parts import Part

_parts: Sequence[Part] | None = None


def register(parts: Sequence[Part]) -> None:
    """Set the parts of this process."""
    global _parts
    _parts = parts


def parts() -> Sequence[Part]:
    """The parts of this process, in the order in which they are merged."""
    assert _parts is not None, "loyalty.merging.catalogue.register() was not called"
    return _parts
