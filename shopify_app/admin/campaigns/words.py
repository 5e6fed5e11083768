"""Campaigns in words: what each state, channel and fate is called for a merchant."""

from shopify_app.admin.languages import N_, Words, say

STATES = Words(
    {
        "draft": N_("Draft"),
        "scheduled": N_("Scheduled"),
        "preparing": N_("Being prepared"),
        "sending": N_("Being sent"),
        "paused": N_("Paused"),
        "stopped": N_("Stopped"),
        "done": N_("Done"),
    }
)
_STATE_TONES = {
    "scheduled": "info",
    "preparing": "info",
    "sending": "info",
    "paused": "warning",
    "stopped": "critical",
    "done": "success",
}
CHANNELS = Words({"email": N_("Email"), "push": N_("Wallet push")})
FATES = Words(
    {
        "waiting": N_("Waiting"),
        "held_out": N_("Held out"),
        "skipped": N_("Left out"),
        "queued": N_("On its way"),
        "sent": N_("Sent"),
        "unknown": N_("Unknown"),
        "failed": N_("Failed"),
    }
)
_FATE_TONES = {
    "skipped": "warning",
    "queued": "info",
    "sent": "success",
    "unknown": "warning",
    "failed": "critical",
}
TOPICS = Words(
    {
        "offers": N_("Offers and news"),
        "points": N_("Points and tier"),
        "birthday": N_("Birthday greetings"),
        "rewards": N_("Rewards and coupons"),
    }
)


def state_badge(state: str) -> tuple[str, str]:
    """What a state is called, and its tone."""
    return STATES[state], _STATE_TONES.get(state, "")


def fate_badge(fate: str) -> tuple[str, str]:
    """What a fate is called, and its tone."""
    return FATES[fate], _FATE_TONES.get(fate, "")


def sentence(refusal: Exception) -> str:
    """A refusal's words as they stand by themselves."""
    words = say(refusal)
    return words[:1].upper() + words[1:]
