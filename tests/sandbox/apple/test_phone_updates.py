"""What a phone does on a push, and what it shows and says about it."""

from typing import Any

import pytest

from tests.sandbox.apple import passes
from tests.sandbox.apple.apns_client import push
from tests.sandbox.apple.pass_server import PassServer
from tests.sandbox.apple.passes import set_field
from tests.sandbox.apple.stand_in import PhoneClient, StandIn, wait_for


class Holder:
    """Alice's phone with her pass on it, and a shop that can change the pass."""

    def __init__(self, apple: StandIn, phone: PhoneClient, server: PassServer) -> None:
        self.apple, self.phone, self.server = apple, phone, server
        self.content = passes.content(server.url)
        self.publish()
        self.phone.do("add", url=f"{server.url}/pass.pkpass")
        self.token = self.phone.settled()["push_token"]

    def publish(self, **faults: Any) -> None:
        """Publish the content as it is now."""
        self.server.publish(passes.build(self.apple.directory, self.content, **faults))

    def change(self, key: str, value: str) -> None:
        """Change a field and publish."""
        set_field(self.content, key, value=value)
        self.publish()

    def push(self) -> Any:
        """Push once and return the phone's state when it is done."""
        assert push(self.apple, self.token).status == 200
        return self.phone.settled()


@pytest.fixture
def holder(apple: StandIn, phone: PhoneClient, server: PassServer) -> Holder:
    return Holder(apple, phone, server)


def test_a_push_brings_the_new_balance_and_its_text_to_the_lock_screen(holder: Holder) -> None:
    holder.change("balance", "150")

    state = holder.push()

    assert state["passes"][0]["balance"] == "150"
    (note,) = state["lock_screen"]
    assert (note["title"], note["text"]) == ("Aurora", "You now have 150 points")
    (entry,) = state["timeline"]
    assert (entry["outcome"], entry["verified"], entry["balance"]) == ("updated", True, "150")
    assert entry["pushed_at"] < entry["listed_at"] < entry["fetched_at"]
    assert holder.server.logs == []


def test_the_first_list_has_no_tag_and_the_next_has_the_last_one(holder: Holder) -> None:
    holder.change("balance", "150")
    holder.push()
    holder.change("balance", "151")
    state = holder.push()

    lists = [entry["query"] for entry in holder.server.requests
             if entry["method"] == "GET" and entry["path"].startswith("/v1/devices")]  # fmt: skip
    assert lists == ["", "passesUpdatedSince=2"]
    assert state["passes"][0]["tag"] == "3"


def test_the_phone_sends_its_copys_date_and_is_content_with_304(holder: Holder) -> None:
    published = holder.server.last_modified()

    state = holder.push()

    (fetch,) = [entry for entry in holder.server.requests if "/v1/passes/" in entry["path"]]
    assert fetch["headers"]["If-Modified-Since"] == published
    assert state["timeline"][0]["outcome"] == "not modified"
    assert state["lock_screen"] == []


def test_nothing_changed_means_nothing_is_fetched(holder: Holder) -> None:
    holder.push()
    holder.push()

    assert holder.server.count("GET", "/v1/devices") == 2
    assert holder.server.count("GET", "/v1/passes") == 1


def test_two_changed_fields_give_one_generic_text(holder: Holder) -> None:
    set_field(holder.content, "tier", value="Gold")
    holder.change("balance", "150")

    (note,) = holder.push()["lock_screen"]

    assert (note["kind"], note["text"]) == ("generic", "Store card changed")


def test_two_changes_between_two_fetches_are_one_generic_text_too(holder: Holder) -> None:
    holder.change("balance", "150")
    holder.change("tier", "Gold")

    (note,) = holder.push()["lock_screen"]

    assert note["kind"] == "generic"


def test_a_change_without_a_change_message_is_silent(holder: Holder) -> None:
    holder.change("note", "New opening hours")

    state = holder.push()

    assert state["passes"][0]["fields"]["note"] == "New opening hours"
    assert state["lock_screen"] == []


def test_a_text_without_a_place_for_the_value_is_shown_as_it_is(holder: Holder) -> None:
    set_field(holder.content, "balance", changeMessage="Your points have changed")
    holder.change("balance", "150")

    (note,) = holder.push()["lock_screen"]

    assert note["text"] == "Your points have changed"


def test_a_tag_that_stays_the_same_is_reported_in_ioss_words(holder: Holder) -> None:
    holder.server.tag = "stuck"
    holder.change("balance", "150")
    holder.push()
    assert holder.server.logs == []
    holder.change("balance", "151")
    holder.push()

    (line,) = holder.server.logs
    assert line.endswith(
        f"Web service error for {holder.apple.pass_type_id} ({holder.server.url}): "
        "Response to 'What changed?' request included 1 serial numbers "
        "but the lastUpdated tag (stuck) remained the same."
    )


def test_a_whole_but_unchanged_pass_is_reported(holder: Holder) -> None:
    holder.server.ignores_modified_since = True

    state = holder.push()

    assert state["timeline"][0]["outcome"] == "unchanged"
    assert "Server ignored the 'if-modified-since' header" in holder.server.logs[0]


def test_a_serial_number_that_the_phone_does_not_have_is_reported(holder: Holder) -> None:
    holder.server.serial = "bob-0000000000000001"

    holder.push()

    assert "Update requested for unregistered serial number bob-" in holder.server.logs[0]


@pytest.mark.parametrize("key", ["serialNumber", "authenticationToken"])
def test_an_update_that_changes_the_identity_is_refused_and_reported(
    holder: Holder, key: str
) -> None:
    holder.content[key] = "another-identity-0001"
    holder.change("balance", "150")

    state = holder.push()

    assert state["passes"][0]["balance"] == "100"
    assert state["timeline"][0]["problems"][0]["code"] == "identity_changed"
    assert "Received invalid pass data" in holder.server.logs[0]


def test_a_tampered_update_is_refused_and_the_old_copy_stays(holder: Holder) -> None:
    set_field(holder.content, "balance", value="150")
    holder.publish(after_manifest={"icon.png": passes.png(58, 58)})

    state = holder.push()

    assert state["passes"][0]["balance"] == "100"
    assert (state["timeline"][0]["verified"], state["lock_screen"]) == (False, [])


def test_a_failing_web_service_is_asked_again_and_then_given_up(holder: Holder) -> None:
    holder.server.failures["GET devices"] = [500]
    holder.server.failures["GET passes"] = [503] * 4
    holder.change("balance", "150")

    state = holder.push()

    assert state["timeline"][0]["outcome"] == "given up"
    assert state["passes"][0]["balance"] == "100"
    assert holder.server.count("GET", "/v1/passes") == 4
    assert "Get serial #s task" in holder.server.logs[0]


def test_a_phone_in_airplane_mode_gets_the_newest_push_alone(holder: Holder) -> None:
    holder.phone.do("offline")
    for balance in ("110", "120", "130"):
        holder.change("balance", balance)
        assert push(holder.apple, holder.token, apns_expiration="4102444800").status == 200
    assert holder.server.count("GET", "/v1/") == 0

    holder.phone.do("online")

    state = wait_for(lambda: found if (found := holder.phone.settled())["timeline"] else None)
    assert state["passes"][0]["balance"] == "130"
    assert holder.server.count("GET", "/v1/devices") == 1
    outcomes = [entry["outcome"] for entry in holder.apple.call("GET", "/received")["pushes"][:3]]
    assert outcomes == ["replaced", "replaced", "stored"]


def test_a_push_that_may_not_wait_does_not_reach_a_phone_that_was_away(holder: Holder) -> None:
    holder.phone.do("offline")
    holder.change("balance", "110")
    push(holder.apple, holder.token, apns_expiration="0")

    holder.phone.do("online")

    assert holder.phone.settled()["passes"][0]["balance"] == "100"
    assert holder.server.count("GET", "/v1/devices") == 0


def test_a_burst_of_pushes_ends_with_the_newest_pass_and_few_requests(holder: Holder) -> None:
    holder.change("balance", "150")
    for _ in range(20):
        push(holder.apple, holder.token)

    state = holder.phone.settled()

    assert state["passes"][0]["balance"] == "150"
    assert holder.server.count("GET", "/v1/passes") == 1


def test_a_push_that_apns_delivers_twice_notifies_once(holder: Holder) -> None:
    holder.apple.set_fault(kind="repeat")
    holder.change("balance", "150")

    state = holder.push()

    assert len(state["lock_screen"]) == 1


def test_a_removed_pass_is_no_longer_updated(holder: Holder) -> None:
    holder.phone.do("remove", serial="alice-000000000001")
    holder.change("balance", "150")

    state = holder.push()

    assert (state["passes"], state["timeline"]) == ([], [])
    assert holder.server.count("GET", "/v1/devices") == 0


def test_pulling_the_pass_down_fetches_it_without_a_push(holder: Holder) -> None:
    holder.change("balance", "150")

    holder.phone.do("refresh")

    assert holder.phone.settled()["passes"][0]["balance"] == "150"
    assert holder.server.count("GET", "/v1/devices") == 0
