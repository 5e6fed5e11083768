"""Every email there is: which fields it has, which figure stands out, and what may vary.

The words are in `words/`, one file a language; a test holds each against this list.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from loyalty.base.said import said
from mailing.errors import UnknownMail

LANGUAGES = {
    "en": "English",
    "es": "Español",
    "fr": "Français",
    "de": "Deutsch",
    "ar": "العربية",
}
"""The languages that emails are written in, each by its own name."""
COMMON_FIELDS = (
    *("first_name", "last_name", "shop", "programme", "balance", "points_name", "tier"),
)

Leads = Literal["card", "wallets", "verify"]


@dataclass(frozen=True, slots=True)
class Mail:
    """One email. `kind`: how its messages are filed; `title`: how the merchant's pages call it.

    `figure` stands out, in merge fields of its own, and is no merchant's to change. `leads`:
    where the button goes. `has_own_words`: what it says is written each time anew.
    """

    name: str
    kind: str
    title: str
    own_fields: tuple[str, ...] = ()
    figure: str = ""
    leads: Leads = "card"
    has_own_words: bool = False

    @property
    def fields(self) -> tuple[str, ...]:
        """The names of all fields that its words may use."""
        return (*COMMON_FIELDS, *self.own_fields)


MAILS = {
    mail.name: mail
    for mail in (
        Mail("card", "card", said("Loyalty card"), figure="{{ balance }}", leads="wallets"),
        Mail("verification", "verification", said("Confirm the email address"), leads="verify"),
        Mail("birthday", "birthday", said("Birthday"), ("points",), "+{{ points }}"),
        Mail(
            "points_expiring_30",
            "expiry_warning",
            said("Points expire in 30 days"),
            ("points", "last_day"),
            "{{ points }}",
        ),
        Mail(
            "points_expiring_7",
            "expiry_warning",
            said("Points expire in 7 days"),
            ("points", "last_day"),
            "{{ points }}",
        ),
        Mail(
            "expiry_began",
            "expiry_warning",
            said("Points expire from now on"),
            ("points", "last_day"),
            "{{ points }}",
        ),
        Mail(
            "points_given", "granted", said("You were given points"), ("points",), "+{{ points }}"
        ),
        Mail(
            "points_taken",
            "adjustment",
            said("Points were taken"),
            ("points",),
            "\N{MINUS SIGN}{{ points }}",
        ),
        Mail(
            "reward_code",
            "reward",
            said("Code of a reward"),
            ("reward", "code", "valid_until"),
            "{{ code }}",
        ),
        Mail("reward_credit", "reward", said("Store credit of a reward"), ("reward",)),
        Mail(
            "coupon",
            "coupon",
            said("Coupon"),
            ("coupon", "worth", "code", "valid_until"),
            "{{ code }}",
        ),
        Mail("reward_in_reach", "reward_in_reach", said("Reward unlocked"), ("reward", "cost")),
        Mail("tier_up", "tier", said("A higher tier")),
        Mail("tier_down", "tier", said("A lower tier")),
        Mail("referral", "referral", said("A friend has bought"), ("points",), "+{{ points }}"),
        Mail("data_request", "data_request", said("Data request"), ("gathered_on",)),
        Mail("erasure", "erasure", said("Notice of deletion"), ("erases_on",)),
        Mail("proof_data", "proof", said("Code to see one's data"), ("code",), "{{ code }}"),
        Mail("proof_erase", "proof", said("Code to delete one's data"), ("code",), "{{ code }}"),
        Mail("proof_redeem", "proof", said("Code to redeem"), ("reward", "code"), "{{ code }}"),
        Mail(
            "campaign",
            "campaign",
            said("Campaign"),
            (
                *("coupon", "code", "valid_until", "bonus_points"),
                *("promotion", "promotion_until", "headline"),
            ),
            "{{ code }}",
            has_own_words=True,
        ),
        Mail("one_off", "one_off", said("Email to one member"), has_own_words=True),
    )
}
"""By name, in the order in which pages show them."""


def get_mail(name: str) -> Mail:
    """The email of this name. Raises UnknownMail."""
    found = MAILS.get(name)
    if found is None:
        raise UnknownMail(name)
    return found


def check_language(language: str) -> None:
    """Raises UnknownMail for a language that emails are not written in."""
    if language not in LANGUAGES:
        raise UnknownMail(language)


def mail_for(kind: str, body: Mapping[str, Any]) -> Mail:
    """Which email a message of `kind` is, by what it tells."""
    return MAILS[_NAMES[kind](body) if kind in _NAMES else kind]


def _expiry(body: Mapping[str, Any]) -> str:
    return "expiry_began" if body.get("days") is None else f"points_expiring_{body['days']}"


_NAMES = {
    "expiry_warning": _expiry,
    "adjustment": lambda body: "points_given" if int(body["points"]) > 0 else "points_taken",
    "granted": lambda _: "points_given",
    "reward": lambda body: "reward_credit" if body["code"] is None else "reward_code",
    "proof": lambda body: f"proof_{body['purpose']}",
    "tier": lambda body: "tier_up" if body["is_up"] else "tier_down",
}
