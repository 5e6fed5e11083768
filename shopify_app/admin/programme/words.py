"""The words of Settings, Programme: areas, kinds and choices, as a merchant reads them."""

AREAS = (
    ("admin.programme", "Overview"),
    ("admin.programme_general", "General"),
    ("admin.earning_rules", "Earning rules"),
    ("admin.programme_rewards", "Rewards"),
    ("admin.flagged_redemptions", "Unusual redemptions"),
    ("admin.programme_tiers", "Tiers"),
    ("admin.programme_expiry", "Expiry"),
    ("admin.programme_referrals", "Referrals"),
    ("admin.promotions", "Promotions"),
    ("admin.programme_coupons", "Coupons"),
    ("admin.programme_badges", "Badges"),
    ("admin.programme_locations", "Locations"),
)
RULE_KINDS = {
    "order": "Orders",
    "signup": "Joining the programme",
    "verified_email": "Confirming the email address",
    "pass_installed": "Adding the card to a phone",
    "birthday": "Birthday",
    "check_in": "Visiting a location",
    "social_follow": "Following the shop",
    "referral": "Bringing a friend",
}
ROUNDINGS = {"floor": "Down", "half_up": "To the nearest", "ceil": "Up"}
PERIODS = {
    "once": "Once ever",
    "week": "Once a week",
    "month": "Once a month",
    "quarter": "Once a quarter",
    "year": "Once a year",
}
REWARD_KINDS = {
    "fixed_amount": "Amount off",
    "percentage": "Percentage off",
    "free_shipping": "Free shipping",
    "free_product": "Free product",
    "store_credit": "Store credit",
}
PRICINGS = {"fixed": "One price", "per_point": "The more points, the more it is worth"}
LIMIT_PERIODS = {
    "ever": "in all",
    "day": "a day",
    "week": "a week",
    "month": "a month",
    "year": "a year",
}
VISIBILITIES = {
    "everywhere": "Online and at the till",
    "till": "At the till alone",
    "online": "Online alone",
    "hidden": "Nowhere: staff redeem it",
}
SOURCES = {"made": "Encore makes a code for each", "stock": "Codes that you import"}
COUPON_SOURCES = {
    "made": "Encore makes a code for each member",
    "imported": "Codes that you import",
}
CLASSES = {"order": "Order discounts", "product": "Product discounts", "shipping": "Shipping"}
TIER_METRICS = {"spend": "Money spent", "points": "Points earned"}
TIER_CYCLES = {
    "lifetime": "All time",
    "calendar": "Calendar year",
    "enrolment": "Year since joining",
    "rolling": "The last 12 months",
}
EXPIRY_MODES = {
    "never": "Never",
    "days": "Some days after they were earned",
    "months": "At the end of a month, some months after they were earned",
    "inactivity": "When a member was inactive for some days",
}
NEGATIVE = {
    "allow": "The balance goes below zero, and later points make up for it",
    "clamp": "The balance stops at zero, and the rest is forgiven",
}
RESUME_MODES = {
    "catch_up": "Orders paid meanwhile earn when the programme goes on",
    "skip": "Orders paid meanwhile earn nothing, ever",
}
