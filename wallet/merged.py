"""Links of a member who was merged: while they are, each leads to the survivor."""

from dataclasses import replace

from loyalty.base.db import shop_transaction
from loyalty.members.identity import survivor_of
from wallet.links import CardLink


def present(link: CardLink) -> CardLink:
    """The link as it is meant by now."""
    with shop_transaction(link.shop_id) as session:
        member_id = survivor_of(session, link.shop_id, link.member_id)
    return replace(link, member_id=member_id)
