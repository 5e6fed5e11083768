"""An operator redeems and takes back for a member, with Shopify on the other end of the line."""

import pytest
from click.testing import CliRunner, Result

from config import Settings
from jobs.reward_commands import reward_commands
from shopify_app.platform import installations
from shopify_app.platform.session_tokens import verify
from tests.platform.conftest import AURORA
from tests.platform.redeeming_cast import Redeemer, make_redeemer
from tests.platform.shopify import Shopify


def last_line(result: Result) -> list[str]:
    """What the command said, word by word, below what it logged."""
    return result.output.splitlines()[-1].split()


@pytest.fixture
def alice(shopify: Shopify, connected: Settings) -> Redeemer:
    return make_redeemer(
        shopify, installations.ensure_installed(verify(shopify.id_token(), connected))
    )


def test_a_code_is_made_and_taken_back(alice: Redeemer) -> None:
    shop, reward_id = ("--shop", AURORA), str(alice.a_reward())
    member = ("--member", str(alice.member_id))

    made = CliRunner().invoke(reward_commands, ("redeem", *shop, *member, "--reward", reward_id))
    redemption_id, state, *words = last_line(made)
    [code] = [word for word in words if word.startswith("ENC-")]
    assert (made.exit_code, state, alice.points) == (0, "issued", 900)
    assert alice.works(code)

    voided = CliRunner().invoke(reward_commands, ("void-redemption", *shop, "--id", redemption_id))
    assert (voided.exit_code, last_line(voided)[1], alice.points) == (0, "returned", 1000)
    assert not alice.works(code)
