"""R160: a segment's rule is written in rows, counted while it is typed, and refused at the row."""

import json
import re
from typing import Any
from uuid import UUID, uuid4

import pytest
from flask import Flask
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from sqlalchemy import text
from werkzeug.datastructures import MultiDict
from werkzeug.test import TestResponse

from loyalty.audit import AuditRow
from loyalty.base.db import engine, shop_transaction
from loyalty.base.errors import BadCriteria
from loyalty.criteria.facts import FACTS
from loyalty.criteria.language import read_criteria
from loyalty.segments.ready_made import ready_made_for
from loyalty.shops.directory import get_shop
from shopify_app.admin.formatting import ShopFormat
from shopify_app.admin.languages import LANGUAGES
from shopify_app.admin.segments.rule_acts import change
from shopify_app.admin.segments.rule_form import Condition, Group, form_of, rule_of, way_name
from shopify_app.admin.segments.rule_meaning import read
from shopify_app.admin.segments.rule_values import Values
from shopify_app.admin.segments.size import count_within
from shopify_app.admin.segments.words import operators_of
from tests.admin.cast import ShopAndClient
from tests.admin.forms import Fields, changed, fields_of
from tests.admin.segments.segment_cast import (
    RICH,
    belonging,
    get_segment,
    give_points,
    have_segment,
    own_segments,
)

FORM = "segment-form"
GOLD, SILVER = str(uuid4()), str(uuid4())
VALUES = Values(
    "EUR",
    ShopFormat.of("en", "Europe/Madrid"),
    {
        "tier": [(GOLD, "Gold"), (SILVER, "Silver")],
        "enrolled_by": [("till", "the till"), ("order", "a paid order")],
    },
)
TESTS = st.sampled_from(
    [
        {"fact": "order_count", "is": "at_least", "value": 10},
        {"fact": "total_spend", "is": "more_than", "value": 12_345},
        {"fact": "last_order_on", "is": "longer_ago_than_days", "value": 60},
        {"fact": "last_order_on", "is": "before", "value": "2026-01-31"},
        {"fact": "last_order_on", "is": "known", "value": False},
        {"fact": "has_birthday", "is": "equals", "value": True},
        {"fact": "tier", "is": "equals", "value": GOLD},
        {"fact": "tier", "is": "one_of", "value": [GOLD, SILVER]},
        {"fact": "tier", "is": "known", "value": True},
        {"fact": "enrolled_by", "is": "one_of", "value": ["till", "order"]},
    ]
)
RULES = st.recursive(
    TESTS,
    lambda inner: st.one_of(
        st.lists(inner, min_size=1, max_size=3).map(lambda parts: {"all": parts}),
        st.lists(inner, min_size=1, max_size=3).map(lambda parts: {"any": parts}),
        inner.map(lambda part: {"not": part}),
    ),
    max_leaves=5,
)


def new_form(shop: ShopAndClient, query: str = "") -> Fields:
    return fields_of(shop.get(f"/app/segments/new{query}").text, FORM)


def send(shop: ShopAndClient, path: str, fields: Fields, **more: str) -> TestResponse:
    sent = MultiDict([*fields, *more.items()])
    return shop.client.post(path, data=sent, headers=shop.bearer())


def words_of(page: TestResponse) -> str:
    return " ".join(re.sub(r"<[^>]*>", " ", page.text).split())


def press(shop: ShopAndClient, fields: Fields, act: str) -> Fields:
    """The fields after a button of the rule."""
    page = send(shop, "/app/segments/rule", fields, do=act).text
    rule = fields_of(f'<form id="{FORM}">{page}</form>', FORM)
    return [field for field in fields if not field[0].startswith("rule.")] + rule


def plain(rule: Any) -> Any:
    """A rule as the form writes it: below a group, and "not" only before a group."""
    if "fact" in rule:
        return rule
    [(word, inner)] = rule.items()
    if word != "not":
        return {word: [plain(part) for part in inner]}
    if "any" in inner or "all" in inner:
        return {"not": plain(inner)}
    return {"not": {"any": [plain(inner)]}}


def is_shallow(rule: Any) -> bool:
    try:
        return bool(read_criteria(rule))
    except BadCriteria:
        return False


def sent(rule: Group) -> MultiDict[str, str]:
    """What a browser would send of a rule's form."""
    fields: MultiDict[str, str] = MultiDict()

    def write(part: Group | Condition, way: tuple[int, ...]) -> None:
        name = way_name(way)
        if isinstance(part, Group):
            fields.add(f"{name}.word", part.word)
            for place, inner in enumerate(part.parts):
                write(inner, (*way, place))
            return
        fields.add(f"{name}.fact", part.fact)
        fields.add(f"{name}.is", part.operator)
        for typed in part.typed:
            fields.add(f"{name}.value", typed)

    write(rule, ())
    return fields


@given(rule=RULES)
@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
def test_every_rule_has_a_form_that_means_it(rule: Any) -> None:
    expected = {"all": [rule]} if "fact" in rule else plain(rule)
    assume(is_shallow(expected))

    form = rule_of(sent(form_of(rule, VALUES)))

    assert read(form, VALUES) == expected


@given(act=st.text(max_size=30) | st.from_regex(r"(add|group|remove|refit) rule(\.[0-3]){0,3}"))
def test_no_act_harms_a_rule(act: str) -> None:
    rule, _ = change(form_of({"all": [RICH, {"any": [RICH]}]}, VALUES), act, VALUES)

    assert rule_of(sent(rule)) == rule


def test_a_new_segment_is_written_in_rows_and_saved(aurora: ShopAndClient) -> None:
    fields = press(aurora, new_form(aurora), "refit rule.0")
    fields = changed(fields, name="Rich", rule_0_fact="available_points")
    fields = changed(fields, rule_0_is="more_than", rule_0_value="100")

    answer = send(aurora, "/app/segments", fields)

    [segment] = own_segments(aurora)
    assert answer.status_code == 204
    assert json.loads(answer.headers["HX-Location"])["path"] == f"/app/segments/{segment.id}"
    assert segment.name == "Rich"
    more = {"fact": "available_points", "is": "more_than", "value": 100}
    assert segment.criteria == {"all": [more]}
    with shop_transaction(aurora.shop_id) as session:
        audited = session.query(AuditRow).filter_by(action="segment_added").one()
        assert audited.actor_id == "42"


def test_buttons_add_and_remove_conditions_and_groups(aurora: ShopAndClient) -> None:
    fields = changed(new_form(aurora), rule_0_value="1")
    fields = press(aurora, fields, "group rule")
    fields = changed(fields, rule_1_word="none", rule_1_0_value="5")
    fields = press(aurora, fields, "add rule.1")
    fields = changed(fields, rule_1_1_value="7")
    fields = press(aurora, fields, "remove rule.1.0")

    send(aurora, "/app/segments", changed(fields, name="Nested"))

    [segment] = own_segments(aurora)
    ones, sevens = ({"fact": "order_count", "is": "equals", "value": n} for n in (1, 7))
    assert segment.criteria == {"all": [ones, {"not": {"any": [sevens]}}]}


def test_another_fact_brings_its_own_operators_and_no_old_value(aurora: ShopAndClient) -> None:
    fields = changed(new_form(aurora), rule_0_value="10")

    fields = press(aurora, changed(fields, rule_0_fact="has_birthday"), "refit rule.0")

    row = {name: value for name, value in fields if name.startswith("rule.0")}
    expected = {"rule.0.fact": "has_birthday", "rule.0.is": "equals", "rule.0.value": "true"}
    assert row == expected


@pytest.mark.parametrize("made", ready_made_for("EUR"), ids=lambda made: made.code)
def test_a_saved_rule_stands_in_the_form_as_it_is(aurora: ShopAndClient, made: Any) -> None:
    segment_id = have_segment(aurora, "Copy", made.criteria)
    fields = fields_of(aurora.get(f"/app/segments/{segment_id}/editor").text, FORM)

    answer = send(aurora, f"/app/segments/{segment_id}", changed(fields, name="The same"))

    saved = get_segment(aurora, segment_id)
    expected = {"all": [made.criteria]} if "fact" in made.criteria else made.criteria
    assert (answer.status_code, saved.name, saved.criteria) == (204, "The same", expected)


def test_amounts_are_written_in_the_shops_money(aurora: ShopAndClient) -> None:
    fields = changed(new_form(aurora), name="Spent", rule_0_fact="total_spend")
    fields = changed(fields, rule_0_is="at_least", rule_0_value="12.50")

    send(aurora, "/app/segments", fields)

    [segment] = own_segments(aurora)
    assert segment.criteria == {"all": [{"fact": "total_spend", "is": "at_least", "value": 1250}]}


@pytest.mark.parametrize(
    ("fact", "operator", "value", "said"),
    [
        ("order_count", "at_least", "", "Fill this in"),
        ("order_count", "at_least", "ten", "Write a whole number, such as 60"),
        ("order_count", "at_least", "-1", "Write a whole number, such as 60"),
        ("order_count", "at_least", "9" * 16, "Write a number from 0 to"),
        ("total_spend", "at_least", "12,50", "Write an amount such as 12.50"),
        ("total_spend", "at_least", "12.505", "Write an amount such as 12.50"),
        ("last_order_on", "before", "31.1.2026", "Write a day such as"),
        ("last_order_on", "within_days", "99999", "Write a number from 0 to"),
        ("tier", "equals", str(UUID(int=7)), "Nobody can ever match this"),
        ("tier", "equals", "gold", "Write an id"),
        ("enrolled_by", "equals", "", "Choose one"),
        ("order_count", "less_than", "0", "Nobody can ever match this"),
        ("no_such_fact", "equals", "1", "Choose what to look at"),
    ],
)
def test_what_makes_no_sense_is_refused_at_its_row_and_kept(
    aurora: ShopAndClient, fact: str, operator: str, value: str, said: str
) -> None:
    fields = press(aurora, changed(new_form(aurora), rule_0_value="1"), "add rule")
    fields = changed(fields, name="Bad", rule_1_fact=fact, rule_1_is=operator, rule_1_value=value)

    answer = send(aurora, "/app/segments", fields)

    assert answer.status_code == 422
    rows = answer.text.split('class="rule-row"')[1:]
    assert said not in rows[0] and said in rows[1]
    assert own_segments(aurora) == []
    assert ("name", "Bad") in fields_of(answer.text, FORM)


def test_what_contradicts_itself_is_refused_where_it_does(aurora: ShopAndClient) -> None:
    fields = press(aurora, changed(new_form(aurora), rule_0_value="1"), "add rule")
    fields = changed(fields, name="Never", rule_1_is="more_than", rule_1_value="5")

    answer = send(aurora, "/app/segments", fields)

    assert answer.status_code == 422
    assert "Nobody can ever match this" in answer.text.split('class="rule-row"')[0]
    assert own_segments(aurora) == []


def test_a_rule_without_conditions_is_refused(aurora: ShopAndClient) -> None:
    fields = press(aurora, changed(new_form(aurora), name="Empty"), "remove rule.0")

    answer = send(aurora, "/app/segments", fields)

    assert answer.status_code == 422 and "Add a condition" in answer.text
    assert own_segments(aurora) == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_operators_are_told_apart_in_every_language(language: str) -> None:
    with Flask("admin").test_request_context(f"/app?locale={language}"):
        for fact in FACTS.values():
            labels = [label for _, label in operators_of(fact)]
            assert all(labels) and len(set(labels)) == len(labels), fact.name


def test_what_is_wrong_with_a_rule_is_said_in_the_pages_language(aurora: ShopAndClient) -> None:
    fields = changed(new_form(aurora), name="Nobody", rule_0_is="less_than", rule_0_value="0")

    answer = send(aurora, "/app/segments?locale=de", fields)

    assert answer.status_code == 422 and "Das kann nie auf jemanden zutreffen" in answer.text


def test_a_name_that_is_taken_is_refused_beside_it(aurora: ShopAndClient) -> None:
    fields = changed(new_form(aurora), name="vip", rule_0_value="1")

    answer = send(aurora, "/app/segments", fields)

    assert answer.status_code == 422
    assert "There is a segment called vip already" in answer.text.split('id="name-error"')[1]


def test_the_size_is_told_while_the_rule_is_typed(
    aurora: ShopAndClient, alice: UUID, borealis: ShopAndClient, bob: UUID
) -> None:
    give_points(aurora, alice, 150)
    give_points(borealis, bob, 150)
    fields = press(aurora, new_form(aurora), "refit rule.0")
    fields = changed(fields, rule_0_fact="available_points", rule_0_is="at_least")

    sizes = [
        words_of(send(aurora, "/app/segments/size", changed(fields, rule_0_value=value)))
        for value in ("", "151", "150", "many")
    ]

    waiting = "Complete the conditions to see how many members fit."
    assert sizes[:3] == [waiting, "Nobody fits this now.", "1 member fits this now."]
    assert sizes[3] == f"{waiting} Write a whole number, such as 60"


def test_a_count_that_takes_too_long_is_given_up(aurora: ShopAndClient, alice: UUID) -> None:
    with engine().connect() as other, shop_transaction(aurora.shop_id) as session:
        shop = get_shop(session, aurora.shop_id)
        other.execute(text("LOCK TABLE member_balance IN ACCESS EXCLUSIVE MODE"))
        try:
            count = count_within(session, shop, RICH, timeout_ms=200)
        finally:
            other.rollback()

    assert count is None


def test_counting_saves_nothing(aurora: ShopAndClient) -> None:
    fields = changed(new_form(aurora), name="Draft", rule_0_value="1")

    send(aurora, "/app/segments/size", fields)
    send(aurora, "/app/segments/rule", fields, do="add rule")

    assert own_segments(aurora) == []


@pytest.mark.parametrize(
    ("act", "part", "place"),
    [
        ("add rule", "#rule-2", "#rule-acts"),
        ("group rule", "#rule-2", "#rule-acts"),
        ("add rule.1", "#rule-1-1", "#rule-1-acts"),
    ],
)
def test_what_is_added_comes_in_alone(
    aurora: ShopAndClient, act: str, part: str, place: str
) -> None:
    fields = press(aurora, new_form(aurora), "group rule")

    answer = send(aurora, "/app/segments/rule", fields, do=act)

    assert answer.headers["HX-Reselect"] == part
    assert answer.headers["HX-Retarget"] == place
    assert answer.headers["HX-Reswap"] == "beforebegin"
    for id in (part, place):
        assert answer.text.count(f'id="{id[1:]}"') == 1


def test_after_a_removal_the_whole_rule_is_written_anew(aurora: ShopAndClient) -> None:
    fields = press(aurora, new_form(aurora), "add rule")

    answer = send(aurora, "/app/segments/rule", fields, do="remove rule.0")

    assert "HX-Retarget" not in answer.headers
    assert "#rule input" in answer.text


def test_a_segment_by_hand_has_no_rule(aurora: ShopAndClient, alice: UUID) -> None:
    give_points(aurora, alice, 150)
    fields = changed(new_form(aurora, "?by=hand"), name="Friends of the house")

    send(aurora, "/app/segments", fields)

    [segment] = own_segments(aurora)
    assert segment.criteria is None and belonging(aurora, segment.id) == set()


def test_what_was_typed_is_shown_as_text_never_as_markup(aurora: ShopAndClient) -> None:
    fields = changed(new_form(aurora), name="<script>alert(1)</script>" * 9)
    fields = changed(fields, rule_0_value='"><script>alert(2)</script>')

    page = send(aurora, "/app/segments", fields).text

    assert "<script>alert" not in page and "&lt;script&gt;alert" in page


def test_another_shops_segment_is_neither_shown_nor_changed(
    aurora: ShopAndClient, borealis: ShopAndClient
) -> None:
    segment_id = have_segment(aurora, "Rich", RICH)
    fields = changed(new_form(borealis), name="Mine", rule_0_value="1")

    assert borealis.get(f"/app/segments/{segment_id}/editor").status_code == 404
    assert send(borealis, f"/app/segments/{segment_id}", fields).status_code == 404
    assert get_segment(aurora, segment_id).name == "Rich"
