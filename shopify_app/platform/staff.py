"""Names of staff: learned once per person by a token exchange, never needed to serve a page."""

import structlog
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from loyalty.base.clock import utc_now
from loyalty.base.db import shop_transaction
from loyalty.shops.tables import StaffMember
from shopify_app.platform import token_endpoint
from shopify_app.platform.errors import ShopifyError
from shopify_app.platform.session_tokens import SessionToken

log = structlog.get_logger()

_seen: set[tuple[int, int]] = set()


def learn(shop_id: int, token: SessionToken) -> None:
    """Store who the token's user is, if nobody has. What fails is tried at a later load."""
    key = (shop_id, token.user_id)
    if key in _seen or _is_known(shop_id, token.user_id):
        _seen.add(key)
        return
    try:
        facts = token_endpoint.exchange_online(token.shop_domain, token.raw)
    except ShopifyError as error:
        log.warning("staff_name_unknown", shop=shop_id, reason=str(error))
        return
    _store(shop_id, token.user_id, facts)
    _seen.add(key)


def _is_known(shop_id: int, user_id: int) -> bool:
    with shop_transaction(shop_id) as session:
        return (
            session.scalar(
                select(StaffMember.user_id).where(
                    StaffMember.shop_id == shop_id, StaffMember.user_id == user_id
                )
            )
            is not None
        )


def _store(shop_id: int, user_id: int, facts: token_endpoint.StaffFacts) -> None:
    with shop_transaction(shop_id) as session:
        session.execute(
            insert(StaffMember)
            .values(
                shop_id=shop_id,
                user_id=user_id,
                name=facts.name,
                email=facts.email,
                seen_at=utc_now(),
            )
            .on_conflict_do_nothing()
        )
