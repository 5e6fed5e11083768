"""What the customer's page says of rewards: those to redeem, and the codes that are theirs."""

import io
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

import segno
from babel.dates import format_date
from babel.numbers import format_decimal
from sqlalchemy import select
from sqlalchemy.orm import Session

from loyalty.base.clock import day_in
from loyalty.coupons import views as coupons
from loyalty.coupons.views import MemberCoupon
from loyalty.programme.rules import get_programme
from loyalty.redemption.doubts import is_in_doubt
from loyalty.redemption.tables import Redemption
from loyalty.redemption.terms import Terms
from loyalty.rewards.views import Offer, list_offers
from loyalty.shops.directory import get_shop
from loyalty.shops.tables import Shop
from wallet.at_the_till import list_rewards_at_till
from wallet.content import locale_of

CODES_SHOWN = 20
USED_SHOWN = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class OfferLine:
    """A reward in words. `missing`: None when the points are enough. `bounds`: of what may be
    typed for a reward per point, None for others. `percent`: how far the points reach, of 100.
    `is_at_till`: whether it can be redeemed at a till, too.
    """

    reward_id: UUID
    name: str
    worth: str
    cost: str
    missing: str | None
    why_not: str | None
    is_redeemable: bool
    bounds: tuple[int, int | None] | None
    percent: int
    is_at_till: bool


@dataclass(frozen=True, slots=True)
class OwnCode:
    """A reward or coupon of theirs. `code` and its drawing `qr` are None when it is no use."""

    name: str
    says: str
    code: str | None
    qr: str | None


@dataclass(frozen=True, slots=True)
class RewardsPanel:
    """Both lists; a shop that offers nothing has neither."""

    offers: list[OfferLine]
    codes: list[OwnCode]


def read_rewards(session: Session, shop_id: int, member_id: UUID, *, now: datetime) -> RewardsPanel:
    """The panel of a member. Raises MemberNotFound."""
    shop = get_shop(session, shop_id)
    unit = get_programme(session, shop_id).points_name
    offers = list_offers(session, shop, member_id, channel="online", now=now)
    redeemed = [_of_redemption(one, shop) for one in _redemptions(session, shop_id, member_id, now)]
    given = [
        _of_coupon(one, shop)
        for one in coupons.list_of(session, shop_id, member_id, now)
        if one.state in ("making", "ready", "early")
    ]
    at_till = list_rewards_at_till(session, shop_id, member_id) if offers else set()
    return RewardsPanel([_line(offer, shop, unit, at_till) for offer in offers], redeemed + given)


def find_offer(
    session: Session, shop: Shop, member_id: UUID, reward_id: UUID, *, now: datetime
) -> Offer | None:
    """The reward as this member is offered it on their page; None when it is not."""
    offers = list_offers(session, shop, member_id, channel="online", now=now)
    return next((offer for offer in offers if offer.reward_id == reward_id), None)


def cost_in_words(points: int, shop: Shop, unit: str) -> str:
    """`1,250 points`, as the shop writes numbers and calls its points."""
    if points == 1 and unit == "points":
        return "1 point"
    return f"{format_decimal(points, locale=locale_of(shop.locale))} {unit}"


def _line(offer: Offer, shop: Shop, unit: str, at_till: Collection[UUID]) -> OfferLine:
    is_per_point = offer.points_min is not None
    least = offer.points_min if offer.points_min is not None else offer.cost_points
    cost = cost_in_words(least, shop, unit)
    missing = offer.missing_points
    return OfferLine(
        reward_id=offer.reward_id,
        name=offer.name,
        worth=offer.worth,
        cost=f"from {cost}" if is_per_point else cost,
        missing=cost_in_words(missing, shop, unit) if missing else None,
        why_not=None if missing else offer.why_not,
        is_redeemable=offer.is_redeemable,
        bounds=(least, offer.points_max) if is_per_point else None,
        percent=max(0, 100 * (least - missing) // least),
        is_at_till=offer.reward_id in at_till,
    )


def _redemptions(
    session: Session, shop_id: int, member_id: UUID, now: datetime
) -> Sequence[Redemption]:
    """Those that can be used or wait, and what was used lately; the newest first."""
    is_of_use = Redemption.state.in_(("reserved", "issued", "returning"))
    was_used = (Redemption.state == "used") & (Redemption.used_at > now - USED_SHOWN)
    return session.scalars(
        select(Redemption)
        .where(
            Redemption.shop_id == shop_id,
            Redemption.member_id == member_id,
            is_of_use | was_used,
        )
        .order_by(Redemption.reserved_at.desc(), Redemption.id.desc())
        .limit(CODES_SHOWN)
        .execution_options(populate_existing=True)
    ).all()


def _of_redemption(redemption: Redemption, shop: Shop) -> OwnCode:
    terms = Terms.from_json(redemption.terms)
    if redemption.state != "issued" or redemption.code is None:
        return OwnCode(terms.name, _state_in_words(redemption, terms), None, None)
    says = "Good once, at checkout or at the till"
    if redemption.expires_at is not None:
        last_on = day_in(shop.timezone, redemption.expires_at - timedelta(seconds=1))
        says += f", until {_day(last_on, shop)}"
    return OwnCode(terms.name, says, redemption.code, draw_code(redemption.code))


def _state_in_words(redemption: Redemption, terms: Terms) -> str:
    match redemption.state:
        case "reserved" if is_in_doubt(redemption):
            return "We are looking whether this store credit was paid. If not, your points return."
        case "reserved" if not terms.has_code:
            return "It is being put on your account. Open this page again in a moment."
        case "reserved":
            return "It is being made. Open this page again in a moment."
        case "returning":
            return "It is being taken back. Your points return in a moment."
    return "Used" if terms.has_code else "Put on your account as store credit"


def _of_coupon(coupon: MemberCoupon, shop: Shop) -> OwnCode:
    if coupon.state == "making":
        return OwnCode(coupon.name, "It is being made. Open this page again later.", None, None)
    says = coupon.worth
    if coupon.state == "early" and coupon.valid_from is not None:
        says += f", from {_day(coupon.valid_from, shop)}"
    if coupon.valid_until is not None:
        says += f", until {_day(coupon.valid_until, shop)}"
    return OwnCode(coupon.name, says, coupon.code, draw_code(coupon.code))


def draw_code(text: str) -> str:
    """A QR code of `text` as an SVG element that names no size of its own."""
    drawn = io.BytesIO()
    segno.make(text, micro=False, error="m").save(
        drawn, kind="svg", xmldecl=False, svgns=True, border=2, scale=4, omitsize=True
    )
    return drawn.getvalue().decode()


def _day(on: date, shop: Shop) -> str:
    return format_date(on, "medium", locale=locale_of(shop.locale))
