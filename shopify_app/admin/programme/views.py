"""The views of Settings, Programme, for the blueprint."""

from shopify_app.admin.programme import badges as badge_settings
from shopify_app.admin.programme import (
    coupon_list,
    earning_rules,
    flagged_redemptions,
    general,
    promotions,
    readers,
)
from shopify_app.admin.programme import coupons as coupon_settings
from shopify_app.admin.programme import expiry as expiry_settings
from shopify_app.admin.programme import page as programme
from shopify_app.admin.programme import referrals as referral_settings
from shopify_app.admin.programme import rewards as reward_settings
from shopify_app.admin.programme import tiers as tier_settings

PROGRAMME_VIEWS = (
    *(programme, general, earning_rules, reward_settings, tier_settings),
    *(
        expiry_settings,
        referral_settings,
        promotions,
        coupon_settings,
        coupon_list,
        flagged_redemptions,
        badge_settings,
        readers,
    ),
)
