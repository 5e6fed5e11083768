"""Installing a shop, by either grant, and keeping its token alive.

A shop's tokens change under its row lock alone.

The lock is held across one call of the token endpoint: two exchanges at once would revoke each
other's token, two refreshes would race for one refresh token. See docs/decisions.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import partial

import structlog
from sqlalchemy.orm import Session

from loyalty import audit
from loyalty.base import bell
from loyalty.base.clock import utc_now
from loyalty.base.db import enter_shop, shop_transaction, shopless_transaction
from loyalty.shops import directory
from loyalty.shops.tables import Shop
from shopify_app.platform import backfill_runs as runs
from shopify_app.platform import shop_facts, shop_ids, stored_tokens, token_endpoint
from shopify_app.platform.errors import DeadRefreshToken, NeedsReauth
from shopify_app.platform.session_tokens import SessionToken
from shopify_app.platform.stored_tokens import Stored
from shopify_app.platform.token_pairs import TokenPair

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Credentials:
    """What a call of Admin GraphQL needs of a shop."""

    domain: str
    access_token: str


def ensure_installed(token: SessionToken) -> int:
    """The shop id of a verified session token; installs the shop when no usable token is stored.

    Raises RefusedSessionToken when the browser must fetch a newer token, ShopifyError when
    Shopify does not answer. Commits.
    """
    domain = token.shop_domain
    shop_id = _find_installed(domain)
    if shop_id is not None:
        return shop_id
    actor = audit.Actor("staff", str(token.user_id))
    grant = partial(token_endpoint.exchange_offline, domain, token.raw)
    return _install(domain, grant, actor, is_forced=False)


def install_by_code(domain: str, code: str) -> int:
    """The shop id after the authorization-code grant; whatever token it had is replaced.

    Raises RefusedCode, or another ShopifyError when Shopify does not answer. Commits.
    """
    grant = partial(token_endpoint.exchange_code, domain, code)
    return _install(domain, grant, audit.Actor("system", "oauth"), is_forced=True)


def find_lost(domain: str) -> int | None:
    """The shop of `domain` if its books are here and only its token is dead: pages may be shown."""
    shop, _ = _look_up(domain)
    return shop.shop_id if shop is not None and shop.status == "needs_reauth" else None


def credentials(shop_id: int) -> Credentials:
    """The shop's domain and an access token good for five minutes at least; renews it if needed.

    Raises NeedsReauth when only the merchant can help. Must not be called inside a transaction.
    """
    with shop_transaction(shop_id) as session:
        domain = directory.get_shop(session, shop_id).domain
        stored = stored_tokens.find(session, shop_id)
    if stored is None:
        raise NeedsReauth("the shop has no token")
    if stored.is_fresh(utc_now()):
        return Credentials(domain, stored.access_token)
    return Credentials(domain, _renew(shop_id, domain, rejected=stored.access_token))


def access_token(shop_id: int) -> str:
    """An access token of the shop, as `credentials` gives it."""
    return credentials(shop_id).access_token


def replace_rejected(shop_id: int, rejected: Credentials) -> Credentials:
    """New credentials after Shopify answered 401 to `rejected`; NeedsReauth when there are none."""
    return Credentials(
        rejected.domain, _renew(shop_id, rejected.domain, rejected=rejected.access_token)
    )


def _find_installed(domain: str) -> int | None:
    shop, stored = _look_up(domain)
    is_usable = shop is not None and _is_usable(shop, stored, utc_now())
    return shop.shop_id if shop is not None and is_usable else None


def _look_up(domain: str) -> tuple[Shop | None, Stored | None]:
    """The shop of `domain` and its tokens, where they are."""
    for _ in range(2):
        shop_id = shop_ids.find(domain)
        if shop_id is None:
            break
        with shop_transaction(shop_id) as session:
            shop, stored = session.get(Shop, shop_id), stored_tokens.find(session, shop_id)
        if shop is not None:
            return shop, stored
        # It was removed: whoever comes back under its domain has another id.
        shop_ids.forget(domain)
    return None, None


def _is_usable(shop: Shop | None, stored: Stored | None, now: datetime) -> bool:
    if shop is None or shop.status != "installed" or stored is None:
        return False
    return stored.is_fresh(now) or stored.can_refresh(now)


def _install(
    domain: str, grant: Callable[[], TokenPair], actor: audit.Actor, *, is_forced: bool
) -> int:
    """The shop with the token that `grant` brings; one that is usable is kept unless forced."""
    with shopless_transaction() as session:
        # At a first load this waits for another first load's commit; later the row lock does.
        shop_id = directory.register_shop_id(session, domain)
        enter_shop(session, shop_id)
        stored = stored_tokens.find(session, shop_id, lock=True)
        if not is_forced and _is_usable(session.get(Shop, shop_id), stored, utc_now()):
            return shop_id
        pair = grant()
        facts = shop_facts.fetch(domain, pair.access_token)
        now = utc_now()
        is_return = _is_return(session.get(Shop, shop_id))
        directory.install(session, shop_id, domain=domain, now=now, **facts.as_arguments())
        stored_tokens.store_granted(session, shop_id, pair, now=now)
        _begin(session, shop_id, actor, is_return=is_return, now=now)
    bell.ring("backfill", shop_id)
    log.info("shop_installed", shop=shop_id)
    return shop_id


def _is_return(shop: Shop | None) -> bool:
    """Whether only the token was lost: the shop never left, and its history is already here."""
    return shop is not None and shop.status != "uninstalled"


def _begin(
    session: Session, shop_id: int, actor: audit.Actor, *, is_return: bool, now: datetime
) -> None:
    if is_return:
        runs.resume(session, shop_id, now=now)
    else:
        runs.start(session, shop_id, now=now)
    audit.record(
        session,
        shop_id,
        actor,
        "shop_reauthorised" if is_return else "shop_installed",
        ("shop", str(shop_id)),
        now=now,
    )


def _renew(shop_id: int, domain: str, *, rejected: str) -> str:
    """A token other than `rejected`: what a neighbour stored meanwhile, or a refreshed one."""
    with shop_transaction(shop_id) as session:
        stored = stored_tokens.find(session, shop_id, lock=True)
        if stored is None:
            raise NeedsReauth("the shop has no token")
        if stored.access_token != rejected:
            return stored.access_token
        renewed = _refresh(session, shop_id, domain, stored)
        if renewed is None:
            directory.needs_reauth(session, shop_id)
            stored_tokens.mark_lost(session, shop_id, now=utc_now())
    if renewed is None:
        log.warning("shop_needs_reauth", shop=shop_id)
        raise NeedsReauth("the refresh token is dead")
    return renewed


def _refresh(session: Session, shop_id: int, domain: str, stored: Stored) -> str | None:
    if stored.refresh_token is None or not stored.can_refresh(utc_now()):
        return None
    try:
        pair = token_endpoint.refresh(domain, stored.refresh_token)
    except DeadRefreshToken:
        return None
    stored_tokens.store(session, shop_id, pair, now=utc_now())
    return pair.access_token
