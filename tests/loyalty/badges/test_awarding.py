"""Badges beyond their worked cases: who looks when, what cannot be read, and twice at once."""

from datetime import date

import pytest
from sqlalchemy import event, select, update
from sqlalchemy.orm import Session

from loyalty.audit import Actor, AuditRow
from loyalty.badges.awarding import give_badges
from loyalty.badges.editing import add_badge, change_badge, list_badges, switch_badge
from loyalty.badges.ready_made import READY_MADE, add_ready_made
from loyalty.badges.tables import Badge, MemberBadge
from loyalty.base.errors import BadBadge, BadgeNotFound
from loyalty.base.ids import new_id
from loyalty.criteria.facts import Source
from loyalty.criteria.language import read_criteria
from loyalty.members.tables import Member, TimelineEvent
from loyalty.shops.tables import Shop
from tests.factories.facts import NOON
from tests.loyalty.conftest import install_shop
from tests.loyalty.tiers.cast import buy

TODAY = date(2026, 11, 22)
STAFF = Actor("staff", "1")
BIG = {"fact": "total_spend", "is": "at_least", "value": 100_00}


def own(session: Session, shop: Shop, name: str = "Big spender", criteria: object = BIG) -> Badge:
    return add_badge(
        session,
        shop.shop_id,
        name=name,
        description="Spent 100",
        criteria=criteria,
        actor=STAFF,
        now=NOON,
    )


def had(session: Session, member: Member) -> list[str]:
    """The names of the member's badges."""
    rows = session.scalars(
        select(Badge.name)
        .join(MemberBadge, MemberBadge.badge_id == Badge.id)
        .where(MemberBadge.shop_id == member.shop_id, MemberBadge.member_id == member.id)
        .order_by(Badge.id)
    )
    return list(rows)


def test_every_ready_made_badge_can_be_read_and_is_there_once(
    session: Session, aurora: Shop
) -> None:
    add_ready_made(session, aurora.shop_id, now=NOON)

    for each in READY_MADE:
        read_criteria(each.criteria)
    codes = [badge.code for badge in list_badges(session, aurora.shop_id)]
    assert codes == [each.code for each in READY_MADE]


def test_the_same_look_again_gives_nothing_and_tells_nothing(
    session: Session, aurora: Shop, alice: Member
) -> None:
    buy(session, aurora, 1, 10_00, TODAY)

    assert give_badges(session, aurora, [alice.id], now=NOON) == []

    told = session.scalars(select(TimelineEvent).where(TimelineEvent.kind == "badge_earned")).all()
    assert [each.details for each in told] == [{"badge": "First order"}]


def test_badge_that_asks_for_nothing_touched_is_not_looked_at(
    session: Session, aurora: Shop, alice: Member
) -> None:
    buy(session, aurora, 1, 100_00, TODAY)
    own(session, aurora)

    given = give_badges(session, aurora, [alice.id], now=NOON, touched=[Source.TIER])
    assert given == []
    given = give_badges(session, aurora, [alice.id], now=NOON, touched=[Source.ORDERS])
    assert len(given) == 1


def test_badge_that_was_turned_off_is_not_won_and_stays_with_who_has_it(
    session: Session, aurora: Shop, alice: Member
) -> None:
    badge = own(session, aurora)
    buy(session, aurora, 1, 100_00, TODAY)

    assert switch_badge(session, aurora.shop_id, badge.id, False, actor=STAFF, now=NOON)
    assert not switch_badge(session, aurora.shop_id, badge.id, False, actor=STAFF, now=NOON)

    assert had(session, alice) == ["First order", "Big spender"]


def test_criteria_that_can_no_longer_be_read_give_nobody_anything(
    session: Session, aurora: Shop, alice: Member
) -> None:
    badge = own(session, aurora)
    session.execute(
        update(Badge)
        .where(Badge.id == badge.id)
        .values(criteria={"fact": "shoe_size", "is": "equals", "value": 1})
    )
    session.expire_all()

    buy(session, aurora, 1, 100_00, TODAY)

    assert had(session, alice) == ["First order"]


@pytest.mark.parametrize(
    ("name", "description", "criteria", "field"),
    [
        ("", "", BIG, "name"),
        ("x" * 41, "", BIG, "name"),
        ("a\nb", "", BIG, "name"),
        (" first ORDER ", "", BIG, "name"),
        ("Mine", "x" * 201, BIG, "description"),
        ("Mine", "", {"all": []}, "criteria.all"),
        ("Mine", "", None, "criteria"),
    ],
)
def test_badge_that_cannot_be_given_is_refused_with_its_field(
    session: Session, aurora: Shop, name: str, description: str, criteria: object, field: str
) -> None:
    before = len(list_badges(session, aurora.shop_id))

    with pytest.raises(BadBadge) as refused:
        add_badge(
            session,
            aurora.shop_id,
            name=name,
            description=description,
            criteria=criteria,
            actor=STAFF,
            now=NOON,
        )

    assert refused.value.field == field
    assert len(list_badges(session, aurora.shop_id)) == before


def test_refused_change_leaves_the_badge_as_it_was(session: Session, aurora: Shop) -> None:
    badge = own(session, aurora)

    with pytest.raises(BadBadge):
        change_badge(
            session,
            aurora.shop_id,
            badge.id,
            name="Other",
            description="",
            criteria={"any": []},
            actor=STAFF,
            now=NOON,
        )

    assert (badge.name, badge.criteria) == ("Big spender", BIG)


def test_changed_badge_is_won_by_its_new_criteria(
    session: Session, aurora: Shop, alice: Member
) -> None:
    badge = own(session, aurora)
    change_badge(
        session,
        aurora.shop_id,
        badge.id,
        name="Spender",
        description="",
        criteria=BIG | {"value": 10_00},
        actor=STAFF,
        now=NOON,
    )

    buy(session, aurora, 1, 10_00, TODAY)

    assert had(session, alice) == ["First order", "Spender"]
    rows = session.scalars(select(AuditRow.action).where(AuditRow.subject_kind == "badge")).all()
    assert rows == ["badge_added", "badge_changed"]


def test_another_shops_badge_is_not_found(session: Session, aurora: Shop) -> None:
    badge = own(session, aurora)
    borealis = install_shop(session, "borealis", currency="USD", timezone="America/Toronto")

    for badge_id in (badge.id, new_id()):
        with pytest.raises(BadgeNotFound):
            switch_badge(session, borealis.shop_id, badge_id, False, actor=STAFF, now=NOON)


def test_a_batch_costs_no_more_statements_than_one_member(
    session: Session, aurora: Shop, alice: Member
) -> None:
    statements: list[str] = []
    event.listen(
        session.connection(),
        "before_cursor_execute",
        lambda _c, _cur, statement, *_: statements.append(statement),
    )

    give_badges(session, aurora, [alice.id], now=NOON)
    for_one = len(statements)
    statements.clear()
    give_badges(session, aurora, [alice.id, *(new_id() for _ in range(200))], now=NOON)

    assert len(statements) == for_one
