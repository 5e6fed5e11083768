"""What a change of a member does to their card at Google."""

from tests.sandbox.google.stand_in import StandIn
from tests.wallet.cast import Cardholder
from tests.wallet.google.conftest import Card
from wallet.google.subscriber import refresh_member


def test_member_without_a_card_is_left_alone(google: StandIn, alice: Cardholder) -> None:
    before = google.requests_in()
    alice.earn(10)

    refresh_member(alice.shop_id, alice.member_id)

    assert google.requests_in() == before
    assert alice.timeline() == ["points_added"]


def test_new_balance_is_patched_and_shown_on_the_phone(alices: Card) -> None:
    alices.holder.earn(10)

    alices.refresh()

    assert alices.points == 10
    assert alices.changes() == [("PATCH", 200)]
    assert [note["text"] for note in alices.theirs["shown"]] == ["points: 10"]
    assert alices.pushes() == ["push_created", "push_sent"]
    assert alices.hops()[-2:] == [(2, "queued"), (2, "accepted")]
