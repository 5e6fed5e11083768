"""No address and no form of the admin reaches into another shop: what it names is not found, and
nothing of that shop is changed. An address that this module does not know fails it by name.
"""

import re
from collections.abc import Iterator
from itertools import product
from uuid import UUID, uuid4

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.routing import Rule
from werkzeug.test import TestResponse

from tests.admin.cast import ShopAndClient
from tests.admin.isolation_cast import Things, everything_of, have_things
from tests.admin.profile.test_member_export import gathers as gathers  # used by every test here

# What stands in addresses and names no row of a shop.
NO_IDS = {"mail", "language", "kind", "filename", "_unknown"}
# Where an address has the name of another's id.
OTHERWISE = {("cancel_erasure", "request_id"): "erasure_id"}
KEY = str(uuid4())
CAMPAIGN = {
    "name": "Ours",
    "channels": "email",
    "segment_ids": "{own[segment_id]}",
    "subject": "Hello",
    "text": "It is spring.",
    "holdout_percent": "0",
    "order_days": "14",
}
GRANT = {"points": "5", "reason": "vip_bonus", "expected": "1", "client_key": KEY}
EMAIL = {"email_subject": "Hello", "email_text": "It is spring.", "client_key": KEY}
PUSH = {"push_text": "It is spring.", "client_key": KEY}
# What leaves nothing behind for the addresses after it, in this order.
ENDINGS: dict[str, dict[str, str]] = {
    "revoke_reader": {},
    "ask_for_erasure": {"client_key": KEY},
    "archive_member": {},
    "restore_member": {},
    "merge_member": {"into": "{own[other_id]}"},
}
# What the form of each address sends that names something of a shop and changes or tells it.
FORMS: dict[str, dict[str, str]] = {
    "change_campaign": CAMPAIGN,
    "step_campaign": {"step": "pause"},
    "try_campaign": {},
    "undo_grant": {},
    "adjust_balance": {"points": "5", "reason": "contest", "client_key": KEY},
    "clear_hard_bounce": {},
    "send_card": {"client_key": KEY},
    "record_consent": {"channel": "email", "state": "unsubscribed"},
    "give_coupon": {"coupon_id": "{own[coupon_id]}", "client_key": KEY},
    "preview_email": EMAIL,
    "send_email": EMAIL | {"is_answer": "1"},
    "preview_push": PUSH,
    "send_push": PUSH,
    "redeem_reward": {"reward_id": "{own[reward_id]}", "client_key": KEY},
    "take_back_reward": {},
    "change_details": {"detail_first_name": "Ours"},
    "follow_details": {"field": "first_name"},
    "write_note": {"note_text": "Ours", "client_key": KEY},
    "set_tier": {"mode": "floor", "tier": "", "reason": "ours"},
    "free_tier": {},
    "undo_transaction": {},
    "undo_merge": {},
    "remove_member_view": {},
    "cancel_erasure": {},
    "save_badge": {"name": "Ours"},
    "switch_badge": {"is_active": "1"},
    "import_coupon_codes": {},
    "give_coupon_to_list": {},
    "end_one_coupon": {},
    "rotate_reader_key": {},
    "save_promotion": {"name": "Ours"},
    "switch_promotion": {"is_active": "1"},
    "approve_referral": {},
    "reject_referral": {},
    "save_reward": {"name": "Ours"},
    "switch_reward": {"is_active": "1"},
    "import_reward_codes": {},
    "save_earning_rule": {"name": "Ours"},
    "switch_earning_rule": {"is_active": "1"},
    "remove_till_limit": {},
    "remove_till_manager": {},
    "settle_credit": {"was_paid": "yes"},
    "say_of_members_segment": {"segment_id": "{own[segment_id]}", "word": "in"},
    "save_segment": {"name": "Ours", "by": "hand"},
    "say_of_segment_member": {"member_id": "{own[member_id]}", "word": "out"},
    "remove_segment": {},
} | ENDINGS
# Where a form that is sent to the own shop names something of another: what is answered.
NAMED = [
    ("/app/campaigns", CAMPAIGN | {"segment_ids": "{theirs[segment_id]}"}, 422),
    ("/app/campaigns", CAMPAIGN | {"coupon_id": "{theirs[coupon_id]}"}, 422),
    ("/app/campaigns", CAMPAIGN | {"promotion_id": "{theirs[promotion_id]}"}, 422),
    ("/app/campaigns/{own[draft_id]}", CAMPAIGN | {"segment_ids": "{theirs[segment_id]}"}, 422),
    ("/app/campaigns/{own[draft_id]}", CAMPAIGN | {"coupon_id": "{theirs[coupon_id]}"}, 422),
    ("/app/campaigns/{own[draft_id]}", CAMPAIGN | {"promotion_id": "{theirs[promotion_id]}"}, 422),
    ("/app/group-grants", GRANT | {"segment_id": "{theirs[segment_id]}"}, 404),
    ("/app/segments/{own[segment_id]}/members", {"member_id": "{theirs[member_id]}", "word": "in"},
     404),
    ("/app/members/{own[member_id]}/segments", {"segment_id": "{theirs[segment_id]}", "word": "in"},
     404),
    ("/app/members/{own[member_id]}/coupons", {"coupon_id": "{theirs[coupon_id]}",
     "client_key": KEY}, 404),
    ("/app/members/{own[member_id]}/merge", {"into": "{theirs[other_id]}"}, 404),
    ("/app/members/{own[member_id]}/redemptions", {"reward_id": "{theirs[reward_id]}",
     "client_key": KEY}, 404),
]  # fmt: skip
SHOWN = [
    ("/app/campaigns/new?like={theirs[draft_id]}", 404),
    ("/app/campaigns/new?segment={theirs[segment_id]}", 200),
    ("/app/group-grants/new?segment={theirs[segment_id]}", 200),
]


@pytest.fixture
def theirs(aurora: ShopAndClient, alice: UUID, sends_emails: None) -> Things:
    """Aurora's, all about Alice."""
    return have_things(aurora, alice, "Hush")


@pytest.fixture
def own(borealis: ShopAndClient, bob: UUID, sends_emails: None) -> Things:
    """Those of Borealis, whose staff look where they should not."""
    return have_things(borealis, bob, "Open")


def addresses(app: Flask) -> Iterator[tuple[Rule, str]]:
    """Every address with an id in it, by every method; those that end something are last."""
    rules = sorted(app.url_map.iter_rules(), key=lambda rule: (name_of(rule) in FORMS, rule.rule))
    for rule in sorted(rules, key=_how_late):
        if rule.arguments - NO_IDS:
            for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}):
                yield rule, method


def _how_late(rule: Rule) -> int:
    if name_of(rule) in ENDINGS:
        return 2 + list(ENDINGS).index(name_of(rule))
    return int(rule.rule.endswith(("/removal", "/remove", "/end")))


def name_of(rule: Rule) -> str:
    return rule.endpoint.removeprefix("admin.")


def id_for(rule: Rule, name: str, things: Things) -> str:
    return things[OTHERWISE.get((name_of(rule), name), name)]


def call(
    shop: ShopAndClient, rule: Rule, method: str, ids: Things, own: Things
) -> tuple[str, TestResponse]:
    """Call the address with these ids, and all that its form asks for; and what was called."""
    known = name_of(rule) in FORMS or method == "GET"
    assert known, f"what does the form of {method} {rule} send? Tell FORMS"
    path = rule.rule
    for name in rule.arguments:
        path = re.sub(rf"<(int:)?{name}>", ids[name], path)
    assert "<" not in path, f"a converter in {rule} hides an id from this test"
    data = None if method == "GET" else filled(FORMS[name_of(rule)], own=own)
    answer = shop.client.open(path, method=method, data=data, headers=shop.bearer())
    return f"{method} {rule}", answer


def filled(form: dict[str, str], **ids: Things) -> dict[str, str]:
    return {name: value.format(**ids) for name, value in form.items()}


def is_silent(answer: TestResponse) -> bool:
    """Whether nothing of Aurora's stands in it."""
    return not any(word in answer.text.lower() for word in ("hush", "alice", "archer"))


def test_every_id_in_an_address_is_looked_for_here(client: FlaskClient, own: Things) -> None:
    rules = list(client.application.url_map.iter_rules())

    unknown = [str(rule) for rule in rules if rule.arguments - NO_IDS - own.keys()]

    assert unknown == []
    assert set(FORMS) <= {name_of(rule) for rule in rules}


def test_what_another_shop_has_is_not_found_at_any_address_and_not_changed(
    client: FlaskClient, aurora: ShopAndClient, borealis: ShopAndClient, theirs: Things, own: Things
) -> None:
    before, found = everything_of(aurora), []

    for rule, method in addresses(client.application):
        names = sorted(rule.arguments)
        for whose in list(product((theirs, own), repeat=len(names)))[:-1]:
            ids = {
                name: id_for(rule, name, things) for name, things in zip(names, whose, strict=True)
            }
            what, answer = call(borealis, rule, method, ids, own)
            if answer.status_code != 404 or not is_silent(answer):
                found.append((what, answer.status_code))

    assert found == []
    assert everything_of(aurora) == before


def test_the_shop_itself_finds_it_there(
    client: FlaskClient, aurora: ShopAndClient, theirs: Things
) -> None:
    lost = []

    for rule, method in addresses(client.application):
        ids = {name: id_for(rule, name, theirs) for name in rule.arguments}
        what, answer = call(aurora, rule, method, ids, theirs)
        # A refusal by the state of what was found (409) or of what was typed (422) has found it:
        # the test before this one sends the same form for what is not there, and is told 404.
        if answer.status_code not in (200, 204, 409, 422):
            lost.append((what, answer.status_code))

    assert lost == []


@pytest.mark.parametrize(("path", "form", "status"), NAMED)
def test_what_a_form_names_of_another_shop_is_refused_and_the_own_is_taken(
    aurora: ShopAndClient,
    borealis: ShopAndClient,
    theirs: Things,
    own: Things,
    path: str,
    form: dict[str, str],
    status: int,
) -> None:
    before = everything_of(aurora), everything_of(borealis)
    address = path.format(own=own)

    refused = borealis.post(address, **filled(form, own=own, theirs=theirs))

    assert refused.status_code == status and is_silent(refused)
    assert (everything_of(aurora), everything_of(borealis)) == before
    taken = borealis.post(address, **filled(form, own=own, theirs=own))
    assert taken.status_code in (200, 204)


@pytest.mark.parametrize("step", ["start", "pause", "resume", "stop", "remove"])
@pytest.mark.parametrize("which", ["campaign_id", "draft_id"])
def test_no_step_is_taken_with_another_shops_campaign(
    aurora: ShopAndClient, borealis: ShopAndClient, theirs: Things, which: str, step: str
) -> None:
    before = everything_of(aurora)

    answer = borealis.post(f"/app/campaigns/{theirs[which]}/steps", step=step)

    assert answer.status_code == 404 and is_silent(answer)
    assert everything_of(aurora) == before


def test_nobody_is_counted_of_another_shops_segment(
    borealis: ShopAndClient, theirs: Things, own: Things
) -> None:
    path = "/app/group-grants/forecast"

    foreign = borealis.post(path, **GRANT, segment_id=theirs["segment_id"])

    assert "This segment is no longer there" in foreign.text and is_silent(foreign)
    assert "1 member of" in borealis.post(path, **GRANT, segment_id=own["segment_id"]).text


@pytest.mark.parametrize(("path", "status"), SHOWN)
def test_a_blank_form_shows_nothing_of_another_shop(
    borealis: ShopAndClient, theirs: Things, path: str, status: int
) -> None:
    answer = borealis.get(path.format(theirs=theirs))

    assert answer.status_code == status and is_silent(answer)
