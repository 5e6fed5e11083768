"""Who calls: the bearer of POS's session token. Its shop is the only shop of the request."""

from dataclasses import dataclass

import structlog
from flask import g, request
from sqlalchemy.orm import Session

from loyalty.shops.tables import Shop
from pos_extension import refusals
from shopify_app.platform import session_tokens, shop_ids
from shopify_app.platform.errors import InvalidSessionToken
from shopify_app.platform.settings import current

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Till:
    """The shop, and the user who is logged in to its POS; a pinned cashier has no token."""

    shop_id: int
    shop_domain: str
    user_id: int


def authenticate() -> None:
    """Set `g.till`; raises Refusal 401 without a good token, 403 for a shop that is not ours."""
    scheme, _, raw = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer":
        raise refusals.unauthorised()
    try:
        token = session_tokens.verify(raw.strip(), current())
    except InvalidSessionToken as error:
        log.info("session_token_refused", reason=str(error), till=True)
        raise refusals.unauthorised() from error
    shop_id = shop_ids.find(token.shop_domain)
    if shop_id is None:
        raise refusals.not_installed()
    g.shop_id = shop_id
    g.till = Till(shop_id, token.shop_domain, token.user_id)


def enter(session: Session, till: Till) -> Shop:
    """The till's shop; Refusal 403 when it has left. One whose token died can still be served."""
    shop = session.get(Shop, till.shop_id)
    if shop is None:
        # Removed, and maybe back under another id.
        shop_ids.forget(till.shop_domain)
    if shop is None or shop.status == "uninstalled":
        raise refusals.not_installed()
    return shop
