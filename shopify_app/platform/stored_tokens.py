"""A shop's tokens at rest: encrypted, written as a pair, in the caller's transaction."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from shopify_app.platform import crypto
from shopify_app.platform.tables import Installation
from shopify_app.platform.token_pairs import TokenPair

RENEW_BEFORE = timedelta(minutes=5)
"""A token is renewed while this much is left, so that a job does not outlive its token."""


@dataclass(frozen=True, slots=True)
class Stored:
    """A shop's tokens in the clear, in memory only."""

    access_token: str
    access_expires_at: datetime | None
    refresh_token: str | None
    refresh_expires_at: datetime | None

    def is_fresh(self, now: datetime) -> bool:
        """Whether the access token can be used without being renewed first."""
        return self.access_expires_at is None or now < self.access_expires_at - RENEW_BEFORE

    def can_refresh(self, now: datetime) -> bool:
        """Whether a refresh token is there that Shopify should still take."""
        if self.refresh_token is None:
            return False
        return self.refresh_expires_at is None or now < self.refresh_expires_at


def find(session: Session, shop_id: int, *, lock: bool = False) -> Stored | None:
    """The shop's tokens, or None; `lock` holds its row until the transaction ends."""
    row = session.get(Installation, shop_id, with_for_update=lock or None, populate_existing=lock)
    if row is None or row.access_token is None:
        return None
    return Stored(
        access_token=crypto.decrypt(row.access_token),
        access_expires_at=row.access_expires_at,
        refresh_token=crypto.decrypt(row.refresh_token) if row.refresh_token else None,
        refresh_expires_at=row.refresh_expires_at,
    )


def store(session: Session, shop_id: int, pair: TokenPair, *, now: datetime) -> Installation:
    """Put `pair` in the place of whatever the shop had. Flushes; the caller commits."""
    row = session.get(Installation, shop_id)
    if row is None:
        row = Installation(shop_id=shop_id)
        session.add(row)
    row.access_token = crypto.encrypt(pair.access_token)
    row.access_expires_at = _after(now, pair.expires_in_s)
    row.refresh_token = crypto.encrypt(pair.refresh_token) if pair.refresh_token else None
    row.refresh_expires_at = _after(now, pair.refresh_expires_in_s)
    row.scopes = pair.scopes
    row.updated_at = now
    session.flush()
    return row


def store_granted(session: Session, shop_id: int, pair: TokenPair, *, now: datetime) -> None:
    """As `store`, for a pair that a merchant's visit brought: a lost shop is healed by it."""
    row = store(session, shop_id, pair, now=now)
    # Shopify's own clock: it is compared with when Shopify says that the app was uninstalled.
    row.granted_at = pair.granted_at or now
    row.scopes_updated_at = None
    if row.lost_at is not None and (row.healed_at is None or row.healed_at < row.lost_at):
        row.healed_at = now
    session.flush()


def mark_lost(session: Session, shop_id: int, *, now: datetime) -> None:
    """Note when the shop's last token died, unless it is known to be dead already."""
    row = session.get(Installation, shop_id)
    if row is not None and (row.lost_at is None or (row.healed_at and row.lost_at < row.healed_at)):
        row.lost_at = now


def forget(session: Session, shop_id: int, *, now: datetime) -> None:
    """Drop the shop's tokens: they are dead, and what is not stored cannot leak."""
    row = session.get(Installation, shop_id)
    if row is not None:
        row.access_token = row.refresh_token = None
        row.access_expires_at = row.refresh_expires_at = None
        row.updated_at = now


def _after(now: datetime, seconds: int | None) -> datetime | None:
    return None if seconds is None else now + timedelta(seconds=seconds)
