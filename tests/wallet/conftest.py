"""Certificates that every wallet test shares; making their keys takes a second."""

import pytest

from tests.wallet.certificates import PassChain, write_chain


@pytest.fixture(scope="session")
def chain(tmp_path_factory: pytest.TempPathFactory) -> PassChain:
    return write_chain(tmp_path_factory.mktemp("chain"))
