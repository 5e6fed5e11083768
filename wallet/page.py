"""What the customer's page shows: the card, the newest movements, the switches, the places."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from babel import Locale
from babel.dates import format_date, format_skeleton
from babel.numbers import format_decimal
from sqlalchemy import select
from sqlalchemy.orm import Session

from loyalty.base.clock import day_in, utc_now
from loyalty.members.tables import Member, MemberBalance
from loyalty.preferences import NAMES, Name, get_preferences
from loyalty.queries.entries import EntryRow, list_entries
from loyalty.shops.directory import get_shop
from loyalty.shops.tables import Location, Shop
from wallet.content import locale_of

NEWEST = 10
BATCH = 50


@dataclass(frozen=True, slots=True)
class Movement:
    """One line of the history: what, when, and the signed points in the shop's language."""

    icon: str
    title: str
    detail: str
    on: str
    at: str
    points: str
    is_credit: bool


@dataclass(frozen=True, slots=True)
class History:
    """A batch of movements; `next` is the cursor of the next one, None at the end."""

    movements: list[Movement]
    next: str | None


@dataclass(frozen=True, slots=True)
class Switch:
    """One of the five preferences as the page shows it."""

    name: Name
    icon: str
    title: str
    explanation: str
    is_active: bool


@dataclass(frozen=True, slots=True)
class Place:
    """A place of the shop: its name and the lines of its address."""

    name: str
    lines: list[str]


_TITLES = {
    "earn_order": ("shopping-bag", "Order"),
    "earn_reversal": ("undo-2", "Taken back after a refund or change"),
    "earn_action": ("coins", "Thank you"),
    "referral": ("coins", "You brought a friend"),
    "grant": ("gift", "A gift from the shop"),
    "deduct": ("minus", "Corrected by the shop"),
    "redeem": ("award", "Spent on a reward"),
    "redeem_reversal": ("undo-2", "Returned from a reward"),
    "expire": ("hourglass", "Expired"),
    "import": ("coins", "Brought over"),
    "merge_in": ("coins", "From your other account"),
    "merge_out": ("coins", "Moved to your other account"),
    "archive": ("hourglass", "Put away with your account"),
    "restore": ("coins", "Back with your account"),
}
_ACTIONS = {
    "signup": ("award", "Welcome"),
    "verified_email": ("mail", "You confirmed your address"),
    "pass_installed": ("wallet", "Your card is on your phone"),
    "birthday": ("cake", "Happy birthday"),
    "check_in": ("map-pin", "You visited us"),
    "social_follow": ("heart", "You follow us"),
}
_SWITCHES: dict[Name, tuple[str, str, str]] = {
    "balance": ("coins", "Balance", "When your points change"),
    "location": ("map-pin", "Location", "Your card at hand when you are near a store"),
    "marketing": ("megaphone", "Marketing", "News and offers"),
    "tier": ("award", "Tier", "When you reach a new tier"),
    "reward": ("gift", "Reward available", "When your points are enough for a reward"),
}


def read_history(
    session: Session, shop_id: int, member_id: UUID, *, after: str | None, limit: int
) -> History:
    """A batch of the member's movements in words, newest first."""
    shop = get_shop(session, shop_id)
    page = list_entries(session, shop_id, member_id, after=after, limit=limit)
    return History([_movement(row, shop) for row in page.rows], page.next)


def read_pending(session: Session, shop_id: int, member_id: UUID) -> str | None:
    """The points on their way, in the shop's language; None if there are none."""
    pending = session.scalar(
        select(MemberBalance.pending).where(
            MemberBalance.shop_id == shop_id, MemberBalance.member_id == member_id
        )
    )
    locale = locale_of(get_shop(session, shop_id).locale)
    return format_decimal(pending, locale=locale) if pending else None


def read_switches(session: Session, shop_id: int, member_id: UUID) -> list[Switch]:
    """The five switches in their order."""
    preferences = get_preferences(session, shop_id, member_id)
    return [Switch(name, *_SWITCHES[name], preferences.is_active(name)) for name in NAMES]


def read_places(session: Session, shop_id: int) -> list[Place]:
    """The shop's open places; those without a place on the map are left out."""
    rows = session.scalars(
        select(Location)
        .where(Location.shop_id == shop_id, Location.is_active, Location.latitude.is_not(None))
        .order_by(Location.location_id)
    )
    return [Place(row.name, _address_lines(row.address)) for row in rows]


def is_archived(session: Session, shop_id: int, member_id: UUID) -> bool:
    """Whether the points rest because the account with the shop is gone."""
    return session.get_one(Member, (shop_id, member_id)).state == "archived"


def _movement(row: EntryRow, shop: Shop) -> Movement:
    locale = locale_of(shop.locale)
    icon, title = _TITLES.get(row.kind, ("coins", row.kind.replace("_", " ").capitalize()))
    if row.kind == "earn_action":
        icon, title = _ACTIONS.get(row.reason_code or "", (icon, title))
    if row.kind == "referral" and row.reason_code == "friend":
        icon, title = "gift", "A friend brought you"
    if row.order_name:
        title = f"Order {row.order_name}" if row.kind == "earn_order" else title
    sign = "+" if row.points > 0 else "−"
    day = day_in(shop.timezone, row.occurred_at)
    return Movement(
        icon=icon,
        title=title,
        detail=_detail(row, shop, locale),
        on=format_date(day, "medium", locale=locale),
        at=row.occurred_at.isoformat(),
        points=sign + format_decimal(abs(row.points), locale=locale),
        is_credit=row.points > 0,
    )


def _detail(row: EntryRow, shop: Shop, locale: Locale) -> str:
    if row.pending_until is not None and row.pending_until > utc_now():
        day = day_in(shop.timezone, row.pending_until)
        when = format_skeleton("MMMd", day, locale=locale)
        return f"Yours to spend from {when}"
    if row.order_name and row.kind != "earn_order":
        return f"Order {row.order_name}"
    return ""


def _address_lines(address: dict[str, Any]) -> list[str]:
    town = " ".join(str(address[key]) for key in ("zip", "city") if address.get(key))
    lines = [address.get("address1"), address.get("address2"), town]
    return [str(line) for line in lines if line]
