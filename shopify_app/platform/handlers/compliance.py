"""Shopify's privacy topics: each leaves a request with the day by which it must be met.

A request is carried out by a job, never here; the same request told twice is kept once.

Shopify allows 30 days.
https://shopify.dev/docs/apps/build/compliance/privacy-law-compliance (read 2026-11-22)
"""

from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from loyalty import audit
from loyalty.base.ids import new_id
from loyalty.members.tables import Customer
from loyalty.shops.tables import Shop
from shopify_app.platform.deliveries import Delivery
from shopify_app.platform.errors import Ignored, ShapeError
from shopify_app.platform.payloads.reading import identifier, object_at
from shopify_app.platform.tables import PrivacyRequest

DUE_AFTER = timedelta(days=30)


def request_data(session: Session, shop: Shop, delivery: Delivery) -> None:
    """A customer asks what we hold of them."""
    data_request = delivery.payload.get("data_request")
    request_id = data_request.get("id") if isinstance(data_request, dict) else None
    _store_customers(
        session,
        shop,
        delivery,
        "customers/data_request",
        {
            "orders": _order_ids(delivery.payload, "orders_requested"),
            "data_request_id": identifier(request_id, "data_request.id") if request_id else None,
        },
    )


def redact_customer(session: Session, shop: Shop, delivery: Delivery) -> None:
    """A customer's personal data must go."""
    orders = _order_ids(delivery.payload, "orders_to_redact")
    _store_customers(session, shop, delivery, "customers/redact", {"orders": orders})


def redact_shop(session: Session, shop: Shop, delivery: Delivery) -> None:
    """Everything of the shop must go."""
    _store(session, shop, delivery, PrivacyRequest(subject="shop/redact", body={}))


def _store_customers(
    session: Session, shop: Shop, delivery: Delivery, subject: str, body: dict[str, Any]
) -> None:
    customer = object_at(delivery.payload, "customer")
    customer_id = identifier(customer.get("id"), "customer.id")
    _store(
        session,
        shop,
        delivery,
        PrivacyRequest(
            subject=subject,
            customer_id=customer_id,
            member_id=_member_of(session, shop.shop_id, customer_id),
            body=body,
        ),
    )


def _store(session: Session, shop: Shop, delivery: Delivery, request: PrivacyRequest) -> None:
    named = delivery.payload.get("shop_domain")
    if named != shop.domain:
        # The signature covers the body alone: what it says of the shop outweighs the header.
        raise ShapeError("shop_domain is not the shop that the delivery came for")
    request.shop_id, request.id, request.state = shop.shop_id, new_id(), "open"
    request.received_at = delivery.occurred_at
    request.due_at = delivery.occurred_at + DUE_AFTER
    request.next_at = delivery.now
    if _is_known(session, request):
        raise Ignored("the same request waits already")
    session.add(request)
    audit.record(
        session,
        shop.shop_id,
        audit.Actor("system", "shopify"),
        "privacy_requested",
        ("privacy_request", str(request.id)),
        now=delivery.now,
        topic=request.subject,
    )


def _is_known(session: Session, request: PrivacyRequest) -> bool:
    """Whether a request that still waits asks for the very same."""
    waiting = select(PrivacyRequest.id).where(
        PrivacyRequest.shop_id == request.shop_id,
        PrivacyRequest.subject == request.subject,
        PrivacyRequest.customer_id.is_not_distinct_from(request.customer_id),
        PrivacyRequest.body == request.body,
        PrivacyRequest.state == "open",
    )
    return session.scalar(waiting.limit(1)) is not None


def _member_of(session: Session, shop_id: int, customer_id: int) -> UUID | None:
    return session.scalar(
        select(Customer.member_id).where(
            Customer.shop_id == shop_id, Customer.customer_id == customer_id
        )
    )


def _order_ids(payload: dict[str, Any], key: str) -> list[int]:
    listed = payload.get(key) or []
    if not isinstance(listed, list):
        raise ShapeError(key)
    return [identifier(value, key) for value in listed]
