"""What is shown of a member's referrals, and that nobody else's are among them."""

from datetime import timedelta

from sqlalchemy.orm import Session

from loyalty.members.tables import Member
from loyalty.programme.rules import get_programme
from loyalty.referrals.views import Referrals, read_referrals
from loyalty.shops.tables import Shop
from tests.factories.facts import NOON
from tests.loyalty.conftest import install_shop
from tests.loyalty.merging.cast import make_one
from tests.loyalty.referrals.cast import CAME, a_friend, buy, come, turn_on, work

LATER = NOON + timedelta(hours=2)


def tab(session: Session, shop: Shop, member: Member) -> Referrals:
    session.flush()
    found = read_referrals(session, shop, member.id)
    assert found is not None
    return found


def test_there_is_no_tab_while_referrals_are_off(
    session: Session, offering: Shop, alice: Member
) -> None:
    turn_on(session, offering, is_on=False)

    assert read_referrals(session, offering, alice.id) is None


def test_a_shop_that_chose_nothing_has_no_referrals(
    session: Session, aurora: Shop, alice: Member
) -> None:
    assert read_referrals(session, aurora, alice.id) is None


def test_a_friend_is_there_before_they_have_bought(
    session: Session, offering: Shop, alice: Member, carol: Member
) -> None:
    come(session, offering, alice, carol)

    found = tab(session, offering, alice)

    assert (found.succeeded, found.points) == (0, 0)
    [friend] = found.friends
    assert (friend.member_id, friend.first_name, friend.has_bought) == (carol.id, "Carol", False)
    assert friend.status == "Has not bought yet"


def test_who_bought_counts_with_their_order_and_points(
    session: Session, offering: Shop, alice: Member, carol: Member
) -> None:
    come(session, offering, alice, carol)
    buy(session, offering)
    work(session, offering)

    found = tab(session, offering, alice)

    assert (found.succeeded, found.points) == (1, 200)
    [friend] = found.friends
    assert (friend.has_bought, friend.order_name, friend.points) == (True, "#7001", 200)


def test_one_on_hold_has_bought_and_is_no_success_so_far(
    session: Session, offering: Shop, alice: Member, carol: Member
) -> None:
    get_programme(session, offering.shop_id).hold_days = 14
    come(session, offering, alice, carol)
    buy(session, offering)
    work(session, offering)

    found = tab(session, offering, alice)

    assert (found.succeeded, found.points) == (0, 0)
    [friend] = found.friends
    assert (friend.has_bought, friend.due_at) == (True, NOON + timedelta(days=14))


def test_what_was_taken_back_counts_no_more(
    session: Session, offering: Shop, alice: Member, carol: Member
) -> None:
    come(session, offering, alice, carol)
    buy(session, offering)
    work(session, offering)
    buy(session, offering, cancelled_at=LATER, updated_at=LATER)
    work(session, offering, now=LATER)

    found = tab(session, offering, alice)

    assert (found.succeeded, found.points) == (0, 0)
    assert found.friends[0].status == "Bought; taken back: the first order was cancelled"


def test_blocked_friends_are_there_with_the_reason(
    session: Session, offering: Shop, alice: Member
) -> None:
    come(session, offering, alice, a_friend(session, offering, email="alice+1@example.com"))

    [friend] = tab(session, offering, alice).friends

    assert friend.status == "Does not count: has the same email address"


def test_a_merged_members_friends_are_the_survivors(
    session: Session, offering: Shop, alice: Member, carol: Member
) -> None:
    come(session, offering, alice, carol)
    buy(session, offering)
    work(session, offering)
    dora = a_friend(session, offering, customer_id=602)
    make_one(session, offering, dora, alice)

    found = tab(session, offering, dora)

    assert (found.succeeded, found.points, len(found.friends)) == (1, 200, 1)


def test_the_newest_friend_comes_first(
    session: Session, offering: Shop, alice: Member, carol: Member
) -> None:
    dora = a_friend(session, offering, customer_id=602, first_name="Dora")
    come(session, offering, alice, carol)
    come(session, offering, alice, dora, at=CAME + timedelta(minutes=5))

    names = [friend.first_name for friend in tab(session, offering, alice).friends]

    assert names == ["Dora", "Carol"]


def test_another_shop_sees_none_of_it(
    session: Session, offering: Shop, alice: Member, carol: Member
) -> None:
    come(session, offering, alice, carol)
    borealis = install_shop(session, "borealis", currency="USD", timezone="America/New_York")
    turn_on(session, borealis)

    found = read_referrals(session, borealis, alice.id)

    assert found is not None and found.friends == []
