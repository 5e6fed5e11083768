"""REST payloads about the shop, the app and bulk operations."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from ..clock import graphql_time, rest_time
from ..store.discounts import BulkOperation
from ..store.shop import Shop


def shop_payload(shop: Shop) -> dict[str, Any]:
    """app/uninstalled and shop/update. `domain` may be null in Shopify's, so ours is."""
    place = shop.address
    known = {
        "id": shop.id,
        "name": shop.name,
        "email": shop.email,
        "domain": None,
        "myshopify_domain": None,
        "customer_email": shop.email,
        "shop_owner": shop.owner_name,
        "phone": shop.phone,
        "address1": place.address1,
        "address2": place.address2,
        "city": place.city,
        "zip": place.zip,
        "province": place.province,
        "province_code": place.province_code,
        "country": place.country_code,
        "country_code": place.country_code,
        "country_name": place.country,
        "currency": shop.currency,
        "timezone": shop.timezone,
        "iana_timezone": shop.timezone,
        "primary_locale": "en",
        "created_at": rest_time(shop.created_at, shop.timezone),
        "updated_at": rest_time(shop.created_at, shop.timezone),
        "money_format": "{{amount}}",
        "money_with_currency_format": f"{{{{amount}}}} {shop.currency}",
        "money_in_emails_format": "{{amount}}",
        "money_with_currency_in_emails_format": f"{{{{amount}}}} {shop.currency}",
        "weight_unit": "kg",
        "plan_display_name": "Basic",
        "plan_name": "basic",
        "enabled_presentment_currencies": [shop.currency],
        "taxes_included": shop.taxes_included,
        "primary_location_id": shop.all("Location")[0].id,
    }
    return {**_SETTINGS, **known}


def scopes_payload(shop: Shop, previous: list[str], now: datetime) -> dict[str, Any]:
    """app/scopes_update."""
    return {
        "id": shop.next_id("ScopesUpdate"),
        "shop_id": shop.gid,
        "previous": previous,
        "current": list(shop.granted_scopes),
        "updated_at": graphql_time(now),
    }


def bulk_payload(shop: Shop, operation: BulkOperation) -> dict[str, Any]:
    """bulk_operations/finish; status and error are in lower case here."""
    ended = operation.completed_at
    return {
        "admin_graphql_api_id": operation.gid,
        "created_at": rest_time(operation.created_at, shop.timezone),
        "completed_at": rest_time(ended, shop.timezone) if ended else None,
        "error_code": operation.error_code.lower() if operation.error_code else None,
        "status": operation.status.lower(),
        "type": operation.type.lower(),
    }


_SETTINGS: dict[str, Any] = {
    "source": None,
    "latitude": None,
    "longitude": None,
    "auto_configure_tax_inclusivity": None,
    "tax_shipping": None,
    "county_taxes": None,
    "has_discounts": False,
    "has_gift_cards": True,
    "google_apps_domain": None,
    "google_apps_login_enabled": None,
    "eligible_for_payments": True,
    "requires_extra_payments_agreement": False,
    "password_enabled": None,
    "has_storefront": True,
    "finances": True,
    "checkout_api_supported": True,
    "multi_location_enabled": True,
    "setup_required": False,
    "pre_launch_enabled": False,
    "marketing_sms_consent_enabled_at_checkout": False,
    "transactional_sms_disabled": False,
}
