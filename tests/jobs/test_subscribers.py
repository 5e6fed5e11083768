"""Which subscribers are told: those that are on."""

from dataclasses import replace

from jobs.relay import relay_batch
from jobs.subscribers import SUBSCRIBERS
from tests.jobs.conftest import Aurora, change, deliveries_of


def test_a_subscriber_that_is_off_gets_no_deliveries(aurora: Aurora) -> None:
    off = replace(SUBSCRIBERS[0], name="google", is_on=lambda: False)
    change(aurora.shop_id, aurora.alice)

    relay_batch(aurora.shop_id, [SUBSCRIBERS[0], off])

    assert [delivery.subscriber for delivery in deliveries_of(aurora.shop_id)] == ["wallet"]


def test_google_is_off_without_an_issuer(aurora: Aurora) -> None:
    [google] = [one for one in SUBSCRIBERS if one.name == "google"]

    assert not google.is_on()
    assert google.call(aurora.shop_id, aurora.alice) is None
