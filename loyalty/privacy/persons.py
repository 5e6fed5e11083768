"""The parts of tables that say who somebody is, and what they have. Their names go."""

from collections.abc import Sequence

from sqlalchemy import func, null

from loyalty.members.tables import Customer, Member, MemberBalance
from loyalty.merging import consents, details
from loyalty.preferences import NotificationPreference
from loyalty.privacy.parts import (
    BOOKS,
    Blank,
    Drop,
    Moves,
    Part,
    Stays,
    by_customer,
    by_member,
)
from loyalty.privacy.whose import is_member

PARTS: Sequence[Part] = (
    Part(
        Member,
        is_member,
        "Personal details",
        Blank(
            {
                **dict.fromkeys(("first_name", "last_name", "email", "phone"), None),
                "address": null(),
                **dict.fromkeys(("birthday_on", "birthday_changed_on"), None),
                **dict.fromkeys(("email_verified_at", "phone_verified_at"), None),
                **dict.fromkeys(("customer_since", "details_customer_id"), None),
                "email_norm": "",
                "sources": {},
                "state": "erased",
            },
            keeps=(
                *("shop_id", "id", "enrolled_by", "joined_at", "archived_at", "sort_name"),
                "search_text",
            ),
        ),
        details.UNITED,
    ),
    Part(
        Customer,
        by_customer(Customer),
        "Shopify customers",
        Blank(
            {
                **dict.fromkeys(("member_id", "first_name", "last_name", "email", "phone"), None),
                "address": null(),
                **dict.fromkeys(("customer_since", "shopify_updated_at"), None),
                "email_norm": "",
                "has_verified_email": False,
                "has_account": False,
                "locale": None,
                "redacted_at": lambda now: func.coalesce(Customer.redacted_at, now),
            },
            keeps=("shop_id", "customer_id", "deleted_at"),
        ),
        Moves("points at the survivor"),
    ),
    Part(
        MemberBalance,
        by_member(MemberBalance),
        "Points",
        BOOKS,
        Stays("the ledger moves the points and the figures"),
    ),
    Part(
        NotificationPreference,
        by_member(NotificationPreference),
        "Notification preferences",
        Drop(),
        consents.SWITCHES_UNITED,
    ),
)
