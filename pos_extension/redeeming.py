"""A reward redeemed at the till: points taken once, the code given to whoever asks with the key.

The invariant: a resend finds the redemption of its client key, and proves nothing again.
"""

from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from loyalty.audit import Actor
from loyalty.base.clock import utc_now
from loyalty.base.db import shop_transaction
from loyalty.members.states import get_active_member
from loyalty.queries.till import list_open_redemptions
from loyalty.redemption.reserving import Wish
from loyalty.redemption.tables import Redemption
from loyalty.rewards.views import list_offers
from loyalty.shops.tables import Shop
from loyalty.till.grants import TillUser
from loyalty.till.tries import count_try
from pos_extension.auth import Till, enter
from pos_extension.offering import (
    get_redemption,
    offer_json,
    read_cart,
    redemption_json,
)
from pos_extension.places import check_place
from pos_extension.proving import Proof, Proving
from pos_extension.reading import Body, client_key, optional_points, uuid
from pos_extension.wire import member_json
from shopify_app.platform import redeeming

Json = dict[str, Any]
_STATUS = {"reserved": 202, "returning": 200, "returned": 200}


def list_rewards(till: Till, member_id: UUID, subtotal: str | None, currency: str | None) -> Json:
    """What the member can redeem here, and the codes they hold already."""
    with shop_transaction(till.shop_id) as session:
        shop, now = enter(session, till), utc_now()
        get_active_member(session, shop.shop_id, member_id)
        cart = read_cart(shop, subtotal, currency)
        offers = list_offers(session, shop, member_id, channel="till", now=now, cart_minor=cart)
        held = list_open_redemptions(session, shop.shop_id, member_id)
        return {
            "member": member_json(session, shop, member_id, now=now),
            "rewards": [offer_json(offer) for offer in offers],
            "redemptions": [redemption_json(shop, one) for one in held],
        }


def redeem(till: Till, member_id: UUID, body: Body, by: TillUser) -> tuple[Json, int]:
    """201 with the redemption and its code; 202 while Shopify has not made the code yet.

    200 with a redemption that has been taken back since, or that is being: as it stands. Raises
    what reserving raises, LocationNotFound, SecondProofNeeded, WrongProof, TooManyTries,
    OverRedeemLimit, and DiscountRefused when Shopify makes no discount of it: then the points are
    back.
    """
    proof = Proof.of(body)
    wish = _begin(till, body, proof, by)
    proving = Proving(proof, by)
    redemption = redeeming.redeem(till.shop_id, member_id, wish, actor=by.actor, within=proving)
    answer = read_redemption(till, redemption.id)
    state = answer["redemption"]["state"]
    return answer, _STATUS.get(state, 201)


def read_redemption(till: Till, redemption_id: UUID) -> Json:
    """The redemption as it stands, with its member."""
    with shop_transaction(till.shop_id) as session:
        shop = enter(session, till)
        redemption = get_redemption(session, shop.shop_id, redemption_id)
        member = member_json(session, shop, redemption.member_id, now=utc_now())
        return {"redemption": redemption_json(shop, redemption), "member": member}


def void(till: Till, redemption_id: UUID, actor: Actor) -> Json:
    """Take a code back that was not used; its points come back once it is dead in Shopify.

    Raises RedemptionNotFound, NotReturnable. Twice is no matter.
    """
    read_redemption(till, redemption_id)  # the shop may have left, or the member be erased
    redeeming.void(till.shop_id, redemption_id, reason="voided_at_till", actor=actor)
    return read_redemption(till, redemption_id)


def _begin(till: Till, body: Body, proof: Proof, by: TillUser) -> Wish:
    """The wish; a typed proof takes a try, committed before anybody looks at it."""
    with shop_transaction(till.shop_id) as session:
        shop = enter(session, till)
        wish = _read_wish(body, shop)
        if _is_known(session, shop.shop_id, wish.client_key):
            return wish
        check_place(session, shop.shop_id, by.location_id)
        if proof.is_typed:
            count_try(session, shop.shop_id, by.user_id, now=utc_now())
        return wish


def _read_wish(body: Body, shop: Shop) -> Wish:
    # Whatever else a client says, such as a cost, is not read.
    return Wish(
        reward_id=uuid(body, "reward_id"),
        channel="till",
        client_key=client_key(body),
        points=optional_points(body, "points"),
        cart_minor=read_cart(shop, body.get("cart_subtotal"), body.get("cart_currency")),
    )


def _is_known(session: Session, shop_id: int, key: UUID) -> bool:
    statement = select(Redemption.id).where(
        Redemption.shop_id == shop_id, Redemption.client_key == key
    )
    return session.scalar(statement) is not None
