"""How far a campaign is and what it brought, in words and in the shop's numbers.

A difference is said to be one only where its 95 % interval leaves out nothing at all.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from flask import g
from sqlalchemy.orm import Session

from loyalty.base.clock import utc_now
from loyalty.base.money import Money
from loyalty.campaigns import views
from loyalty.campaigns.comparing import Interval
from loyalty.campaigns.results import Fated, Result, Share, read_result
from loyalty.campaigns.tables import Campaign
from loyalty.campaigns.words import REFUSED, in_words, is_providers
from loyalty.shops.tables import Shop
from mailing import pacing
from mailing import setup as mail_setup
from shopify_app.admin.campaigns.words import CHANNELS, FATES, fate_badge
from shopify_app.admin.formatting import ShopFormat
from shopify_app.admin.languages import N_, _, ngettext, say

_SETTLED = ("held_out", "skipped", "sent", "unknown", "failed")
_PERCENT = Decimal(100)
_WAITS = N_("Waits: today's emails are used up. It goes on as Amazon allows.")
_MAYBE_CHANCE = N_(
    "What those told ordered more or less may well be chance: %(middle)s percentage points,"
    " 95%% interval %(low)s to %(high)s."
)
_CLEAR = {
    (True, True): N_(
        "Those told ordered more often than those held out: %(middle)s percentage points,"
        " 95%% interval %(low)s to %(high)s."
    ),
    (True, False): N_(
        "Those told ordered less often than those held out: %(middle)s percentage points,"
        " 95%% interval %(low)s to %(high)s."
    ),
    (False, True): N_(
        "So far those told ordered more often than those held out: %(middle)s percentage points,"
        " 95%% interval %(low)s to %(high)s."
    ),
    (False, False): N_(
        "So far those told ordered less often than those held out: %(middle)s percentage points,"
        " 95%% interval %(low)s to %(high)s."
    ),
}
"""By whether it is over, and whether those told ordered more."""
_SPENT = {
    True: N_(
        "Each member told spent %(middle)s more than one held out: 95%% interval %(low)s to"
        " %(high)s."
    ),
    False: N_(
        "Each member told spent %(middle)s less than one held out: 95%% interval %(low)s to"
        " %(high)s."
    ),
}


@dataclass(frozen=True, slots=True)
class FateCount:
    """How many have a fate; `channel` and `words` (why) where it is one channel's.

    `said`: what a provider's answers were and how many got each, where it is one that refused.
    """

    label: str
    tone: str
    count: int
    channel: str = ""
    words: str = ""
    said: list[tuple[str, int]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class ShownProgress:
    """A bar that is filled to `value` of `total`; `value` None while they are looked for.

    `waits`: why nothing may move for a while.
    """

    words: str
    value: int | None
    total: int
    fates: list[FateCount]
    waits: str = ""


@dataclass(frozen=True, slots=True)
class Compared:
    """A figure of those told beside that of those held out."""

    label: str
    told: str
    held_out: str


@dataclass(frozen=True, slots=True)
class ShownResult:
    """The result in words. `gain`: what each member told spent more, or nothing to be said."""

    verdict: str
    gain: str
    note: str
    rows: list[Compared]


def read_progress(session: Session, campaign: Campaign) -> ShownProgress:
    """How far a campaign that has begun is."""
    words: ShopFormat = g.shop_format
    counts = views.progress(session, campaign.shop_id, campaign.id)
    total = sum(counts.values())
    settled = sum(counts.get(fate, 0) for fate in _SETTLED)
    shown = [FateCount(*fate_badge(fate), counts[fate]) for fate in FATES if counts.get(fate)]
    if campaign.prepared_at is None:
        return ShownProgress(
            _("%(count)s found so far", count=words.number(total)), None, total, shown
        )
    line = _(
        "%(settled)s of %(all)s members", settled=words.number(settled), all=words.number(total)
    )
    waits = _(_WAITS) if settled < total and _emails_wait(campaign) else ""
    return ShownProgress(line, settled, max(total, 1), shown, waits)


def _emails_wait(campaign: Campaign) -> bool:
    sends = campaign.state == "sending" and "email" in campaign.channels
    return sends and mail_setup.is_on() and pacing.is_used_up()


def read_outcome(session: Session, shop: Shop, campaign: Campaign) -> dict[str, Any]:
    """What came of it so far: `result` once somebody was told, and `outcomes`, each fate's why."""
    found = read_result(session, shop, campaign.id, now=utc_now())
    has_result = bool(found.told.people)
    return {
        "result": _result(shop, campaign, found, g.shop_format) if has_result else None,
        "outcomes": list_outcomes(found.by_fate_reason),
    }


def _result(shop: Shop, campaign: Campaign, found: Result, words: ShopFormat) -> ShownResult:
    return ShownResult(
        verdict=verdict(found, words),
        gain=gained(found.gain, shop, words),
        note="" if found.is_over else _still_counting(campaign.order_days, words),
        rows=_rows(shop, found, campaign.order_days, words),
    )


def verdict(found: Result, words: ShopFormat) -> str:
    """Whether those told ordered more often than those held out, as far as that can be said."""
    if found.difference is None or found.interval_low is None or found.interval_high is None:
        return _("Nobody was held out: what the campaign itself brought cannot be said.")
    low, middle, high = (
        words.tenths(one * _PERCENT)
        for one in (found.interval_low, found.difference, found.interval_high)
    )
    measured = {"low": low, "middle": middle, "high": high}
    if not found.is_clear:
        return _(_MAYBE_CHANCE, **measured)
    return _(_CLEAR[found.is_over, found.difference > 0], **measured)


def gained(gain: Interval | None, shop: Shop, words: ShopFormat) -> str:
    """What the campaign brought or cost for each member told; "" where nobody was held out."""
    if gain is None:
        return ""
    is_more = round(gain.middle) >= 0
    low, middle, high = (
        words.money(Money(one, shop.currency))
        for one in sorted(
            round(one) if is_more else -round(one) for one in (gain.low, gain.middle, gain.high)
        )
    )
    return _(_SPENT[is_more], low=low, middle=middle, high=high)


def _still_counting(days: int, words: ShopFormat) -> str:
    return ngettext(
        "Orders still count, for a day after each message.",
        "Orders still count, for %(shown)s days after each message.",
        days,
        shown=words.number(days),
    )


def _ordered_within(days: int, words: ShopFormat) -> str:
    return ngettext(
        "Ordered within a day", "Ordered within %(shown)s days", days, shown=words.number(days)
    )


def _rows(shop: Shop, found: Result, days: int, words: ShopFormat) -> list[Compared]:
    told, held_out = found.told, found.held_out

    def both(label: str, show: Callable[[Share], str]) -> Compared:
        return Compared(label, show(told), show(held_out))

    return [
        both(_("Members"), lambda one: words.number(one.people)),
        Compared(_("Emails sent"), words.number(told.emailed), ""),
        Compared(_("Opened, of the emails sent"), _of(told.opened, told.emailed, words), ""),
        Compared(_("Clicked, of the emails sent"), _of(told.clicked, told.emailed, words), ""),
        both(_ordered_within(days, words), lambda one: _of(one.ordered, one.people, words)),
        both(
            _("Worth of these orders"),
            lambda one: words.money(Money(one.orders_minor, shop.currency)),
        ),
        both(_("That is for each member"), lambda one: _each(one, shop, words)),
    ]


def list_outcomes(fated: Sequence[Fated]) -> list[FateCount]:
    """Each fate with its reason; what a provider said in many ways is one line, and its answers."""
    groups: dict[tuple[str, str, str], list[Fated]] = {}
    for one in fated:
        why = say(REFUSED[one.channel] if is_providers(one.reason) else in_words(one.reason))
        groups.setdefault((one.channel, one.fate, why), []).append(one)
    return [
        FateCount(
            *fate_badge(fate),
            sum(one.count for one in group),
            CHANNELS[channel],
            why,
            [(in_words(one.reason), one.count) for one in group if is_providers(one.reason)],
        )
        for (channel, fate, why), group in groups.items()
    ]


def _of(count: int, people: int, words: ShopFormat) -> str:
    if not people:
        return words.number(count)
    return f"{words.number(count)} ({words.share(Decimal(count) / people)})"


def _each(one: Share, shop: Shop, words: ShopFormat) -> str:
    if not one.people:
        return ""
    return words.money(Money(round(Decimal(one.orders_minor) / one.people), shop.currency))
