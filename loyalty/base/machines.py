"""Who looks at a link: a person, or a program that looks ahead and counts for nothing."""

import re

_MACHINES = re.compile(
    r"bot\b|bot/|crawler|spider|preview|facebookexternalhit|whatsapp|telegram|slack|discord"
    r"|skype|twitter|linkedin|pinterest|embedly",
    re.IGNORECASE,
)


def is_machine(method: str, user_agent: str, purpose: str) -> bool:
    """Whether a request is a program looking ahead; `purpose` is what Sec-Purpose and kin say."""
    looks_ahead = "prefetch" in purpose.lower() or "preview" in purpose.lower()
    return method != "GET" or looks_ahead or not user_agent or bool(_MACHINES.search(user_agent))
