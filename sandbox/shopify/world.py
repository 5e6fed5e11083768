"""The whole stand-in's state: shops, tokens, faults, what was received and what is sent.

Whoever reads or changes a shop holds `lock`.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

from .admin_api.cost import Bucket
from .clock import utc_now
from .faults import Faults
from .journal import Journal
from .settings import Settings
from .store.seed import seed_shop
from .store.shop import Shop
from .tokens import TokenDesk
from .uploads import Uploads
from .webhooks.emitter import Emitter
from .webhooks.sender import Sender

if TYPE_CHECKING:
    from .bulk import BulkRunner
    from .store.discounts import BulkOperation


class World:
    """One running stand-in."""

    bulk: BulkRunner
    run_bulk_mutation: Callable[[Shop, str, str], BulkOperation]

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.lock = threading.RLock()
        self.faults = Faults()
        self.journal = Journal()
        self.tokens = TokenDesk(settings)
        self.sender = Sender(settings, self.faults)
        self.emitter = Emitter(settings, self.sender)
        self.uploads = Uploads(settings.state / "uploads", settings.client_secret)
        self.buckets = {domain: Bucket() for domain in settings.shops}
        self.shops: dict[str, Shop] = {}

    def seed(self) -> None:
        """Make the shops, all with the same size, from the seed."""
        now = utc_now()
        for number, domain in enumerate(self.settings.shops, start=1):
            self.shops[domain] = seed_shop(
                domain,
                number,
                customers=self.settings.customers,
                orders=self.settings.orders,
                seed=self.settings.seed,
                now=now,
            )

    def install(self, shop: Shop) -> None:
        """The merchant has the app; optional scopes come later, unless settings grant them."""
        if not shop.is_installed:
            shop.is_installed = True
            shop.granted_scopes = [*self.settings.scopes, *self.settings.granted]
