"""What a redemption at the till wants beyond points: a proof of the card, and the user's limit.

The invariant: it happens in the transaction that takes the points; what is refused undoes them.
"""

import re
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from loyalty import audit
from loyalty.base.errors import OverRedeemLimit, SecondProofNeeded, WrongProof
from loyalty.redemption.tables import Redemption
from loyalty.shops.tables import Shop
from loyalty.till.allowances import raise_used, read_used
from loyalty.till.codes import spend_code
from loyalty.till.grants import TillUser
from loyalty.till.limits import read_limits
from loyalty.till.managers import find_by_pin
from loyalty.till.tables import TillManager
from loyalty.till.tries import forget_tries, give_try_back
from pos_extension import refusals
from pos_extension.reading import Body, optional_text
from wallet import setup
from wallet.tokens import is_newest_token, raise_epoch

_SEPARATORS = re.compile(r"[\s-]+")
_CODE = re.compile(r"\d{6}", re.ASCII)
_PIN = re.compile(r"\d{6,8}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Proof:
    """`scanned` is what was read off the card; the two others were typed, and can be guessed."""

    scanned: str | None = None
    shown_code: str | None = None
    manager_pin: str | None = None

    @classmethod
    def of(cls, body: Body) -> "Proof":
        """What `body` shows; Refusal 422 for what can be no code or no PIN."""
        return cls(
            scanned=optional_text(body, "scanned"),
            shown_code=_digits(body, "shown_code", _CODE, "The code has 6 digits"),
            manager_pin=_digits(body, "manager_pin", _PIN, "A PIN has 6 to 8 digits"),
        )

    @property
    def is_typed(self) -> bool:
        """Whether it takes one of the user's tries."""
        return bool(self.shown_code or self.manager_pin)


def _digits(body: Body, field: str, pattern: re.Pattern[str], words: str) -> str | None:
    typed = optional_text(body, field)
    if typed is None:
        return None
    digits = _SEPARATORS.sub("", typed)
    if not pattern.fullmatch(digits):
        raise refusals.invalid(**{field: words})
    return digits


@dataclass(frozen=True, slots=True)
class Proving:
    """Let a new redemption be, or raise SecondProofNeeded, WrongProof or OverRedeemLimit.

    Each redemption raises the card's epoch: the code that was scanned for it is good for no other.
    """

    proof: Proof
    by: TillUser

    def __call__(self, session: Session, shop: Shop, redemption: Redemption, now: datetime) -> None:
        manager = self._find_manager(session, shop)
        proved_by = self._prove(session, shop, redemption, manager, now)
        if manager is not None:
            forget_tries(session, shop.shop_id, self.by.user_id)
        elif proved_by == "shown_code":
            give_try_back(session, shop.shop_id, self.by.user_id)
        self._keep_limit(session, shop, redemption.points, manager, now)
        raise_epoch(session, shop.shop_id, redemption.member_id, now=now)
        _audit(session, redemption, self.by, proved_by, manager, now)

    def _find_manager(self, session: Session, shop: Shop) -> TillManager | None:
        pin = self.proof.manager_pin
        if pin is None:
            return None
        manager = find_by_pin(session, shop.shop_id, pin, secret=setup.current().link_secret)
        if manager is None:
            raise WrongProof("manager_pin", "This is no manager's PIN")
        return manager

    def _prove(
        self,
        session: Session,
        shop: Shop,
        redemption: Redemption,
        manager: TillManager | None,
        now: datetime,
    ) -> str:
        shop_id, member_id = shop.shop_id, redemption.member_id
        scanned, shown = self.proof.scanned, self.proof.shown_code
        if scanned and is_newest_token(session, shop_id, member_id, scanned):
            return "newest_code"
        if shown is not None:
            secret = setup.current().link_secret
            if not spend_code(session, shop_id, member_id, shown, secret=secret, now=now):
                raise WrongProof("shown_code", "This code is not right, or its minute is over")
            return "shown_code"
        if manager is not None:
            return "manager_pin"
        raise SecondProofNeeded("not the newest code of the card")

    def _keep_limit(
        self, session: Session, shop: Shop, points: int, manager: TillManager | None, now: datetime
    ) -> None:
        """A manager's word lifts the user's limit; what they redeem so counts all the same."""
        user_id = self.by.user_id
        limit = read_limits(session, shop.shop_id, user_id, self.by.location_id).redeem
        lifted = None if manager is not None else limit
        if raise_used(session, shop, user_id, "redeemed", points, limit=lifted, now=now):
            return
        assert limit is not None
        used = read_used(session, shop, user_id, "redeemed", now=now)
        raise OverRedeemLimit(max(0, limit - used))


def _audit(
    session: Session,
    redemption: Redemption,
    by: TillUser,
    proved_by: str,
    manager: TillManager | None,
    now: datetime,
) -> None:
    audit.record(
        session,
        redemption.shop_id,
        by.actor,
        "reward_redeemed_at_till",
        ("member", str(redemption.member_id)),
        now=now,
        redemption=str(redemption.id),
        points=redemption.points,
        flags=redemption.flags,
        proved_by=proved_by,
        manager=None if manager is None else str(manager.id),
        location_id=by.location_id,
        pinned_staff_id_claimed=by.pinned_staff_id,
    )
