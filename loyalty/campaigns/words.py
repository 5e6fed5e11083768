"""Why a recipient was not told, word by word: what the books hold, and what a merchant reads."""

from loyalty.base.said import said

NOT_ACTIVE = "not_active"
NO_ADDRESS = "no_address"
NO_CONSENT = "no_consent"
UNSUBSCRIBED = "unsubscribed"
HARD_BOUNCE = "hard_bounce"
COMPLAINED = "complained"
PREFERENCE_OFF = "preference_off"
NO_CARD = "no_card"
STOPPED = "stopped"
HAD_COUPON = "had_coupon"
HAD_IT = "had_it"
NO_CODE_LEFT = "no_code_left"
BOUNCED = "bounced"
BOUNCED_SOFT = "bounced_soft"
OVER = "over"
OFF = "off"
NO_ANSWER = "no_answer"
QUOTA = "quota"
OUTRANKED = "outranked"

REASONS = {
    NOT_ACTIVE: said("No longer an active member"),
    NO_ADDRESS: said("No email address that can be written to"),
    NO_CONSENT: said("Has not agreed to marketing"),
    UNSUBSCRIBED: said("Has unsubscribed"),
    HARD_BOUNCE: said("Emails to the address bounce"),
    COMPLAINED: said("Reported an earlier email as spam"),
    PREFERENCE_OFF: said("Has switched this kind off"),
    NO_CARD: said("Has no card on a phone"),
    STOPPED: said("The campaign was stopped before"),
    HAD_COUPON: said("Has had the coupon as many times as allowed"),
    HAD_IT: said("Has had it already, as a member who was merged into this one"),
    NO_CODE_LEFT: said("No code was left"),
    BOUNCED: said("The email came back"),
    BOUNCED_SOFT: said("The mailbox took no emails just then"),
    OVER: said("What it told of was over"),
    OFF: said("Was switched off before it was sent"),
    NO_ANSWER: said("No answer: it may have arrived, or not"),
    QUOTA: said("Google shows no more today: the card changed silently"),
    OUTRANKED: said("Something more important changed on the card at the same time"),
}


REFUSED = {
    "email": said("Amazon did not take the email"),
    "push": said("Apple or Google did not take the push"),
}
"""By channel: what all reasons are called together that are a provider's own words."""


def is_providers(reason: str | None) -> bool:
    """Whether the reason is what a provider said, and none of ours."""
    return reason is not None and reason not in REASONS


def in_words(reason: str | None) -> str:
    """The line for `reason`; what a provider said stands as it is."""
    return "" if reason is None else REASONS.get(reason, reason)
