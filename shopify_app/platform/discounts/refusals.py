"""What Shopify refuses, in words that a cashier, a member or a merchant can act on."""

from loyalty.base.errors import DiscountRefused
from shopify_app.platform.errors import UserErrors

_WORDS = {
    "MAX_APP_DISCOUNTS": "The shop has as many discounts as Shopify allows: end some of them",
    "EXCEEDED_MAX": "Shopify allows no discount as large as this",
    "ACTIVE_PERIOD_OVERLAP": "Another discount of the shop is in the way at this time",
    "END_DATE_BEFORE_START_DATE": "The reward would be over before it begins",
    "INVALID_COMBINES_WITH_FOR_DISCOUNT_CLASS": (
        "The reward may not be combined as it is set: change what it combines with"
    ),
    "DISCOUNT_NOT_COMPATIBLE_WITH_CONDITION_TYPES": (
        "The reward's conditions do not go together: change the reward"
    ),
    "CREDIT_LIMIT_EXCEEDED": "This much store credit is more than the account may hold",
    "UNSUPPORTED_CURRENCY": "Shopify has no store credit in the shop's currency",
    "MISMATCHING_CURRENCY": "The customer's store credit is in another currency",
    "ACCOUNT_NOT_FOUND": "Shopify does not know this customer any more",
    "OWNER_NOT_FOUND": "Shopify does not know this customer any more",
    "EXPIRES_AT_IN_PAST": "The store credit would be over before it begins",
    "NEGATIVE_OR_ZERO_AMOUNT": "The reward is worth nothing: change the reward",
}
_BY_FIELD = {
    "context": "Shopify does not know this customer any more",
    "items": "The shop no longer has what the reward is for",
    "value": "The reward's value is none that Shopify allows: change the reward",
    "title": "Shopify does not take the reward's name: change it",
    "minimumRequirement": "The reward's minimum is none that Shopify allows: change the reward",
    "combinesWith": "The reward may not be combined as it is set: change what it combines with",
    "codes": "Shopify does not take these codes",
    "discountId": "Shopify adds no codes to this discount",
}
_OTHERWISE = "Shopify does not make this discount: check the reward"


def code_in_words(shopify_code: str) -> str:
    """Why Shopify will not have one code among many, for people."""
    said = shopify_code.lower().replace("_", " ")
    return _WORDS.get(shopify_code) or f"Shopify does not take this code: {said}"


def in_words(refusal: UserErrors) -> DiscountRefused:
    """The refusal for people; `shopify_code` keeps Shopify's own code."""
    first = refusal.errors[0]
    code = str(first.get("code") or "")
    path = [str(part) for part in first.get("field") or []]
    by_field = (_BY_FIELD[part] for part in path if part in _BY_FIELD)
    return DiscountRefused(_WORDS.get(code) or next(by_field, _OTHERWISE), shopify_code=code)
