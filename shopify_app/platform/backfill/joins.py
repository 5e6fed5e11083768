"""Carries out a request of the public join page: Shopify's customer, the member, the card.

The invariant: whatever comes of it, nothing of it is told to whoever typed the address.
"""

from datetime import datetime
from uuid import UUID

import structlog
from sqlalchemy.orm import Session

from loyalty import audit, outbox
from loyalty.base.clock import utc_now
from loyalty.base.db import shop_transaction
from loyalty.base.errors import BadContact, LoyaltyError
from loyalty.members.consent import say
from loyalty.members.contact import Contact
from loyalty.members.enrolment import join
from loyalty.members.facts import CustomerFacts
from loyalty.members.join_requests import JoinRequest, end_request
from loyalty.members.tables import Member
from loyalty.referrals.claiming import drop_claim
from loyalty.shops.directory import get_shop
from shopify_app.platform import referrals
from shopify_app.platform.people import Newcomer, find_facts

log = structlog.get_logger()


def carry_out(shop_id: int, request_id: UUID) -> None:
    """Let the person of the request join; twice is as once.

    Raises ShopifyError, to be tried again. What Shopify or we refuse ends the request.
    """
    newcomer = _read(shop_id, request_id)
    if newcomer is not None:
        _carry_out(shop_id, request_id, newcomer)
    # Apart, for it locks two members; a crash in between is made up for at the next try.
    referrals.take(shop_id, request_id)


def _carry_out(shop_id: int, request_id: UUID, newcomer: Newcomer) -> None:
    try:
        facts = find_facts(shop_id, newcomer)
        with shop_transaction(shop_id) as session:
            request = _lock(session, shop_id, request_id)
            if request is not None:
                _join(session, request, facts, utc_now())
    except BadContact as refusal:
        _refuse(shop_id, request_id, refusal)


def _read(shop_id: int, request_id: UUID) -> Newcomer | None:
    with shop_transaction(shop_id) as session:
        request = session.get(JoinRequest, (shop_id, request_id))
        if request is None or request.state != "waiting" or request.email is None:
            return None
        first_name, email = request.first_name or "", request.email
        return Newcomer(first_name, request.last_name, Contact(email=email))


def _lock(session: Session, shop_id: int, request_id: UUID) -> JoinRequest | None:
    request = session.get(
        JoinRequest, (shop_id, request_id), with_for_update=True, populate_existing=True
    )
    return request if request is not None and request.state == "waiting" else None


def _join(session: Session, request: JoinRequest, facts: CustomerFacts, now: datetime) -> None:
    shop = get_shop(session, request.shop_id)
    member, was_known = join(
        session, shop, facts, enrolled_by="join_page", emails_card=False, now=now
    )
    if member.state == "active":
        _send_card(session, member, now)
        if request.wants_marketing:
            _note_tick(session, member, request.asked_at)
    end_request(request, member_id=member.id, now=now)
    action = "member_found_by_join_page" if was_known else "member_joined_by_join_page"
    audit.record(
        session,
        shop.shop_id,
        audit.SYSTEM,
        action,
        ("member", str(member.id)),
        now=now,
        terms_url=request.terms_url,
        wants_marketing=request.wants_marketing,
    )


def _send_card(session: Session, member: Member, now: datetime) -> None:
    """Known or new, they are sent their card: a person asked for it."""
    if member.email_norm:
        outbox.stage(
            session,
            member.shop_id,
            outbox.CARD_EMAIL_ASKED,
            member_id=member.id,
            body={"is_asked_for": True},
            now=now,
        )


def _note_tick(session: Session, member: Member, asked_at: datetime) -> None:
    """Anybody can type an address: the tick counts once its owner has proved it, not before."""
    say(
        session,
        member.shop_id,
        member.id,
        "email",
        "asked",
        source="join_page",
        said_at=asked_at,
    )


def _refuse(shop_id: int, request_id: UUID, refusal: LoyaltyError) -> None:
    with shop_transaction(shop_id) as session:
        request = _lock(session, shop_id, request_id)
        if request is not None:
            end_request(request, member_id=None, now=utc_now(), is_done=False)
            drop_claim(session, shop_id, request_id)
    log.info("join_refused", shop=shop_id, request=str(request_id), code=refusal.code)
