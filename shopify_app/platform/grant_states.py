"""The state of an authorization-code grant: sealed for one shop and ten minutes, good once.

No cookie binds it to a browser: a grant begins no session of ours. See docs/decisions.
"""

import hashlib
import json
import secrets
from datetime import UTC, datetime, timedelta

from cryptography.fernet import InvalidToken
from sqlalchemy import delete
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from shopify_app.platform import crypto
from shopify_app.platform.errors import BadCallback
from shopify_app.platform.tables import UsedState

LIFETIME = timedelta(minutes=10)
_PURPOSE = "grant"


def issue(domain: str, *, now: datetime) -> str:
    """A state for a grant of the shop that begins now."""
    expires_at = now + LIFETIME
    sealed = {
        "for": _PURPOSE,
        "shop": domain,
        "nonce": secrets.token_hex(16),
        "until": int(expires_at.timestamp()),
    }
    return crypto.encrypt(json.dumps(sealed)).decode()


def check(state: str, domain: str, *, now: datetime) -> datetime:
    """When the state ends; BadCallback unless we issued it for this shop and it still holds."""
    try:
        sealed = json.loads(crypto.decrypt(state.encode()))
    except (InvalidToken, ValueError):
        raise BadCallback("the state is not ours") from None
    if not isinstance(sealed, dict) or sealed.get("for") != _PURPOSE:
        raise BadCallback("the state is not ours")
    if sealed["shop"] != domain:
        raise BadCallback("the state was given to another shop")
    expires_at = datetime.fromtimestamp(sealed["until"], UTC)
    if now >= expires_at:
        raise BadCallback("the state has expired")
    return expires_at


def use(session: Session, state: str, *, expires_at: datetime, now: datetime) -> None:
    """Note that the state came back; BadCallback when it had before. The caller commits."""
    session.execute(delete(UsedState).where(UsedState.expires_at < now))
    digest = hashlib.sha256(state.encode()).digest()
    used = insert(UsedState).values(state_hash=digest, expires_at=expires_at)
    fresh = session.execute(used.on_conflict_do_nothing().returning(UsedState.state_hash)).first()
    if fresh is None:
        raise BadCallback("the state was used before")
