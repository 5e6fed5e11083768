"""What a shop says its points are worth: kept with its time, or refused with the field."""

from decimal import Decimal

import pytest
from sqlalchemy.orm import Session

from loyalty.base.errors import BadLiabilitySetting
from loyalty.liability.settings import PAST, Said, in_force, list_said, save
from loyalty.shops.tables import Shop
from tests.factories.facts import NOON
from tests.loyalty.conftest import install_shop
from tests.loyalty.earning.cast import OPERATOR
from tests.loyalty.ledger.cast import DAY


@pytest.mark.parametrize(
    ("value", "breakage", "field"),
    [
        ("0", None, "point_value"),
        ("-0.01", None, "point_value"),
        ("NaN", None, "point_value"),
        ("Infinity", None, "point_value"),
        ("a cent", None, "point_value"),
        ("0.0000000000001", None, "point_value"),
        (None, "100", "breakage"),
        (None, "-1", "breakage"),
        (None, "", "breakage"),
        (None, None, "point_value"),
    ],
)
def test_what_cannot_be_so_is_refused_beside_its_field(
    session: Session, aurora: Shop, value: str | None, breakage: str | None, field: str
) -> None:
    with pytest.raises(BadLiabilitySetting) as refused:
        save(
            session,
            aurora,
            point_value=value,
            breakage_percent=breakage,
            actor=OPERATOR,
            now=NOON,
        )

    assert refused.value.field == field
    assert list_said(session, aurora.shop_id) == []


def test_what_was_said_holds_until_something_else_is(session: Session, aurora: Shop) -> None:
    for value, percent, at in (("0.01", "20", NOON), (PAST, PAST, NOON + DAY)):
        save(session, aurora, point_value=value, breakage_percent=percent, actor=OPERATOR, now=at)

    said = list_said(session, aurora.shop_id)
    assert in_force(said, NOON) == Said()
    assert in_force(said, NOON + DAY) == Said(Decimal("1.00"), Decimal("0.2"))
    assert in_force(said, NOON + 2 * DAY) == Said()


@pytest.mark.parametrize(
    ("value", "percent", "then"),
    [
        (None, "30", Said(Decimal("1.00"), Decimal("0.3"))),
        ("0.02", None, Said(Decimal("2.00"), Decimal("0.2"))),
        (None, PAST, Said(Decimal("1.00"), None)),
        (PAST, None, Said(None, Decimal("0.2"))),
    ],
)
def test_what_is_not_said_stays_as_it_was(
    session: Session, aurora: Shop, value: str | None, percent: str | None, then: Said
) -> None:
    said = {"point_value": "0.01", "breakage_percent": "20"}
    save(session, aurora, **said, actor=OPERATOR, now=NOON)

    changed = {"point_value": value, "breakage_percent": percent}
    save(session, aurora, **changed, actor=OPERATOR, now=NOON + DAY)

    heard = list_said(session, aurora.shop_id)
    assert in_force(heard, NOON + 2 * DAY) == then
    assert in_force(heard, NOON + DAY) == Said(Decimal("1.00"), Decimal("0.2"))


def test_another_shops_word_is_not_heard(session: Session, aurora: Shop) -> None:
    save(session, aurora, point_value="1", breakage_percent=None, actor=OPERATOR, now=NOON)

    borealis = install_shop(session, "borealis", currency="USD", timezone="America/Toronto")

    assert list_said(session, borealis.shop_id) == []
