"""Order webhooks answered 200 (stored) per second, as a share of pgbench's plain inserts.

pgbench comes with the embedded PostgreSQL and inserts the same body, one row and one commit at a
time, from as many connections. Ours adds HTTP, the signature, the tenant and the unique key. The
load generator runs on the same machine and takes its own part of the processors.
"""

import base64
import hashlib
import hmac
import json
import os
import re
import secrets
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg

from bench.figures import Figure, median
from loyalty.base import db
from loyalty.base.clock import utc_now
from loyalty.shops.directory import install, register_shop_id
from sandbox.demo.waiting import wait_for_http
from sandbox.servers import postgres, valkey
from sandbox.servers.launching import ServerUser, free_port
from sandbox.servers.postgres import Postgres, programs
from tests.factories.payloads import Line, order

ROOT = Path(__file__).parents[1]
SHOP = "aurora.myshopify.com"
ROUNDS, SECONDS, CONNECTIONS = 3, 6, (8, 32)


@dataclass(frozen=True)
class Serving:
    """Our web processes, on a database of their own."""

    server: Postgres
    port: int
    secret: str


def run() -> list[Figure]:
    """Both in turns, within the same minute, for few connections and for many."""
    body = json.dumps(order([Line(title=f"Soap number {n}") for n in range(3)])).encode()
    with tempfile.TemporaryDirectory(dir="/var/tmp") as folder, serve(Path(folder)) as serving:
        script = _pgbench_script(Path(folder), serving.server, body)
        rates = {number: _rates(serving, body, script, number) for number in CONNECTIONS}
        answered = round(sum(sum(ours) for ours, _ in rates.values()) * SECONDS)
        stored = _stored(serving.server)
    assert stored >= 0.99 * answered, f"{answered} answered 200, {stored} stored"
    return [figure for number in CONNECTIONS for figure in _figures(number, *rates[number], body)]


def _rates(
    serving: Serving, body: bytes, script: Path, connections: int
) -> tuple[list[float], list[float]]:
    ours, theirs = [], []
    for _ in range(ROUNDS):
        theirs.append(_pgbench_inserts_per_second(serving.server, script, connections))
        ours.append(_accepted_per_second(serving, body, connections))
    return ours, theirs


def _figures(connections: int, ours: list[float], theirs: list[float], body: bytes) -> list[Figure]:
    over = f"{connections} connections"
    size = f"{len(body) / 1024:.1f} KB, every row committed to disk"
    aim = "a plain insert per request behind gunicorn gave 0.20; we aim at 0.30"
    return [
        Figure(
            f"{over}: webhooks stored and answered 200 per second", f"{median(ours):,.0f}", size
        ),
        Figure(f"{over}: pgbench's inserts per second", f"{median(theirs):,.0f}", "the same body"),
        Figure(f"{over}: share", f"{median(ours) / median(theirs):.2f}", aim),
    ]


@contextmanager
def serve(folder: Path) -> Iterator[Serving]:
    """The web app as granian serves it, with one installed shop."""
    folder.chmod(0o711)
    with ExitStack() as stack:
        server = postgres.start(folder / "postgres")
        stack.callback(server.remove)
        bell = valkey.start_valkey(folder / "valkey")
        stack.callback(bell.stop)
        port, secret = free_port(), secrets.token_hex(32)
        variables = environment(server, bell.url, port, secret)
        app = [sys.executable, str(ROOT / "app.py")]
        subprocess.run([*app, "migrate"], env=variables, check=True, stdout=subprocess.DEVNULL)
        _install_shop(server)
        log = stack.enter_context((folder / "web.log").open("wb"))
        web = subprocess.Popen(
            [*app, "web", "--host", "127.0.0.1", "--port", str(port)],
            env=variables,
            stdout=log,
            stderr=log,
        )
        stack.callback(web.wait, 30)
        stack.callback(web.terminate)
        wait_for_http(f"http://127.0.0.1:{port}/readyz")
        yield Serving(server, port, secret)


def environment(server: Postgres, redis_url: str, port: int, secret: str) -> Mapping[str, str]:
    """What our processes need to know."""
    return dict(os.environ) | {
        "SANDBOX": "true",
        "APP_URL": f"http://localhost:{port}",
        "DATABASE_URL": server.app_url,
        "DATABASE_OWNER_URL": server.owner_url,
        "REDIS_URL": redis_url,
        "SHOPIFY_API_KEY": "bench",
        "SHOPIFY_API_SECRET": secret,
        "ENCRYPTION_KEYS": base64.urlsafe_b64encode(secrets.token_bytes(32)).decode(),
        "LINK_SECRET": secrets.token_hex(32),
        "PYTHONPATH": str(ROOT),
    }


def _install_shop(server: Postgres) -> None:
    engine = db.configure(server.app_url)
    with db.shopless_transaction() as session:
        shop_id = register_shop_id(session, SHOP)
    with db.shop_transaction(shop_id) as session:
        install(
            session,
            shop_id,
            domain=SHOP,
            name="Aurora",
            currency="USD",
            timezone="Europe/Berlin",
            email=None,
            now=utc_now(),
        )
    engine.dispose()


def _accepted_per_second(serving: Serving, body: bytes, connections: int) -> float:
    """What a load generator in a process of its own counts."""
    signature = base64.b64encode(hmac.digest(serving.secret.encode(), body, hashlib.sha256))
    done = subprocess.run(
        [
            *(sys.executable, "-m", "bench.webhook_load", str(serving.port), SHOP),
            *(signature.decode(), str(connections), str(SECONDS)),
        ],
        input=body,
        capture_output=True,
        check=True,
        cwd=ROOT,
    )
    return int(done.stdout) / SECONDS


def _pgbench_script(folder: Path, server: Postgres, body: bytes) -> Path:
    with psycopg.connect(server.url(role="postgres")) as connection:
        connection.execute(
            "CREATE TABLE plain (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, body bytea)"
        )
    script = folder / "insert.sql"
    script.write_text(f"INSERT INTO plain (body) VALUES ('\\x{body.hex()}');\n")
    script.chmod(0o644)
    return script


def _pgbench_inserts_per_second(server: Postgres, script: Path, connections: int) -> float:
    user = ServerUser()
    done = user.run(
        [
            *(programs(user) / "pgbench", "-n", "-M", "prepared", "-f", script),
            *("-c", str(connections), "-j", "2", "-T", str(SECONDS)),
            server.url(role="postgres"),
        ]
    )
    found = re.search(r"tps = ([\d.]+)", done.stdout)
    assert found, done.stdout
    time.sleep(1)
    return float(found[1])


def _stored(server: Postgres) -> int:
    with psycopg.connect(server.url(role="postgres")) as connection:
        found = connection.execute("SELECT count(*) FROM inbox_row").fetchone()
    assert found
    return int(found[0])
