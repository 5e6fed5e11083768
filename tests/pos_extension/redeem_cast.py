"""Alice before a till of Aurora with points and a card: what she shows, and what the books say."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

from werkzeug.test import TestResponse

from loyalty.base.clock import utc_now
from loyalty.base.db import shop_transaction
from loyalty.till.codes import show_code
from loyalty.till.limits import set_limit
from loyalty.till.managers import set_pin
from tests.platform.redeeming_cast import STAFF, Redeemer
from tests.pos_extension.cast import Till, public_id
from wallet import setup
from wallet.tokens import get_token, raise_epoch


@dataclass
class Customer:
    """A member with points who stands at the till; the shop sells in US dollars."""

    till: Till
    alice: Redeemer

    @property
    def id(self) -> str:
        """On the wire."""
        return public_id(self.till, self.alice.member_id)

    @property
    def token(self) -> str:
        """What the card's newest barcode says."""
        with shop_transaction(self.till.shop_id) as session:
            now = utc_now()
            return get_token(session, self.till.shop_id, self.alice.member_id, now=now).token

    def age_card(self) -> str:
        """Make the card's code an old one; the old one."""
        old = self.token
        with shop_transaction(self.till.shop_id) as session:
            raise_epoch(session, self.till.shop_id, self.alice.member_id, now=utc_now())
        return old

    def shown_code(self) -> str:
        """The six digits that her page shows now."""
        with shop_transaction(self.till.shop_id) as session:
            secret = setup.current().link_secret
            shown = show_code(
                session, self.till.shop_id, self.alice.member_id, secret=secret, now=utc_now()
            )
        return shown.code

    def redeem(self, reward_id: UUID, till: Till | None = None, **said: Any) -> TestResponse:
        """Ask for the reward; with nothing said, with the card's newest code."""
        proof = {"shown_code", "manager_pin", "scanned"} & said.keys()
        body = {"reward_id": str(reward_id), "client_key": str(uuid4())} | said
        if not proof:
            body["scanned"] = self.token
        body = {name: value for name, value in body.items() if value is not None}
        return (till or self.till).post(f"members/{self.id}/redemptions", **body)

    def offers(self, **cart: str) -> dict[str, Any]:
        """What the till is told that she can have."""
        query = "&".join(f"{name}={value}" for name, value in cart.items())
        answer = self.till.get(f"members/{self.id}/rewards?{query}")
        assert answer.status_code == 200, answer.get_json()
        found: dict[str, Any] = answer.get_json()
        return found


def appoint(till: Till, name: str, pin: str) -> UUID:
    """Make somebody a manager of the till's shop."""
    with shop_transaction(till.shop_id) as session:
        secret = setup.current().link_secret
        row = set_pin(session, till.shop_id, name, pin, secret=secret, actor=STAFF, now=utc_now())
        return row.id


def limit(till: Till, redeem_per_day: int | None, **whose: int) -> None:
    """Let users redeem so many points a day without a manager."""
    with shop_transaction(till.shop_id) as session:
        set_limit(
            session,
            till.shop_id,
            grant_per_day=None,
            redeem_per_day=redeem_per_day,
            actor=STAFF,
            now=utc_now(),
            **whose,
        )


def error_of(answer: Any) -> str:
    """The code of a refusal."""
    code: str = answer.get_json()["error"]["code"]
    return code
