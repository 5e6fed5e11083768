"""R154: the campaign's effect comes with an interval that says how sure it is."""

from decimal import Decimal

from loyalty.campaigns.comparing import Group, difference_of, gain_of


def group(people: int, ordered: int, *spent: int) -> Group:
    """So many, of whom some spent this."""
    return Group(people, ordered, sum(spent), Decimal(sum(one * one for one in spent)))


def test_shares_differ_as_in_newcombes_own_examples() -> None:
    # Statistics in Medicine 17 (1998), table II, method 10: 56/70 - 48/80 and 9/10 - 3/10.
    for told, held_out, low, high in (
        (group(70, 56), group(80, 48), "0.0524", "0.3339"),
        (group(10, 9), group(10, 3), "0.1705", "0.8090"),
    ):
        found = difference_of(told, held_out)
        assert found is not None
        assert (round(found.low, 4), round(found.high, 4)) == (Decimal(low), Decimal(high))


def test_nothing_is_said_of_a_group_of_nobody() -> None:
    assert difference_of(group(10, 1), group(0, 0)) is None
    assert gain_of(group(10, 1, 500), group(1, 0, 0)) is None


def test_groups_in_which_nobody_ordered_differ_by_nothing_for_sure() -> None:
    found = difference_of(group(1000, 0), group(1000, 0))

    assert found is not None and found.middle == 0
    assert found.low < 0 < found.high and found.high < Decimal("0.005")


def test_money_per_person_is_compared_by_its_means() -> None:
    found = gain_of(group(4, 4, 1000, 1200, 800, 1000), group(4, 4, 500, 700, 300, 500))

    # Both variances are 80,000/3: the error is 1.96 × √(2 × 80000/3/4).
    assert found is not None and found.middle == 500
    assert (round(found.low), round(found.high)) == (274, 726)
