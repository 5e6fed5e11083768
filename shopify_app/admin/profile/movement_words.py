"""The words for what moved points: where they come from, by which action, for which reason."""

from loyalty import adjustments

SOURCES = {
    "earn_order": "Earned with an order",
    "earn_reversal": "Taken back after a refund, cancellation or edit",
    "earn_action": "Earned with an action",
    "referral": "Earned with a referral",
    "grant": "Granted by hand",
    "deduct": "Deducted by hand",
    "redeem": "Spent on a reward",
    "redeem_reversal": "Returned from a reward",
    "expire": "Expired",
    "import": "Imported",
    "merge_in": "Moved from a merged account",
    "merge_out": "Moved to a merged account",
    "archive": "Put away with the account",
    "restore": "Restored with the account",
}
ACTIONS = {
    "signup": "Joined the programme",
    "verified_email": "Confirmed their email address",
    "pass_installed": "Installed the pass",
    "birthday": "Birthday",
    "check_in": "Checked in",
    "social_follow": "Followed the shop",
}
REASONS = dict(adjustments.REASONS) | {
    "campaign": "Campaign",
    "customer_deleted": "Deleted in Shopify",
    "by_hand": "By hand",
    "undone": "Undone by hand",
    "voided": "Taken back by hand",
    "voided_at_till": "Taken back at the till",
    "deleted_in_shopify": "Code deleted or ended in Shopify",
    "below_minimum": "The friend's first order was too small",
    "earlier_order": "The friend had bought before",
    "expired": "The code ran out",
    "order_cancelled": "Order cancelled",
    "refunded": "Order refunded",
}
SIDES = {"advocate": "Brought a friend", "friend": "Brought by a friend"}


def say_movement(kind: str, code: str | None) -> str:
    """What moved the points: `Granted by hand: Contest`; `Undone: granted by hand`."""
    source = SOURCES.get(kind, kind)
    if code == "undone":
        return f"Undone: {source[:1].lower()}{source[1:]}"
    words = {"earn_action": ACTIONS, "referral": SIDES}.get(kind, REASONS)
    told = words.get(code or "", "")
    return f"{source}: {told}" if told else source
