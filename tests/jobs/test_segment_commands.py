"""What operators type about segments."""

import csv
import json
from io import StringIO

from click.testing import CliRunner, Result

from jobs.segment_commands import segment_commands
from loyalty.base import db
from loyalty.members.tables import Member, MemberBalance
from tests.jobs.conftest import Aurora, add_member, install_committed

SHOP = ("--shop", "aurora.myshopify.com")
EVERYBODY = json.dumps({"fact": "order_count", "is": "at_least", "value": 0})


def typed(command: str, *arguments: str, shop: tuple[str, ...] = SHOP) -> Result:
    return CliRunner().invoke(segment_commands, (command, *shop, *arguments))


def said(command: str, *arguments: str) -> str:
    result = typed(command, *arguments)
    assert result.exit_code == 0, result.output
    return result.output.strip()


def saved(name: str = "All", *arguments: str) -> str:
    """The id of a segment that was saved and filled."""
    answer = said("save-segment", "--name", name, *arguments, "--write")
    said("refresh-segments")
    return answer.split(":")[0]


def test_rule_is_tried_before_it_is_saved(aurora: Aurora) -> None:
    tried = said("save-segment", "--name", "All", "--criteria", EVERYBODY)

    assert tried == "not saved: 1 members would belong by the rule"
    assert " All:" not in said("segments")
    saved("All", "--criteria", EVERYBODY)
    assert " All: 1 members as of" in said("segments")


def test_rule_that_cannot_work_is_refused_with_its_place(aurora: Aurora) -> None:
    never = json.dumps({"fact": "order_count", "is": "less_than", "value": 0})
    for criteria, words in (
        ("{", "criteria: this is no JSON"),
        ('{"all": []}', "criteria.all: Write a list with at least one part"),
        (never, "criteria: Nobody can ever match this"),
    ):
        refused = typed("save-segment", "--name", "All", "--criteria", criteria, "--write")

        assert refused.exit_code == 1 and words in refused.output


def test_member_is_put_in_kept_out_and_left_to_the_rule(aurora: Aurora) -> None:
    with db.shop_transaction(aurora.shop_id) as session:
        session.add(MemberBalance(shop_id=aurora.shop_id, member_id=aurora.alice))
    club = saved("Club")
    who = ("--id", club, "--member", str(aurora.alice))

    assert said("put-in-segment", *who) == "said"
    assert said("put-in-segment", *who) == "was so already"
    assert f"{aurora.alice} since" in said("segment-members", "--id", club)
    assert "Club: in by hand" in said("member-segments", "--member", str(aurora.alice))
    assert said("put-in-segment", *who, "--word", "out") == "said"
    assert said("segment-members", "--id", club) == ""
    assert said("put-in-segment", *who, "--word", "rule") == "said"
    assert "Club" not in said("member-segments", "--member", str(aurora.alice))


def test_members_are_written_as_a_csv_file_without_formulas(aurora: Aurora) -> None:
    evil = add_member(aurora.shop_id)
    with db.shop_transaction(aurora.shop_id) as session:
        for member_id in (aurora.alice, evil):
            session.add(MemberBalance(shop_id=aurora.shop_id, member_id=member_id))
        session.get_one(Member, (aurora.shop_id, evil)).first_name = "=1+1"
        session.get_one(Member, (aurora.shop_id, aurora.alice)).first_name = "Alice"

    written = said("segment-members", "--id", saved("All", "--criteria", EVERYBODY), "--csv")

    rows = list(csv.DictReader(StringIO(written)))
    assert {(row["Member"], row["Name"]) for row in rows} == {
        (str(aurora.alice), "Alice"),
        (str(evil), "'=1+1"),
    }


def test_removed_segment_is_listed_no_more(aurora: Aurora) -> None:
    segment_id = saved("All", "--criteria", EVERYBODY)

    assert said("remove-segment", "--id", segment_id) == "removed"

    assert "All" not in said("segments")
    assert typed("remove-segment", "--id", segment_id).exit_code == 1


def test_segment_of_another_shop_is_not_found(aurora: Aurora) -> None:
    segment_id = saved("All", "--criteria", EVERYBODY)
    install_committed("borealis")
    borealis = ("--shop", "borealis.myshopify.com")

    for command in ("segment-members", "remove-segment"):
        refused = typed(command, "--id", segment_id, shop=borealis)

        assert refused.exit_code == 1 and "segment_not_found" in refused.output
