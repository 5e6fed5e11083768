"""What goes home at an undo though no merge moved it: orders by their customer, awards by those."""

from sqlalchemy import ColumnElement, select

from loyalty.earning.tables import Award
from loyalty.members.tables import Customer
from loyalty.orders.tables import Order
from loyalty.privacy.parts import Merging


def orders_of_customers(merging: Merging) -> ColumnElement[bool]:
    """Later orders follow their Shopify customer, who is home already."""
    customers = select(Customer.customer_id).where(
        Customer.shop_id == merging.shop_id, Customer.member_id == merging.merged_id
    )
    return Order.customer_id.in_(customers)


def awards_of_orders(merging: Merging) -> ColumnElement[bool]:
    """Awards follow their order, which is home already."""
    orders = select(Order.order_id).where(
        Order.shop_id == merging.shop_id, Order.member_id == merging.merged_id
    )
    return Award.order_id.in_(orders)
