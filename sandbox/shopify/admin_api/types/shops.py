"""Shop, the app's installation, webhook subscriptions and bulk operations."""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

from ...settings import WEBHOOK_API_VERSION
from ...store.discounts import ApiSubscription, BulkOperation
from ...store.shop import Shop
from ..context import Context
from ..registry import bind, resolves


def _plain(shop: Shop, context: Context) -> dict[str, Any]:
    """Fields of Shop that are values."""
    offset = context.now.astimezone(ZoneInfo(shop.timezone)).utcoffset()
    assert offset is not None
    minutes = int(offset.total_seconds() // 60)
    address = shop.address
    return {
        "contactEmail": shop.email,
        "myshopifyDomain": shop.domain,
        "url": f"https://{shop.domain}",
        "primaryDomain": {
            "__typename": "Domain",
            "id": f"gid://shopify/Domain/{shop.id}",
            "host": shop.domain,
            "url": f"https://{shop.domain}",
            "sslEnabled": True,
        },
        "currencyCode": shop.currency,
        "enabledPresentmentCurrencies": [shop.currency],
        "ianaTimezone": shop.timezone,
        "timezoneOffsetMinutes": minutes,
        "timezoneOffset": f"{'-' if minutes < 0 else '+'}{abs(minutes) // 60:02d}:00",
        "unitSystem": "METRIC_SYSTEM",
        "weightUnit": "KILOGRAMS",
        "shopOwnerName": shop.owner_name,
        "updatedAt": shop.created_at,
        "plan": {
            "publicDisplayName": "Basic",
            "partnerDevelopment": False,
            "shopifyPlus": False,
        },
        "shopAddress": {
            "id": f"gid://shopify/ShopAddress/{shop.id}",
            "address1": address.address1,
            "address2": address.address2,
            "city": address.city,
            "province": address.province,
            "provinceCode": address.province_code,
            "zip": address.zip,
            "country": address.country,
            "countryCodeV2": address.country_code,
            "phone": shop.phone,
        },
        "customerAccountsV2": {
            "customerAccountsVersion": "NEW_CUSTOMER_ACCOUNTS",
            "url": f"https://{shop.domain}/account",
            "loginRequiredAtCheckout": False,
            "loginLinksVisibleOnStorefrontAndCheckout": True,
        },
        "customerAccounts": "OPTIONAL",
        "marketingSmsConsentEnabledAtCheckout": False,
        "orderNumberFormatPrefix": "#",
        "orderNumberFormatSuffix": "",
        "setupRequired": False,
        "checkoutApiSupported": True,
        "transactionalSmsDisabled": False,
        "taxShipping": False,
    }


_SHOP_FIELDS = [
    "contactEmail",
    "myshopifyDomain",
    "url",
    "primaryDomain",
    "currencyCode",
    "enabledPresentmentCurrencies",
    "ianaTimezone",
    "timezoneOffsetMinutes",
    "timezoneOffset",
    "unitSystem",
    "weightUnit",
    "shopOwnerName",
    "updatedAt",
    "plan",
    "shopAddress",
    "customerAccountsV2",
    "customerAccounts",
    "marketingSmsConsentEnabledAtCheckout",
    "orderNumberFormatPrefix",
    "orderNumberFormatSuffix",
    "setupRequired",
    "checkoutApiSupported",
    "transactionalSmsDisabled",
    "taxShipping",
]
for _name in _SHOP_FIELDS:
    resolves("Shop", _name)(
        bind(lambda shop, context, arguments, name: _plain(shop, context)[name], name=_name)
    )


def installation(context: Context) -> dict[str, Any]:
    """The app in this shop; it is on no paid plan."""
    app_id = context.world.settings.app_id
    base = context.world.settings.base_url
    return {
        "__typename": "AppInstallation",
        "id": f"gid://shopify/AppInstallation/{context.shop.id + 7}",
        "launchUrl": f"{base}/store/{context.shop.handle}/apps/encore",
        "uninstallUrl": None,
        "accessScopes": [
            {"handle": scope, "description": scope.replace("_", " ").capitalize()}
            for scope in context.shop.granted_scopes
        ],
        "activeSubscriptions": [],
        "app": {
            "__typename": "App",
            "id": f"gid://shopify/App/{app_id}",
            "title": context.world.settings.toml.get("name", "App"),
            "handle": context.world.settings.toml.get("handle", "app"),
            "apiKey": context.world.settings.client_id,
        },
    }


@resolves("WebhookSubscription", "topic")
def topic(subscription: ApiSubscription, context: Context, arguments: dict[str, Any]) -> Any:
    return subscription.topic.replace("/", "_").replace(".", "_").upper()


@resolves("WebhookSubscription", "format")
def subscription_format(
    subscription: ApiSubscription, context: Context, arguments: dict[str, Any]
) -> Any:
    return "JSON"


@resolves("WebhookSubscription", "apiVersion")
def api_version(subscription: ApiSubscription, context: Context, arguments: dict[str, Any]) -> Any:
    return version(WEBHOOK_API_VERSION)


def version(handle: str) -> dict[str, Any]:
    """An ApiVersion."""
    return {"handle": handle, "displayName": handle, "supported": True}


@resolves("BulkOperation", "type")
def bulk_type(operation: BulkOperation, context: Context, arguments: dict[str, Any]) -> Any:
    return operation.type


@resolves("BulkOperation", "url")
def bulk_url(operation: BulkOperation, context: Context, arguments: dict[str, Any]) -> Any:
    return _file_url(operation.file_name, context)


@resolves("BulkOperation", "partialDataUrl")
def bulk_partial(operation: BulkOperation, context: Context, arguments: dict[str, Any]) -> Any:
    return _file_url(operation.partial_file_name, context)


def _file_url(name: str | None, context: Context) -> str | None:
    return f"{context.world.settings.base_url}/bulk/{name}" if name else None
