"""Campaigns in words: what each state, channel and fate is called for a merchant."""

from shopify_app.admin.languages import N_, Words

STATES = {
    "draft": (N_("Draft"), ""),
    "scheduled": (N_("Scheduled"), "info"),
    "preparing": (N_("Being prepared"), "info"),
    "sending": (N_("Being sent"), "info"),
    "paused": (N_("Paused"), "warning"),
    "stopped": (N_("Stopped"), "critical"),
    "done": (N_("Done"), "success"),
}
CHANNELS = Words({"email": "Email", "push": N_("Wallet push")})
FATES = {
    "waiting": (N_("Waiting"), ""),
    "held_out": (N_("Held out"), ""),
    "skipped": (N_("Left out"), "warning"),
    "queued": (N_("On its way"), "info"),
    "sent": (N_("Sent"), "success"),
    "unknown": (N_("Unknown"), "warning"),
    "failed": (N_("Failed"), "critical"),
}
TOPICS = Words(
    {
        "offers": N_("Offers and news"),
        "points": N_("Points and tier"),
        "birthday": N_("Birthday greetings"),
        "rewards": N_("Rewards and coupons"),
    }
)


def sentence(refusal: Exception) -> str:
    """A refusal's words as they stand by themselves."""
    words = str(refusal)
    return words[:1].upper() + words[1:]
