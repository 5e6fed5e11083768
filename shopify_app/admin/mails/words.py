"""The words of the pages about emails: what each kind is for, and why some are not reached."""

from mailing.catalogue import MAILS, Mail

KINDS = {
    "card": ("Loyalty card", "To whoever joins by themselves."),
    "birthday": ("Birthday", "With the points of the birthday rule, at nine in the morning."),
    "expiry_warning": ("Points that expire", "30 and 7 days before, and when a rule begins."),
    "tier": ("Tier changed", "When a member rises or falls; not when you change the tiers."),
    "reward_in_reach": ("Reward unlocked", "When a member's points reach what a reward costs."),
    "referral": ("A friend has bought", "To who brought the friend, with the points for it."),
    "data_request": ("Data request", "When the data that a customer asked for was gathered."),
}
"""Every kind with a switch: its title, and when it goes out."""

REASONS = {
    "no_address": "have no email address that works",
    "hard_bounce": "have an address that bounces",
    "complained": "reported an earlier email as spam",
    "unsubscribed": "have unsubscribed",
    "no_consent": "have not agreed to marketing",
    "preference_off": "want no emails of this topic",
    "not_active": "are no longer active",
}
"""Why an email does not reach so many members, behind their number."""

FIELDS = {
    "first_name": "first name",
    "last_name": "last name",
    "shop": "your shop",
    "programme": "your programme",
    "balance": "their points",
    "points_name": "what your points are called",
    "tier": "their tier",
    "points": "the points it is about",
    "cost": "what the reward costs",
    "last_day": "the last day of the points",
    "valid_until": "the last day of the code",
    "erases_on": "the day of the deletion",
    "gathered_on": "the day it was gathered",
    "reward": "the reward",
    "coupon": "the coupon",
    "code": "the code",
    "worth": "what the coupon is worth",
}
"""What each merge field stands for."""

VERIFICATIONS = {
    "SUCCESS": ("Confirmed", "success"),
    "PENDING": ("Waiting for confirmation", "warning"),
    "FAILED": ("Not confirmed", "critical"),
    "TEMPORARY_FAILURE": ("Not confirmed just now", "warning"),
    "NOT_STARTED": ("Not set up", "warning"),
    "MISSING": ("Unknown to Amazon", "critical"),
}
"""What Amazon says of the sender or of its signature, and the badge's tone."""


def mails_of(kind: str) -> list[Mail]:
    """The emails behind one switch."""
    return [mail for mail in MAILS.values() if mail.kind == kind]


def mails_asked_for() -> list[Mail]:
    """The emails that go out because somebody asked for them, and that can be written anew."""
    return [mail for mail in MAILS.values() if mail.kind not in KINDS and not mail.has_own_words]
