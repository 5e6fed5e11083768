"""What Shopify refuses, in words that a cashier, a member or a merchant can act on."""

from loyalty.base.errors import DiscountRefused
from loyalty.base.said import N_
from shopify_app.platform.errors import UserErrors

_WORDS = {
    "MAX_APP_DISCOUNTS": N_("The shop has as many discounts as Shopify allows: end some of them"),
    "EXCEEDED_MAX": N_("Shopify allows no discount as large as this"),
    "ACTIVE_PERIOD_OVERLAP": N_("Another discount of the shop is in the way at this time"),
    "END_DATE_BEFORE_START_DATE": N_("The reward would be over before it begins"),
    "INVALID_COMBINES_WITH_FOR_DISCOUNT_CLASS": N_(
        "The reward may not be combined as it is set: change what it combines with"
    ),
    "DISCOUNT_NOT_COMPATIBLE_WITH_CONDITION_TYPES": N_(
        "The reward's conditions do not go together: change the reward"
    ),
    "CREDIT_LIMIT_EXCEEDED": N_("This much store credit is more than the account may hold"),
    "UNSUPPORTED_CURRENCY": N_("Shopify has no store credit in the shop's currency"),
    "MISMATCHING_CURRENCY": N_("The customer's store credit is in another currency"),
    "ACCOUNT_NOT_FOUND": N_("Shopify does not know this customer any more"),
    "OWNER_NOT_FOUND": N_("Shopify does not know this customer any more"),
    "EXPIRES_AT_IN_PAST": N_("The store credit would be over before it begins"),
    "NEGATIVE_OR_ZERO_AMOUNT": N_("The reward is worth nothing: change the reward"),
}
_BY_FIELD = {
    "context": N_("Shopify does not know this customer any more"),
    "items": N_("The shop no longer has what the reward is for"),
    "value": N_("The reward's value is none that Shopify allows: change the reward"),
    "title": N_("Shopify does not take the reward's name: change it"),
    "minimumRequirement": N_("The reward's minimum is none that Shopify allows: change the reward"),
    "combinesWith": N_("The reward may not be combined as it is set: change what it combines with"),
    "codes": N_("Shopify does not take these codes"),
    "discountId": N_("Shopify adds no codes to this discount"),
}
_OTHERWISE = N_("Shopify does not make this discount: check the reward")


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
