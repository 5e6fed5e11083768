"""The words of the pages about emails: what each kind is for, and why some are not reached."""

from mailing.catalogue import MAILS, Mail
from shopify_app.admin.languages import N_

KINDS = {
    "card": (N_("Loyalty card"), N_("To whoever joins by themselves.")),
    "birthday": (
        N_("Birthday"),
        N_("With the points of the birthday rule, at nine in the morning."),
    ),
    "expiry_warning": (
        N_("Points that expire"),
        N_("30 and 7 days before, and when a rule begins."),
    ),
    "tier": (
        N_("Tier changed"),
        N_("When a member rises or falls; not when you change the tiers."),
    ),
    "reward_in_reach": (
        N_("Reward unlocked"),
        N_("When a member's points reach what a reward costs."),
    ),
    "referral": (
        N_("A friend has bought"),
        N_("To who brought the friend, with the points for it."),
    ),
    "data_request": (
        N_("Data request"),
        N_("When the data that a customer asked for was gathered."),
    ),
}
"""Every kind with a switch: its title, and when it goes out."""

REASONS = {
    "no_address": N_("%(count)s have no email address that works"),
    "hard_bounce": N_("%(count)s have an address that bounces"),
    "complained": N_("%(count)s reported an earlier email as spam"),
    "unsubscribed": N_("%(count)s have unsubscribed"),
    "no_consent": N_("%(count)s have not agreed to marketing"),
    "preference_off": N_("%(count)s want no emails of this topic"),
    "not_active": N_("%(count)s are no longer active"),
}
"""Why an email does not reach so many members."""

FIELDS = {
    "first_name": N_("first name"),
    "last_name": N_("last name"),
    "shop": N_("your shop"),
    "programme": N_("your programme"),
    "balance": N_("their points"),
    "points_name": N_("what your points are called"),
    "tier": N_("their tier"),
    "points": N_("the points it is about"),
    "cost": N_("what the reward costs"),
    "last_day": N_("the last day of the points"),
    "valid_until": N_("the last day of the code"),
    "erases_on": N_("the day of the deletion"),
    "gathered_on": N_("the day it was gathered"),
    "reward": N_("the reward"),
    "coupon": N_("the coupon"),
    "code": N_("the code"),
    "worth": N_("what the coupon is worth"),
}
"""What each merge field stands for."""

VERIFICATIONS = {
    "SUCCESS": (N_("Confirmed"), "success"),
    "PENDING": (N_("Waiting for confirmation"), "warning"),
    "FAILED": (N_("Not confirmed"), "critical"),
    "TEMPORARY_FAILURE": (N_("Not confirmed just now"), "warning"),
    "NOT_STARTED": (N_("Not set up"), "warning"),
    "MISSING": (N_("Unknown to Amazon"), "critical"),
}
"""What Amazon says of the sender or of its signature, and the badge's tone."""


def mails_of(kind: str) -> list[Mail]:
    """The emails behind one switch."""
    return [mail for mail in MAILS.values() if mail.kind == kind]


def mails_asked_for() -> list[Mail]:
    """The emails that go out because somebody asked for them, and that can be written anew."""
    return [mail for mail in MAILS.values() if mail.kind not in KINDS and not mail.has_own_words]
