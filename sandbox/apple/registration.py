"""How a phone registers a pass with its web service, and takes that back.

Invariant: of registering and unregistering one pass, the newest wish is the one carried out.
"""

from typing import TYPE_CHECKING

from sandbox.apple.complaints import error_of
from sandbox.apple.errands import TryLater
from sandbox.apple.web_service import Address, Unreachable

if TYPE_CHECKING:
    from sandbox.apple.phone import Card, Phone


class Registration:
    """One phone's registrations."""

    def __init__(self, phone: "Phone") -> None:
        self._phone = phone

    def register(self, card: "Card") -> None:
        """Register in a while; `card.registration` tells how it went."""
        card.registration = "waiting"
        self._phone.do(self._key(card), lambda: self._register(card), lambda: _given_up(card))

    def unregister(self, card: "Card") -> None:
        """Unregister in a while."""
        self._phone.do(self._key(card), lambda: self._unregister(card))

    def _register(self, card: "Card") -> None:
        address = _address_of(card)
        try:
            reply = self._phone.web.register(address, self._phone.push_token)
        except Unreachable as error:
            raise TryLater from error
        if reply.status in (200, 201):
            card.registration = "registered"
            return
        self._phone.complaints.task_failed("Register", address, error_of(reply))
        if reply.status == 401:
            card.registration = "refused"
            return
        raise TryLater

    def _unregister(self, card: "Card") -> None:
        address = _address_of(card)
        try:
            reply = self._phone.web.unregister(address)
        except Unreachable as error:
            raise TryLater from error
        if reply.status != 200:
            self._phone.complaints.task_failed("Unregister", address, error_of(reply))
            if reply.status != 401:
                raise TryLater

    def _key(self, card: "Card") -> str:
        return f"registration {card.bundle.key}"


def _given_up(card: "Card") -> None:
    card.registration = "given_up"


def _address_of(card: "Card") -> Address:
    assert card.address is not None
    return card.address
