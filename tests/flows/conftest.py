"""A whole world per test module: real servers, stand-ins over HTTP, our own processes."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from sandbox.demo.world import World, running_world


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    """Everything running, nothing installed yet; shop Aurora has 500 customers, 2,000 orders."""
    state = Path(tempfile.mkdtemp(prefix="encore-flow-", dir="/var/tmp"))
    state.chmod(0o711)
    try:
        with running_world(state) as running:
            yield running
    finally:
        shutil.rmtree(state, ignore_errors=True)
