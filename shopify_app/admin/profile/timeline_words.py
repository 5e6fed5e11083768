"""The timeline in words: what each event is called, how it looks, and its details line by line."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from babel.lists import format_list

from loyalty.base import said as books
from loyalty.campaigns.words import in_words
from loyalty.members.tables import TimelineEvent
from loyalty.queries.entry_context import EntryContext
from shopify_app.admin.insight.words import BANDS
from shopify_app.admin.languages import N_, Words, _, language, ngettext
from shopify_app.admin.languages import say as in_language
from shopify_app.admin.profile.movement_words import ACTIONS, REASONS, SIDES, SOURCES

Details = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Said:
    """An event in words: a title, an icon with its tone, the signed points if any, details."""

    title: str
    icon: str
    tone: str
    points: int | None
    lines: list[str]


_KINDS = {
    "points_added": (N_("Points added"), "PlusCircle", "success"),
    "points_removed": (N_("Points removed"), "MinusCircle", "critical"),
    "member_joined": (N_("Joined the programme"), "Star", "info"),
    "customer_scanned": (N_("Customer scanned"), "Person", "info"),
    "customer_tapped": (N_("Customer tapped"), "Person", "info"),
    "email_verified": (N_("Email address confirmed"), "Email", "success"),
    "birthday_changed": (N_("Birthday changed"), "Person", ""),
    "social_followed": (N_("Follow link opened"), "Cursor", "info"),
    "pass_installed": (N_("Pass installed"), "Wallet", "success"),
    "pass_removed": (N_("Pass removed"), "Wallet", ""),
    "pass_link_clicked": (N_("Pass link clicked"), "Cursor", "info"),
    "preference_changed": (N_("Notification preference changed"), "Notification", ""),
    "push_created": (N_("Push created"), "Notification", ""),
    "push_sent": (N_("Push sent"), "Notification", "success"),
    "push_failed": (N_("Push failed"), "AlertTriangle", "critical"),
    "tier_changed": (N_("Tier changed"), "Star", "info"),
    "badge_earned": (N_("Badge earned"), "Star", "success"),
    "reward_redeemed": (N_("Reward redeemed"), "Star", "success"),
    "reward_redeemable": (N_("Reward redeemable"), "Star", "info"),
    "reward_used": (N_("Reward used"), "Star", "success"),
    "reward_returned": (N_("Reward returned"), "Star", ""),
    "coupon_assigned": (N_("Coupon assigned"), "Star", "info"),
    "coupon_used": (N_("Coupon used"), "Star", "success"),
    "coupon_refused": (N_("Coupon refused by Shopify"), "Star", "critical"),
    "referral_claimed": (N_("Friend referred"), "Person", "info"),
    "referral_rewarded": (N_("Referral rewarded"), "Person", "success"),
    "referral_reversed": (N_("Referral reversed"), "Person", ""),
    "email_asked": (N_("Email asked for"), "Email", ""),
    "email_sent": (N_("Email sent"), "Email", "success"),
    "email_failed": (N_("Email not sent"), "AlertTriangle", "critical"),
    "email_bounced": (N_("Email bounced"), "AlertTriangle", "critical"),
    "email_bounce_cleared": (N_("Email bounce cleared"), "Email", ""),
    "email_complained": (N_("Email reported as spam"), "AlertTriangle", "critical"),
    "email_unsubscribed": (N_("Unsubscribed from emails"), "Email", ""),
    "email_topics_chosen": (N_("Chose topics of emails"), "Email", ""),
    "consent_changed": (N_("Consent to marketing changed"), "Email", "info"),
    "points_expiring": (N_("Warned of points that expire"), "AlertTriangle", ""),
    "expiry_began": (N_("Told that points expire from now on"), "AlertTriangle", ""),
    "customer_deleted": (N_("Deleted in Shopify"), "Person", ""),
    "member_archived": (N_("Archived"), "Person", ""),
    "member_restored": (N_("Restored"), "Person", "success"),
    "member_merged": (N_("Member merged"), "Person", "info"),
    "member_unmerged": (N_("Merge undone"), "Person", "info"),
    "campaign_joined": (N_("Campaign joined"), "Email", "info"),
    "campaign_disjoined": (N_("Campaign disjoined"), "Email", ""),
    "churn_changed": (N_("Churn risk changed"), "Person", "info"),
    "details_changed": (N_("Details changed"), "Person", ""),
    "contact_verified": (N_("Contact verified"), "Person", "success"),
    "note": (N_("Note"), "Note", ""),
}
_MERGED = Words(
    {
        "survivor": N_("Took another member in"),
        "merged": N_("Went into another member"),
    }
)
_FIELDS = Words(
    {
        "first_name": N_("First name"),
        "last_name": N_("Last name"),
        "email": N_("Email"),
        "phone": N_("Phone"),
    }
)
_WHYS = Words(
    {
        "earned": N_("earned"),
        "lapsed": N_("no longer earned"),
        "by_hand": N_("set by hand"),
        "settings": N_("after a change of the tiers"),
        "merged": N_("after a merge"),
    }
)
_EMAILS = Words(
    {
        "card": N_("Loyalty card"),
        "campaign": N_("Campaign"),
        "one_off": N_("Written to this member"),
        "verification": N_("Confirmation of the email address"),
        "birthday": N_("Birthday greeting"),
        "expiry_warning": N_("Warning of points that expire"),
        "adjustment": N_("Points changed by hand"),
        "reward": N_("Code of a reward"),
        "coupon": N_("Coupon"),
        "proof": N_("Code to prove who they are"),
        "erasure": N_("Notice that the data will be deleted"),
        "tier": N_("Tier changed"),
        "granted": N_("Points given to many"),
        "reward_in_reach": N_("Reward unlocked"),
        "referral": N_("A friend has bought"),
        "data_request": N_("Data request"),
    }
)
_BOUNCES = Words(
    {
        "hard": N_("Hard bounce: later emails are blocked"),
        "soft": N_("Soft bounce: blocks nothing"),
    }
)
_PLATFORMS = Words(
    {
        "apple": "Apple Wallet",
        "google": "Google Wallet",
        "email": N_("Email"),
        "page": N_("Card page"),
    }
)
_CHANNELS = Words({"email": N_("Email"), "sms": N_("SMS")})
_CONSENTS = Words(
    {
        "subscribed": N_("yes"),
        "asked": N_("ticked, not confirmed"),
        "unsubscribed": N_("no"),
    }
)
_TOPICS = Words(
    {
        "offers": N_("Offers and news"),
        "points": N_("Points and tier"),
        "birthday": N_("Birthday greetings"),
        "rewards": N_("Rewards and coupons"),
    }
)
_TARGETS = Words({"card": N_("Opened the card online"), "shop": N_("Opened the shop")})
_PREFERENCES = Words(
    {
        "balance": N_("Balance"),
        "location": N_("Location"),
        "marketing": N_("Marketing"),
        "tier": N_("Tier"),
        "reward": N_("Reward available"),
    }
)


def say(event: TimelineEvent, contexts: dict[UUID, EntryContext]) -> Said:
    """The words for an event; a kind without words of its own is shown by its name."""
    unnamed = (event.kind.replace("_", " ").capitalize(), "Info", "")
    title, icon, tone = _KINDS.get(event.kind, unnamed)
    lines = [line(event.details) for line in _LINES]
    context = contexts.get(entry_id_of(event) or event.id)
    if context is not None:
        lines += _context_lines(context, event.details)
    points = event.details.get("points")
    return Said(_(title), icon, tone, points, [line for line in lines if line])


def entry_id_of(event: TimelineEvent) -> UUID | None:
    """The ledger entry that the event tells of, if any."""
    text = event.details.get("entry_id")
    return UUID(text) if text else None


def _source(details: Details) -> str:
    return SOURCES.get(details.get("entry_kind") or "", "")


def _side(details: Details) -> str:
    """On which side of a referral the member is; an entry of the ledger says it by its reason."""
    is_entry = details.get("entry_kind") == "referral"
    return SIDES.get(details.get("reason" if is_entry else "side") or "", "")


def _claim(details: Details) -> str:
    return _("Waits for a look by the shop") if details.get("referral_state") == "flagged" else ""


def _reason(details: Details) -> str:
    code = str(details.get("reason") or "")
    if not code or details.get("entry_kind") == "referral":
        return ""
    if details.get("entry_kind") == "earn_action":
        return ACTIONS.get(code, code)
    # Other events give their reason in words, such as a push that a provider refused.
    return _("Reason: %(reason)s", reason=in_language(REASONS.get(code) or in_words(code)))


def _tier(details: Details) -> str:
    if "to_tier" not in details:
        return ""
    return _(
        "%(before)s → %(after)s, %(why)s",
        before=details.get("from_tier") or _("No tier"),
        after=details["to_tier"] or _("No tier"),
        why=_WHYS.get(details.get("why") or "") or _("changed"),
    )


def _badge(details: Details) -> str:
    return str(details.get("badge") or "")


def _reward(details: Details) -> str:
    reward, cost = details.get("reward"), details.get("cost_points")
    return f"{reward} ({_points(cost)})" if reward and cost else str(reward or "")


def _points(points: Any) -> str:
    return ngettext("%(shown)s point", "%(shown)s points", points, shown=points)


def _use(details: Details) -> str:
    """What came back of a reward's points with an order, or that they were taken once more."""
    if details.get("is_late"):
        return _("Its points had come back, or were another order's: they were taken again")
    points = details.get("returned_points")
    if not points:
        return ""
    return ngettext("%(num)s point came back", "%(num)s points came back", points)


def _coupon(details: Details) -> str:
    return str(details.get("coupon") or "")


def _campaign(details: Details) -> str:
    return str(details.get("campaign") or "")


def _no_campaign(details: Details) -> str:
    """Why a member who was to be told something was not."""
    return in_language(in_words(details.get("campaign_reason")))


def _email(details: Details) -> str:
    return _EMAILS.get(details.get("email") or "", "")


def _bounce(details: Details) -> str:
    return _BOUNCES.get(details.get("bounce") or "", "")


def _order(details: Details) -> str:
    name = details.get("order_name")
    return _("Order %(name)s", name=name) if name else ""


def _platform(details: Details) -> str:
    platform = details.get("platform")
    return _PLATFORMS.get(platform, str(platform)) if platform else ""


def _message(details: Details) -> str:
    return _("The shop’s own message") if details.get("about") == "marketing" else ""


def _target(details: Details) -> str:
    return _TARGETS.get(details.get("target") or "", "")


def _preference(details: Details) -> str:
    name = _PREFERENCES.get(details.get("preference") or "")
    if not name:
        return ""
    is_active = details.get("is_active")
    return _("%(name)s: active", name=name) if is_active else _("%(name)s: paused", name=name)


def _consent(details: Details) -> str:
    channel = _CHANNELS.get(details.get("channel") or "")
    said = _CONSENTS.get(details.get("consent") or "")
    if not (channel and said):
        return ""
    if details.get("consent_source") == "shopify":
        return _("%(channel)s: %(word)s, in Shopify", channel=channel, word=said)
    return _("%(channel)s: %(word)s", channel=channel, word=said)


def _topics(details: Details) -> str:
    return _list([_TOPICS.get(topic, topic) for topic in details.get("topics") or ()])


def _place(details: Details) -> str:
    """Where a card was held to a reader; a tap at the till has its place beside the cashier."""
    reader, place = details.get("reader"), details.get("location")
    return f"{place} · {reader}" if reader and place else ""


def _network(details: Details) -> str:
    network = details.get("network")
    return _("On %(network)s", network=str(network).capitalize()) if network else ""


def _birthday(details: Details) -> str:
    if "is_known" not in details:
        return ""
    return _("A birthday was given") if details["is_known"] else _("The birthday was taken away")


def _expiring(details: Details) -> str:
    if "last_valid_on" not in details:
        return ""
    points, day = _points(details.get("expiring")), details["last_valid_on"]
    return _("%(points)s, spendable until %(day)s", points=points, day=day)


def _merge(details: Details) -> str:
    return _MERGED.get(details.get("role") or "", "")


def _fields(details: Details) -> str:
    return _list([_FIELDS.get(name, name) for name in details.get("fields") or ()])


def _churn(details: Details) -> str:
    if "to_churn" not in details:
        return ""
    before, after = (_(BANDS[details[name]][0]) for name in ("from_churn", "to_churn"))
    return _("%(before)s → %(after)s", before=before, after=after)


def _note(details: Details) -> str:
    return str(details.get("note") or "")


def _list(names: list[str]) -> str:
    return format_list(names, "unit", locale=language()) if names else ""


def _text(details: Details) -> str:
    text = details.get("text")
    return f"“{text}”" if text else ""


_LINES: tuple[Callable[[Details], str], ...] = (
    *(_source, _side, _claim, _tier, _badge, _reward, _email, _bounce, _reason, _order, _use),
    *(_coupon, _campaign, _no_campaign, _message, _target, _preference, _consent, _topics),
    *(_platform, _place),
    *(_network, _birthday, _expiring, _merge, _fields, _churn, _note, _text),
)


def _context_lines(context: EntryContext, details: Details) -> list[str]:
    """The note without the order that a line of its own already names, and who did it."""
    note = [line for line in (context.note or "").splitlines() if line != details.get("order_name")]
    return [*note, _by(context)]


def _by(context: EntryContext) -> str:
    """Who did it and where, as far as it is known; a person's name is nobody's word."""
    who, where = context.staff, context.location
    if isinstance(who, books.Said):
        who = in_language(who)
    if who and where:
        return _("By %(who)s at %(place)s", who=who, place=where)
    if who:
        return _("By %(who)s", who=who)
    return _("at %(place)s", place=where) if where else ""
