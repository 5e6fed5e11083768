"""What a campaign's push says to each of its recipients: the merchant's line, its fields filled.

The invariant: whatever stands in the fields, it is one line that a card can show, without a gap:
a field that some have nothing for says what stands there instead.
"""

from collections.abc import Collection, Sequence
from datetime import date, datetime
from uuid import UUID

from babel import Locale
from babel.dates import format_date
from babel.numbers import format_decimal
from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from loyalty.base.bulk import among
from loyalty.base.errors import BadCampaign, BadTemplate
from loyalty.base.said import N_, said
from loyalty.campaigns.announcing import read_promotion
from loyalty.campaigns.bringing import check_fields
from loyalty.campaigns.channels import Told
from loyalty.campaigns.tables import Campaign
from loyalty.coupons.tables import Coupon, CouponCode
from loyalty.member_messages.tables import TEXT_MAX
from loyalty.members.tables import Member, MemberBalance
from loyalty.merge_fields import Field, Parts, Values, fill_title, read
from loyalty.programme.rules import get_programme
from loyalty.shops.tables import Shop
from loyalty.tiers.views import list_tiers_of
from wallet.content import locale_of

FIELDS = (
    *("first_name", "last_name", "shop", "programme", "balance", "points_name", "tier"),
    *("coupon", "code", "valid_until", "bonus_points", "promotion", "promotion_until"),
)
_NOT_ALWAYS = ("first_name", "last_name", "tier", "valid_until", "promotion_until")
_TOO_LONG = N_("With a long name this has %(count)s characters: a card shows %(most)s")
_NOT_EVERYBODY = N_("Not everybody has one: write what stands there then, such as %(example)s")
_CUT = "…"
_EXAMPLE = {"first_name": "Alex", "last_name": "Martin", "tier": "", "code": "ABC-123-DEF"}
# Longer than most people's: what is longer still is cut.
_LONG_NAME, _LONG_CODE, _LARGE = "M" * 20, "M" * 16, 1_000_000


def read_push(text: str) -> tuple[Parts, ...]:
    """The push's line in its parts; raises BadCampaign for what is no field of it."""
    try:
        return read(text, FIELDS, field="push_text", what="push")
    except BadTemplate as error:
        raise BadCampaign(error.field, error.words) from error


def check_push(session: Session, shop: Shop, campaign: Campaign, *, now: datetime) -> None:
    """Raise BadCampaign for a line with a gap for some, or too long for who has a long name."""
    lines = read_push(campaign.push_text)
    check_fields(campaign, lines, "push_text")
    for part in (part for line in lines for part in line if isinstance(part, Field)):
        _check_field(part)
    longest = fill_title(lines, _longest(session, shop, campaign, now))
    if len(longest) > TEXT_MAX:
        raise BadCampaign("push_text", said(_TOO_LONG, count=len(longest), most=TEXT_MAX))


def fill_pushes(
    session: Session, shop: Shop, campaign: Campaign, told: Sequence[Told], now: datetime
) -> dict[UUID, str]:
    """Each recipient's text, at most TEXT_MAX characters: a few statements for all of them."""
    lines = read_push(campaign.push_text)
    asked = {part.name for line in lines for part in line if isinstance(part, Field)}
    if not asked:
        return {one.member_id: _cut(fill_title(lines, {})) for one in told}
    common = _common(session, shop, campaign, now)
    own = _list_own(session, shop, told, asked)
    return {one.member_id: _cut(fill_title(lines, common | own[one.member_id])) for one in told}


def example_push(session: Session, shop: Shop, campaign: Campaign, *, now: datetime) -> str | None:
    """The push as somebody might read it who does not exist; None where it cannot be one yet."""
    try:
        lines = read_push(campaign.push_text)
        check_fields(campaign, lines, "push_text")
    except BadCampaign:
        return None
    programme, locale = get_programme(session, shop.shop_id), locale_of(shop.locale)
    somebody = _EXAMPLE | {"balance": _points(1250, programme.points_name, locale)}
    return _cut(fill_title(lines, _common(session, shop, campaign, now) | somebody)) or None


def _check_field(part: Field) -> None:
    if part.name in _NOT_ALWAYS and part.fallback is None:
        example = f"{{{{ {part.name} | … }}}}"
        raise BadCampaign("push_text", said(_NOT_EVERYBODY, example=example))


def _common(session: Session, shop: Shop, campaign: Campaign, now: datetime) -> dict[str, str]:
    """What is the same for all."""
    programme, locale = get_programme(session, shop.shop_id), locale_of(shop.locale)
    said = {
        "shop": shop.name,
        "programme": programme.name,
        "points_name": programme.points_name,
    }
    if campaign.bonus_points is not None:
        said["bonus_points"] = _points(campaign.bonus_points, programme.points_name, locale)
    if campaign.coupon_id is not None:
        coupon = session.get_one(Coupon, (shop.shop_id, campaign.coupon_id))
        said |= {"coupon": coupon.name, "valid_until": _day(coupon.ends_on, locale)}
    promotion = read_promotion(session, shop, campaign, now=now) or {}
    if promotion:
        until = promotion["promotion_until"]
        last = date.fromisoformat(until) if until else None
        said |= {"promotion": promotion["promotion"], "promotion_until": _day(last, locale)}
    return said


def _list_own(
    session: Session, shop: Shop, told: Sequence[Told], asked: Collection[str]
) -> dict[UUID, dict[str, str]]:
    """What differs, for each of them; what nobody asked for is not read."""
    programme, locale = get_programme(session, shop.shop_id), locale_of(shop.locale)
    ids = [one.member_id for one in told]
    rungs = list_tiers_of(session, shop.shop_id, ids) if "tier" in asked else {}
    codes = _list_codes(session, shop.shop_id, told) if "code" in asked else {}
    own: dict[UUID, dict[str, str]] = {one: {} for one in ids}
    for row in session.execute(_people(shop.shop_id, ids)):
        own[row.id] = {
            "first_name": _shown(row.first_name),
            "last_name": _shown(row.last_name),
            "balance": _points(row.available or 0, programme.points_name, locale),
            "tier": rungs[row.id].name if row.id in rungs else "",
            "code": codes.get(row.id, ""),
        }
    return own


def _people(shop_id: int, member_ids: Sequence[UUID]) -> Select[UUID, str | None, str | None, int]:
    return (
        select(Member.id, Member.first_name, Member.last_name, MemberBalance.available)
        .outerjoin(
            MemberBalance,
            (MemberBalance.shop_id == Member.shop_id) & (MemberBalance.member_id == Member.id),
        )
        .where(Member.shop_id == shop_id, among(Member.id, member_ids))
    )


def _list_codes(session: Session, shop_id: int, told: Sequence[Told]) -> dict[UUID, str]:
    members = {one.coupon_code_id: one.member_id for one in told if one.coupon_code_id}
    rows = session.execute(
        select(CouponCode.id, CouponCode.code).where(
            CouponCode.shop_id == shop_id, among(CouponCode.id, members)
        )
    )
    return {members[row.id]: row.code for row in rows}


def _longest(session: Session, shop: Shop, campaign: Campaign, now: datetime) -> Values:
    programme, locale = get_programme(session, shop.shop_id), locale_of(shop.locale)
    return _common(session, shop, campaign, now) | {
        "first_name": _LONG_NAME,
        "last_name": _LONG_NAME,
        "tier": _LONG_NAME,
        "code": _LONG_CODE,
        "balance": _points(_LARGE, programme.points_name, locale),
    }


def _points(points: int, name: str, locale: Locale) -> str:
    return f"{format_decimal(points, locale=locale)} {name}"


def _day(day: date | None, locale: Locale) -> str:
    return format_date(day, "long", locale=locale) if day else ""


def _shown(name: str | None) -> str:
    """A name as a lock screen can show it: signs that turn the words around it are left out."""
    return "".join(letter for letter in name or "" if letter.isprintable())


def _cut(text: str) -> str:
    """The text, or as many whole words of it as a card shows."""
    if len(text) <= TEXT_MAX:
        return text
    kept = text[: TEXT_MAX - len(_CUT)]
    whole = kept.rsplit(" ", 1)[0] if " " in kept else kept
    return whole.rstrip(" ,;:-") + _CUT
