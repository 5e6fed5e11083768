"""Refusals we can explain, named for the fact; each has a stable `code` and HTTP `status`."""


class LoyaltyError(Exception):
    """A refusal that the person looking can understand and act on."""

    code = "refused"
    status = 409


class InsufficientPoints(LoyaltyError):
    """The member has fewer points available than the debit asks for."""

    code = "insufficient_points"


class IdempotencyConflict(LoyaltyError):
    """The same key came again with other facts."""

    code = "idempotency_conflict"


class MemberNotFound(LoyaltyError):
    """This shop has no such member."""

    code, status = "member_not_found", 404


class ShopNotFound(LoyaltyError):
    """No shop of this domain has installed Encore."""

    code, status = "shop_not_found", 404


class BadAdjustment(LoyaltyError):
    """A manual adjustment that cannot be posted; `field` names the input at fault."""

    code, status = "bad_adjustment", 422

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


class MemberNotActive(LoyaltyError):
    """The member is archived or erased: nothing can be done for them; `state` says which."""

    code = "member_not_active"

    def __init__(self, state: str) -> None:
        super().__init__(state)
        self.state = state


class OverDailyCap(LoyaltyError):
    """A till's user has granted what one may grant in a day; `left` is what is left of it."""

    code = "over_daily_cap"

    def __init__(self, left: int) -> None:
        super().__init__(f"{left} left today")
        self.left = left


class BadContact(LoyaltyError):
    """What was typed is no name, email or phone number; `field` names the input at fault."""

    code, status = "bad_contact", 422

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


class UnreadableMoney(LoyaltyError):
    """An amount that is no decimal of its currency."""

    code, status = "unreadable_money", 422


class ForeignCurrency(LoyaltyError):
    """An order whose shop money is not in the shop's currency."""

    code, status = "foreign_currency", 422


class BadRule(LoyaltyError):
    """An earning rule or promotion that cannot work; `field` names the input at fault."""

    code, status = "bad_rule", 422

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


class RuleNotFound(LoyaltyError):
    """This shop has no such earning rule or promotion."""

    code, status = "rule_not_found", 404
