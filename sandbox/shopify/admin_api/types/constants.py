"""What is true of every record of these stores: nothing was ever shipped, returned or disputed."""

from __future__ import annotations

from typing import Any

from ..registry import bind, resolves

_NEVER: dict[str, dict[str, Any]] = {
    "Order": {
        "additionalFees": [],
        "hasTimelineComment": False,
        "nonFulfillableLineItems": [],
        "alerts": [],
        "billingAddressMatchesShippingAddress": True,
        "capturable": False,
        "customerAcceptsMarketing": False,
        "disputes": [],
        "fulfillable": False,
        "fulfillments": [],
        "fulfillmentOrders": [],
        "localizedFields": [],
        "merchantEditable": True,
        "merchantEditableErrors": [],
        "productNetwork": False,
        "returns": [],
        "returnStatus": "NO_RETURN",
    },
    "LineItem": {"merchantEditable": True, "nonFulfillableQuantity": 0},
    "Customer": {
        "companyContactProfiles": [],
        "identityProviderSubjects": [],
        "paymentMethods": [],
        "productSubscriberStatus": "NEVER_SUBSCRIBED",
        "subscriptionContracts": [],
    },
    "Product": {
        "description": "",
        "descriptionHtml": "",
        "hasOutOfStockVariants": False,
        "hasVariantsThatRequiresComponents": False,
        "media": [],
        "requiresSellingPlan": False,
        "tracksInventory": True,
    },
    "ProductVariant": {
        "inventoryPolicy": "DENY",
        "media": [],
        "requiresComponents": False,
        "selectedOptions": [{"name": "Title", "value": "Default Title"}],
    },
    "OrderTransaction": {"fees": [], "manuallyCapturable": False, "multiCapturable": False},
    "Collection": {"description": "", "descriptionHtml": "", "sortOrder": "MANUAL"},
    "Location": {"shipsInventory": True, "suggestedAddresses": []},
}


def _constant(record: Any, context: Any, arguments: dict[str, Any], value: Any) -> Any:
    return value


for _typename, _fields in _NEVER.items():
    for _name, _value in _fields.items():
        resolves(_typename, _name)(bind(_constant, value=_value))
