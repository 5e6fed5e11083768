"""Rings a queue's bell from a thread of its own: rings that come while it is ringing become one."""

import threading
import time

import structlog

from loyalty.base import bell

log = structlog.get_logger()

_PAUSE_S = 0.05
"""Between rings: under load the workers are awake already."""


class BellRinger:
    """Tells the workers of one queue; the caller never waits. A lost ring costs a sweep's delay."""

    def __init__(self, queue: bell.Queue) -> None:
        self._queue = queue
        self._shops: set[int] = set()
        self._changed = threading.Condition()
        threading.Thread(target=self._run, name=f"{queue}-ringer", daemon=True).start()

    def ring(self, shop_id: int) -> None:
        """Have the bell of `shop_id` rung soon."""
        with self._changed:
            self._shops.add(shop_id)
            self._changed.notify()

    def _run(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._shops)
                shops, self._shops = self._shops, set()
            for shop_id in shops:
                self._ring(shop_id)
            time.sleep(_PAUSE_S)

    def _ring(self, shop_id: int) -> None:
        try:
            bell.ring(self._queue, shop_id)
        except Exception as error:
            # The sweep finds the row; a bell must not end the thread that rings it.
            log.warning("bell_failed", queue=self._queue, error=type(error).__name__)
