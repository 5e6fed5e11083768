"""Which one change of a card a phone may speak of, and what the card said that could be spoken of.

Apple shows its own words, and not ours, when two fields with a text differ from the device's
copy: so only the most important one gets its text. https://developer.apple.com/documentation/
walletpasses/passfieldcontent (read 2026-11-22)
"""

from collections.abc import Mapping
from typing import Any, Literal

from loyalty.preferences import Preferences
from wallet.rewards_on_card import NOTHING

Kind = Literal["tier", "reward", "balance", "marketing"]
IMPORTANCE: tuple[Kind, ...] = ("tier", "reward", "balance", "marketing")

_BRINGING: tuple[Kind, ...] = ("tier", "reward", "marketing", "balance")
"""Where the text says itself what raised the balance."""

Said = dict[str, Any]
"""What a card said of each kind that can notify: the field's value by its kind."""


def said_by(content: Mapping[str, Any]) -> Said:
    """The part of a card's content that phones may speak of; a void card has none.

    A tier is known by its id: a new name for it is no news. A reward is by the event that told of
    it: a card that falls back to a cheaper one tells nothing. A message is by its id, and one that
    leaves the card is no news. `comes_first`: it tells of the points that came with it.
    """
    if content["voided"]:
        return {}
    tier = {"tier": content["tier_id"]} if content.get("tier_id") else {}
    message = {"marketing": content["message_id"]} if content.get("message_id") else {}
    if content.get("message_brings_points"):
        message["comes_first"] = True
    return {"balance": content["balance"], **tier, **_reward_said(content), **message}


def loudest(held: Said, said: Said, preferences: Preferences) -> Kind | None:
    """The most important kind that differs from what the device holds and is not paused."""
    return next((kind for kind in differing(held, said) if preferences.is_active(kind)), None)


def differing(held: Said, said: Said) -> list[Kind]:
    """The kinds that are news to who holds `held`, the most important first."""
    return [
        kind
        for kind in (_BRINGING if said.get("comes_first") else IMPORTANCE)
        if kind in said
        and held.get(kind) != said[kind]
        # What came in reach and went again before it was told.
        and (kind != "reward" or said["has_reward"])
    ]


def _reward_said(content: Mapping[str, Any]) -> Said:
    if not content.get("reward_news"):
        return {}
    return {"reward": content["reward_news"], "has_reward": content["reward"] != NOTHING}
