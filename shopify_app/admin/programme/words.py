"""The words of Settings, Programme: areas, kinds and choices, as a merchant reads them."""

from shopify_app.admin.languages import N_, Words

AREAS = (
    ("admin.programme", N_("Overview")),
    ("admin.programme_general", N_("General")),
    ("admin.earning_rules", N_("Earning rules")),
    ("admin.programme_rewards", N_("Rewards")),
    ("admin.flagged_redemptions", N_("Unusual redemptions")),
    ("admin.programme_tiers", N_("Tiers")),
    ("admin.programme_expiry", N_("Expiry")),
    ("admin.programme_referrals", N_("Referrals")),
    ("admin.promotions", N_("Promotions")),
    ("admin.programme_coupons", N_("Coupons")),
    ("admin.programme_badges", N_("Badges")),
    ("admin.programme_locations", N_("Locations")),
)
RULE_KINDS = Words(
    {
        "order": N_("Orders"),
        "signup": N_("Joining the programme"),
        "verified_email": N_("Confirming the email address"),
        "pass_installed": N_("Adding the card to a phone"),
        "birthday": N_("Birthday"),
        "check_in": N_("Visiting a location"),
        "social_follow": N_("Following the shop"),
        "referral": N_("Bringing a friend"),
    }
)
ROUNDINGS = Words({"floor": N_("Down"), "half_up": N_("To the nearest"), "ceil": N_("Up")})
PERIODS = Words(
    {
        "once": N_("Once ever"),
        "week": N_("Once a week"),
        "month": N_("Once a month"),
        "quarter": N_("Once a quarter"),
        "year": N_("Once a year"),
    }
)
REWARD_KINDS = Words(
    {
        "fixed_amount": N_("Amount off"),
        "percentage": N_("Percentage off"),
        "free_shipping": N_("Free shipping"),
        "free_product": N_("Free product"),
        "store_credit": N_("Store credit"),
    }
)
PRICINGS = Words(
    {"fixed": N_("One price"), "per_point": N_("The more points, the more it is worth")}
)
LIMIT_PERIODS = Words(
    {
        "ever": N_("in all"),
        "day": N_("a day"),
        "week": N_("a week"),
        "month": N_("a month"),
        "year": N_("a year"),
    }
)
VISIBILITIES = Words(
    {
        "everywhere": N_("Online and at the till"),
        "till": N_("At the till alone"),
        "online": N_("Online alone"),
        "hidden": N_("Nowhere: staff redeem it"),
    }
)
SOURCES = Words({"made": N_("Encore makes a code for each"), "stock": N_("Codes that you import")})
COUPON_SOURCES = Words(
    {
        "made": N_("Encore makes a code for each member"),
        "imported": N_("Codes that you import"),
    }
)
CLASSES = Words(
    {
        "order": N_("Order discounts"),
        "product": N_("Product discounts"),
        "shipping": N_("Shipping"),
    }
)
TIER_METRICS = Words({"spend": N_("Money spent"), "points": N_("Points earned")})
TIER_CYCLES = Words(
    {
        "lifetime": N_("All time"),
        "calendar": N_("Calendar year"),
        "enrolment": N_("Year since joining"),
        "rolling": N_("The last 12 months"),
    }
)
EXPIRY_MODES = Words(
    {
        "never": N_("Never"),
        "days": N_("Some days after they were earned"),
        "months": N_("At the end of a month, some months after they were earned"),
        "inactivity": N_("When a member was inactive for some days"),
    }
)
NEGATIVE = Words(
    {
        "allow": N_("The balance goes below zero, and later points make up for it"),
        "clamp": N_("The balance stops at zero, and the rest is forgiven"),
    }
)
RESUME_MODES = Words(
    {
        "catch_up": N_("Orders paid meanwhile earn when the programme goes on"),
        "skip": N_("Orders paid meanwhile earn nothing, ever"),
    }
)
RULE_FIELDS = (
    *(N_("Name"), N_("Gives"), N_("Points per unit"), N_("Fixed points"), N_("Rounding")),
    *(N_("Starts on"), N_("Ends on"), N_("Is exclusive"), N_("Priority"), N_("Is active")),
    *(N_("Tags"), N_("Products"), N_("Collections"), N_("Channels"), N_("Locations")),
    *(N_("First order"), N_("Minimum minor"), N_("Check in"), N_("Friend points")),
)
"""The fields of a rule as its trial names them, for translators."""
