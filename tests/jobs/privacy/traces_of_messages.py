"""The traces of a shopper to whom staff wrote on the card, and who was given points with others."""

from sqlalchemy.orm import Session

from loyalty.audit import Actor
from loyalty.base.clock import utc_now
from loyalty.group_grants.deciding import give_to_segment
from loyalty.group_grants.giving import give_batch, prepare_batch
from loyalty.member_messages.writing import put_on_cards
from loyalty.segments.overriding import put_in
from loyalty.segments.saving import add_segment
from loyalty.shops.directory import get_shop
from tests.jobs.privacy.shopper import Shopper

_DANA = Actor("staff", "42")


def be_told_on_the_card(session: Session, who: Shopper) -> None:
    """A text that calls them by their name, and points for all of a segment."""
    shop, now = get_shop(session, who.shop_id), utc_now()
    text = f"{who.first_name} {who.last_name}, your scarf is here"
    put_on_cards(session, who.shop_id, {who.member_id: text}, key="one", actor=_DANA, now=now)
    segment = add_segment(session, shop, name="Quiet", criteria=None, actor=_DANA, now=now)
    put_in(session, shop, segment.id, who.member_id, actor=_DANA, now=now)
    grant = give_to_segment(
        session,
        who.shop_id,
        segment.id,
        points=10,
        reason="contest",
        tells_members=False,
        client_key="key-1",
        actor=_DANA,
        now=now,
    )
    prepare_batch(session, grant)
    give_batch(session, grant, now=now)
