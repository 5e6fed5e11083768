"""A scan at the till, from the request to the member's answer, over HTTP on this machine.

Each scan is a write of its own: session token checked, member found, timeline and audit written and
committed to disk. The phone line to a real till comes on top.
"""

import tempfile
import time
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from threading import Thread
from uuid import uuid4

import jwt
import requests

from bench.figures import Figure, median, percentile
from bench.webhook_acceptance import SHOP, Serving, serve
from loyalty.base import db
from loyalty.base.clock import utc_now
from loyalty.members.enrolment import record_customer
from loyalty.orders.recording import record_order
from loyalty.shops import directory
from tests.factories.facts import a_customer, an_order
from wallet.tokens import get_token

MEMBERS, ORDERS_EACH, SCANS, TILLS = 300, 5, 300, 4


@dataclass(frozen=True)
class Till:
    """A till that scans, one card after another."""

    serving: Serving
    codes: list[str]

    def scan_all(self, seconds: list[float]) -> None:
        """Scan every code; append how long each answer took."""
        session = requests.Session()
        for code in self.codes:
            body = {"code": code, "location_id": 1, "client_key": str(uuid4())}
            headers = {"Authorization": f"Bearer {_token(self.serving)}"}
            began = time.perf_counter()
            answer = session.post(
                f"http://127.0.0.1:{self.serving.port}/pos/v1/scans", json=body, headers=headers
            )
            seconds.append(time.perf_counter() - began)
            assert answer.status_code == 200, answer.text


def run() -> list[Figure]:
    """One till alone, then several at once."""
    with tempfile.TemporaryDirectory(dir="/var/tmp") as folder, serve(Path(folder)) as serving:
        codes = _enrol(serving)
        _measure(serving, codes[:20], tills=1)
        alone = _measure(serving, codes[:SCANS], tills=1)
        crowded = _measure(serving, codes[:SCANS], tills=TILLS)
    about = f"{MEMBERS} members with {ORDERS_EACH} orders each; a till should wait under 100 ms"
    return [
        Figure("one till, median", _ms(median(alone)), about),
        Figure("one till, 99 of 100", _ms(percentile(alone, 0.99)), "the same scans"),
        Figure(
            f"{TILLS} tills at once, median", _ms(median(crowded)), "each scans without a pause"
        ),
        Figure(f"{TILLS} tills at once, 99 of 100", _ms(percentile(crowded, 0.99)), "the same"),
    ]


def _measure(serving: Serving, codes: list[str], *, tills: int) -> list[float]:
    seconds: list[float] = []
    shares = [codes[n::tills] for n in range(tills)]
    threads = [Thread(target=Till(serving, share).scan_all, args=[seconds]) for share in shares]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(seconds) == len(codes)
    return seconds


def _enrol(serving: Serving) -> list[str]:
    """Members with some orders behind them; the codes of their cards."""
    engine, now = db.configure(serving.server.app_url), utc_now()
    with db.shopless_transaction() as session:
        shop_id = directory.register_shop_id(session, SHOP)
    codes = []
    for number in range(MEMBERS):
        with db.shop_transaction(shop_id) as session:
            shop = directory.get_shop(session, shop_id)
            facts = a_customer(number + 1, email=f"member{number}@example.com")
            customer = record_customer(session, shop, facts, now=now, is_backfill=True)
            for order in range(ORDERS_EACH):
                at = now + timedelta(seconds=order)
                times = {"created_at": at, "processed_at": at, "updated_at": at}
                order_id = number * ORDERS_EACH + order + 1
                order_facts = an_order(
                    order_id, customer_id=number + 1, currency=shop.currency, **times
                )
                record_order(session, shop, order_facts, now=at, is_backfill=True)
            assert customer.member_id is not None
            codes.append(get_token(session, shop_id, customer.member_id, now=now).token)
    engine.dispose()
    return codes


def _token(serving: Serving) -> str:
    now = int(time.time())
    claims = {
        "iss": f"https://{SHOP}/admin",
        "dest": f"https://{SHOP}",
        "aud": "bench",
        "sub": "7",
        "exp": now + 60,
        "nbf": now,
    }
    return jwt.encode(claims, serving.secret, "HS256")


def _ms(seconds: float) -> str:
    return f"{seconds * 1000:.1f} ms"
