"""Campaigns in words: what each state, channel and fate is called for a merchant."""

STATES = {
    "draft": ("Draft", ""),
    "scheduled": ("Scheduled", "info"),
    "preparing": ("Being prepared", "info"),
    "sending": ("Being sent", "info"),
    "paused": ("Paused", "warning"),
    "stopped": ("Stopped", "critical"),
    "done": ("Done", "success"),
}
CHANNELS = {"email": "Email", "push": "Wallet push"}
FATES = {
    "waiting": ("Waiting", ""),
    "held_out": ("Held out", ""),
    "skipped": ("Left out", "warning"),
    "queued": ("On its way", "info"),
    "sent": ("Sent", "success"),
    "unknown": ("Unknown", "warning"),
    "failed": ("Failed", "critical"),
}
TOPICS = {
    "offers": "Offers and news",
    "points": "Points and tier",
    "birthday": "Birthday greetings",
    "rewards": "Rewards and coupons",
}


def sentence(refusal: Exception) -> str:
    """A refusal's words as they stand by themselves."""
    words = str(refusal)
    return words[:1].upper() + words[1:]
