"""Why a rule or a promotion cannot be used, in the words of the page: it is checked anew."""

from loyalty.base.errors import BadRule
from loyalty.earning.checking import check_promotion, check_rule
from loyalty.earning.rulebook import settings_of
from loyalty.programme.tables import EarningRule, Promotion
from shopify_app.admin.languages import _
from shopify_app.admin.programme.field_words import field_words
from shopify_app.admin.programme.form import of_field


def fault_words(row: EarningRule | Promotion) -> str:
    """What is wrong and where; empty for what can be used."""
    if row.fault is None:
        return ""
    check = check_rule if isinstance(row, EarningRule) else check_promotion
    try:
        check(settings_of(row))
    except BadRule as refusal:
        words = of_field(refusal.args[0])
        return _("%(field)s: %(reason)s", field=field_words(refusal.field), reason=words)
    return _("It could not be used when an order came. Save it again.")
