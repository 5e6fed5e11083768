"""Which subscribers are told: those that are on."""

from dataclasses import replace
from datetime import timedelta

import pytest

from jobs.relay import relay_batch
from jobs.subscribers import SUBSCRIBERS, Subscriber
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


@pytest.mark.parametrize("subscriber", SUBSCRIBERS, ids=lambda subscriber: subscriber.name)
def test_an_outage_of_a_day_ends_before_the_tries_do(subscriber: Subscriber) -> None:
    first, most = subscriber.backoff_first, subscriber.backoff_max

    waits = [min(first * 2**number, most) for number in range(subscriber.attempts_max - 1)]

    assert sum(waits, timedelta()) > timedelta(days=1)
