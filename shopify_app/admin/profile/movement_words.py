"""The words for what moved points: where they come from, by which action, for which reason."""

from loyalty import adjustments
from shopify_app.admin.languages import N_, Words, _, say

SOURCES = Words(
    {
        "earn_order": N_("Earned with an order"),
        "earn_reversal": N_("Taken back after a refund, cancellation or edit"),
        "earn_action": N_("Earned with an action"),
        "referral": N_("Earned with a referral"),
        "grant": N_("Granted by hand"),
        "deduct": N_("Deducted by hand"),
        "redeem": N_("Spent on a reward"),
        "redeem_reversal": N_("Returned from a reward"),
        "expire": N_("Expired"),
        "import": N_("Imported"),
        "merge_in": N_("Moved from a merged account"),
        "merge_out": N_("Moved to a merged account"),
        "archive": N_("Put away with the account"),
        "restore": N_("Restored with the account"),
    }
)
ACTIONS = Words(
    {
        "signup": N_("Joined the programme"),
        "verified_email": N_("Confirmed their email address"),
        "pass_installed": N_("Installed the pass"),
        "birthday": N_("Birthday"),
        "check_in": N_("Checked in"),
        "social_follow": N_("Followed the shop"),
    }
)
REASONS = dict(adjustments.REASONS) | {
    "campaign": N_("Campaign"),
    "customer_deleted": N_("Deleted in Shopify"),
    "by_hand": N_("By hand"),
    "undone": N_("Undone by hand"),
    "voided": N_("Taken back by hand"),
    "voided_at_till": N_("Taken back at the till"),
    "deleted_in_shopify": N_("Code deleted or ended in Shopify"),
    "below_minimum": N_("The friend's first order was too small"),
    "earlier_order": N_("The friend had bought before"),
    "expired": N_("The code ran out"),
    "order_cancelled": N_("Order cancelled"),
    "refunded": N_("Order refunded"),
}
SIDES = Words({"advocate": N_("Brought a friend"), "friend": N_("Brought by a friend")})


def say_movement(kind: str, code: str | None) -> str:
    """What moved the points: `Granted by hand: Contest`; `Undone: granted by hand`."""
    source = SOURCES.get(kind, kind)
    if code == "undone":
        return _("Undone: %(what)s", what=source[:1].lower() + source[1:])
    words = {"earn_action": ACTIONS, "referral": SIDES}.get(kind, REASONS)
    told = say(words.get(code or "", ""))
    return _("%(source)s: %(reason)s", source=source, reason=told) if told else source
