"""Faults of deleted orders and customers; see tests/proofs/faults.py for what a fault is."""

from tests.proofs.faults import Fault

_ORDERS = "tests/platform/test_deleted_orders.py::"
_WHO_14 = (
    "tests/loyalty/worked_cases/test_who.py::"
    "test_who_14_who_was_deleted_before_they_were_heard_of_never_joins"
)

FAULTS = (
    Fault(
        "a deleted order keeps its points",
        "loyalty/orders/sheets.py",
        '        self.set("cancelled_at", self.cancelled_at or now)\n',
        "",
        _ORDERS + "test_a_deleted_order_loses_its_points_and_its_spend",
    ),
    Fault(
        "a deleted order keeps its spend",
        "loyalty/orders/sheets.py",
        '        self.set("cancelled_at", self.cancelled_at or now)\n',
        "",
        _ORDERS + "test_a_deleted_order_loses_its_points_and_its_spend",
    ),
    Fault(
        "late news brings a deleted order back",
        "loyalty/orders/sheets.py",
        '        self.set("shopify_updated_at", DELETED)\n',
        "",
        _ORDERS + "test_nothing_late_brings_a_deleted_order_back",
    ),
    Fault(
        "an order deleted before it was heard of is not kept out",
        "loyalty/orders/desk.py",
        "            sheet = self._add(blank_sheet(self.shop, order_id, self.now))\n",
        "            return\n",
        _ORDERS + "test_an_order_deleted_before_it_was_heard_of_never_earns",
    ),
    Fault(
        "a customer deleted before they were heard of is not remembered",
        "loyalty/members/leaving.py",
        "    customer = _lock_or_add(session, shop.shop_id, customer_id)\n"
        "    if customer.deleted_at is not None:\n",
        "    customer = session.get(Customer, (shop.shop_id, customer_id))\n"
        "    if customer is None or customer.deleted_at is not None:\n",
        _WHO_14,
    ),
    Fault(
        "a deleted customer joins when late news of them comes",
        "loyalty/members/enrolment.py",
        "    if customer.deleted_at is not None or customer.redacted_at is not None:\n",
        "    if customer.redacted_at is not None:\n",
        _WHO_14,
    ),
)
