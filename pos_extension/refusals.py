"""What the till is told when something cannot be done: a code for the program, words for people.

No refusal has written anything.
"""

from typing import Any

from loyalty.base.errors import LoyaltyError


class Refusal(LoyaltyError):
    """A refusal with its HTTP status, its words, and what is wrong by field."""

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        *,
        fields: dict[str, str] | None = None,
        **facts: Any,
    ) -> None:
        super().__init__(message)
        self.status, self.code, self.message = status, code, message
        self.fields, self.facts = fields or {}, facts

    def as_json(self) -> dict[str, Any]:
        """The body of the answer."""
        error = {"code": self.code, "message": self.message, "fields": self.fields}
        return {"error": error | self.facts}


def unauthorised() -> Refusal:
    """The session token is missing, or none of Shopify's for this app, now."""
    return Refusal(401, "unauthorized", "Close Encore on this till and open it again.")


def not_installed() -> Refusal:
    """The token is genuine, but its shop has no Encore, or none any more."""
    words = "Encore is not installed in this shop. Open it in the Shopify admin to install it."
    return Refusal(403, "not_installed", words)


def invalid(**fields: str) -> Refusal:
    """A malformed request; `fields` says which, and what would be right."""
    return Refusal(422, "invalid", "Something is missing or not right.", fields=fields)


def unreadable() -> Refusal:
    """The body is no JSON object."""
    return Refusal(422, "invalid", "This request could not be read.")


def unknown_code() -> Refusal:
    """Nobody in this shop has the code."""
    return Refusal(404, "unknown_code", "No member of this shop has this code.")


def unknown_member() -> Refusal:
    """This shop has no such member."""
    return Refusal(404, "unknown_member", "This shop has no such member.")


def not_active(state: str) -> Refusal:
    """The member is archived or erased."""
    if state == "archived":
        words = "This membership is put away. Restore it in the Shopify admin first."
        return Refusal(409, "member_archived", words)
    return Refusal(410, "card_void", "This card is no longer valid.")


def unknown_location() -> Refusal:
    """The till's place is not the shop's, or closed."""
    words = "Encore knows no open place of this shop here. A new one is known within some minutes."
    return Refusal(404, "unknown_location", words)


def over_daily_cap(left_today: int) -> Refusal:
    """The user would grant more today than one may."""
    words = f"You can grant {left_today} more points today."
    return Refusal(409, "over_daily_cap", words, fields={"points": words}, left_today=left_today)


def client_key_reused() -> Refusal:
    """The key came before, with another body."""
    words = "This was already saved with other values. Look at the member, then try anew."
    return Refusal(409, "client_key_reused", words)


def shopify_down() -> Refusal:
    """Shopify did not answer: sent again with the same key it may do."""
    words = "Shopify did not answer, so nothing was saved. Please try again in a moment."
    return Refusal(503, "shopify_unavailable", words)


def shopify_refused() -> Refusal:
    """Shopify does not let us: only the merchant can help."""
    words = "Encore may not add customers to this shop. Open it in the Shopify admin to allow it."
    return Refusal(409, "shopify_refused", words)


def unknown_redemption() -> Refusal:
    """This shop has no such redemption."""
    return Refusal(404, "unknown_redemption", "This shop has no such redemption.")


def moved() -> Refusal:
    """The member was merged into another while the till showed them."""
    words = "This membership was joined with another. Scan the card again."
    return Refusal(409, "member_moved", words)


def second_proof_needed() -> Refusal:
    """The till has no proof that the card is there."""
    words = "Scan the newest code of the card, or use a code from its page or a manager's PIN."
    return Refusal(409, "second_proof_needed", words)


def wrong_proof(field: str, words: str) -> Refusal:
    """The code or the PIN is not right."""
    return Refusal(409, "wrong_proof", f"{words}.", fields={field: f"{words}."})


def too_many_tries(until: str) -> Refusal:
    """The user guessed too often; `until` is ISO 8601."""
    words = "There were too many wrong codes. Wait a quarter of an hour."
    # Not 429: a till sends that again by itself.
    return Refusal(409, "too_many_tries", words, until=until)


def too_many_cards() -> Refusal:
    """The user showed more members' cards than one may in an hour."""
    words = "You have shown many members' cards. Wait an hour, or let them open it from their mail."
    return Refusal(409, "too_many_cards", words)


def over_redeem_limit(left_today: int) -> Refusal:
    """The user would redeem more today than one may without a manager."""
    words = f"You can redeem {left_today} more points today. A manager's PIN lifts the limit."
    return Refusal(409, "over_redeem_limit", words, left_today=left_today)


def no_reward(code: str, words: str) -> Refusal:
    """The member cannot have the reward; the words say why."""
    return Refusal(409, code, f"{words}.", fields={"reward": f"{words}."})


def discount_refused(words: str) -> Refusal:
    """Shopify made no discount of it, for good: the points are back."""
    return Refusal(409, "discount_refused", words, fields={"reward": words})
