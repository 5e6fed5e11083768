"""R157: a shop's page on a network is followed once, and leads nowhere but to that network."""

import pytest
from sqlalchemy.orm import Session

from loyalty.actions.following import (
    follow,
    list_follow_links,
    list_followed,
    remove_follow_link,
    set_follow_link,
)
from loyalty.base.errors import BadReader
from loyalty.members.tables import Member
from loyalty.shops.tables import Shop
from tests.factories.facts import NOON
from tests.loyalty.actions.cast import DANA, a_rule, told
from tests.loyalty.conftest import balance_of


def test_each_network_counts_once(session: Session, aurora: Shop, alice: Member) -> None:
    a_rule(session, aurora, "social_follow", 10)

    for network in ("instagram", "instagram", "tiktok"):
        follow(session, aurora, alice.id, network, now=NOON)  # type: ignore[arg-type]

    assert balance_of(session, alice).available == 20
    assert list_followed(session, aurora.shop_id, alice.id) == {"instagram", "tiktok"}
    events = told(session, alice, "social_followed")
    assert events == [{"network": "instagram"}, {"network": "tiktok"}]


def test_link_that_is_set_anew_earns_nothing_new(
    session: Session, aurora: Shop, alice: Member
) -> None:
    a_rule(session, aurora, "social_follow", 10)
    shop_id = aurora.shop_id
    set_follow_link(session, shop_id, "x", "https://x.com/aurora", actor=DANA, now=NOON)
    follow(session, aurora, alice.id, "x", now=NOON)
    assert remove_follow_link(session, shop_id, "x", actor=DANA, now=NOON)
    set_follow_link(session, shop_id, "x", "https://x.com/aurora2", actor=DANA, now=NOON)

    assert follow(session, aurora, alice.id, "x", now=NOON) is None
    assert [link.url for link in list_follow_links(session, shop_id)] == ["https://x.com/aurora2"]


@pytest.mark.parametrize(
    ("network", "url", "field"),
    [
        ("myspace", "https://myspace.com/aurora", "network"),
        ("instagram", "http://instagram.com/aurora", "url"),
        ("instagram", "https://evil.example/instagram.com", "url"),
        ("instagram", "https://evilinstagram.com/aurora", "url"),
        ("instagram", "https://instagram.com@evil.example/", "url"),
        ("instagram", "https://instagram.com:8443/aurora", "url"),
        ("instagram", "javascript:alert(1)//instagram.com", "url"),
        ("instagram", "https://[instagram.com/", "url"),
        ("instagram", "https://instagram.com/a\r\nSet-Cookie: a", "url"),
        ("instagram", "", "url"),
    ],
)
def test_address_that_leads_elsewhere_is_refused_beside_its_field(
    session: Session, aurora: Shop, network: str, url: str, field: str
) -> None:
    with pytest.raises(BadReader) as refused:
        set_follow_link(session, aurora.shop_id, network, url, actor=DANA, now=NOON)

    assert refused.value.field == field
    assert list_follow_links(session, aurora.shop_id) == []
