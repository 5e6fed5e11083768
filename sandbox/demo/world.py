"""What the demo consists of: addresses, secrets made at this start, and the programs it runs."""

import base64
import os
import secrets
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, fields
from pathlib import Path

from sandbox.demo.processes import Supervisor
from sandbox.demo.waiting import wait_for_http
from sandbox.servers import postgres, valkey
from sandbox.servers.launching import free_port

ROOT = Path(__file__).parents[2]
SHOPS = ("aurora.myshopify.com", "borealis.myshopify.com")
QUEUES = ("inbox", "relay", "wallet", "google", "mail", "backfill", "redemptions")
EXTENSION = ROOT / "pos_extension" / "ui" / "dist"
PASS_TYPE_ID, TEAM_ID = "pass.com.example.encore", "ENCORE1234"
GOOGLE_ISSUER_ID = "3388000000022195801"
MAIL_FROM, AWS_REGION = "cards@encore.example", "us-east-1"


@dataclass(frozen=True)
class Ports:
    """Where each program listens on 127.0.0.1."""

    app: int
    shopify: int
    apns: int
    phone: int
    till: int
    google: int
    mail: int


@dataclass(frozen=True)
class Secrets:
    """Made anew at each start; none is ever stored in the project."""

    client_id: str
    client_secret: str
    encryption_key: str
    link_secret: str
    metrics_token: str
    aws_key_id: str
    aws_secret: str


@dataclass(frozen=True)
class Servers:
    """The databases: PostgreSQL for its owner and for the app, and Valkey."""

    owner_url: str
    app_url: str
    redis_url: str


@dataclass(frozen=True)
class World:
    """A running demo."""

    state: Path
    ports: Ports
    secrets: Secrets
    servers: Servers
    processes: Supervisor
    environment: dict[str, str]

    @property
    def app_url(self) -> str:
        """Our app: another site than the admin that frames it, as in life."""
        return f"http://localhost:{self.ports.app}"

    @property
    def shopify_url(self) -> str:
        """The Shopify stand-in."""
        return f"http://127.0.0.1:{self.ports.shopify}"

    @property
    def phone_url(self) -> str:
        """The iPhone stand-in."""
        return f"http://127.0.0.1:{self.ports.phone}"

    @property
    def till_url(self) -> str:
        """The till stand-in; each shop has its own address on it."""
        return f"http://127.0.0.1:{self.ports.till}"

    def till_page(self, domain: str = SHOPS[0]) -> str:
        """The till of a shop, with its owner logged in."""
        return f"{self.till_url}/?shop={domain}"

    @property
    def google_url(self) -> str:
        """The Google Wallet stand-in."""
        return f"http://127.0.0.1:{self.ports.google}"

    @property
    def mail_url(self) -> str:
        """The stand-in for Amazon's SES and SNS; everybody's mailbox is at /inbox."""
        return f"http://127.0.0.1:{self.ports.mail}"

    def admin_url(self, domain: str = SHOPS[0]) -> str:
        """The page of Shopify admin that frames our app."""
        return f"{self.shopify_url}/store/{domain.split('.')[0]}/apps/encore"


@contextmanager
def running_world(
    state: Path, *, customers: int = 500, orders: int = 2000, fault_points: Path | None = None
) -> Iterator[World]:
    """Start everything below `state`, and leave nothing behind at the end."""
    (state / "logs").mkdir(parents=True, exist_ok=True)
    supervisor = Supervisor(state / "logs")
    with _running_servers(state) as servers:
        try:
            world = _make_world(state, servers, supervisor, fault_points)
            _start_stand_ins(world, customers, orders)
            _start_app(world)
            supervisor.watch()
            yield world
        finally:
            supervisor.stop()


@contextmanager
def _running_servers(state: Path) -> Iterator[Servers]:
    """The servers that the environment names; an embedded one for each that it does not."""
    with ExitStack() as stack:
        owner_url, app_url = (os.environ.get(n) for n in ("DATABASE_OWNER_URL", "DATABASE_URL"))
        if not (owner_url and app_url):
            database = postgres.start(state / "postgres")
            stack.callback(database.remove)
            owner_url, app_url = database.owner_url, database.app_url
        redis_url = os.environ.get("REDIS_URL")
        if not redis_url:
            redis = valkey.start_valkey(state / "valkey")
            stack.callback(redis.stop)
            redis_url = redis.url
        yield Servers(owner_url, app_url, redis_url)


def _make_world(
    state: Path, servers: Servers, supervisor: Supervisor, fault_points: Path | None
) -> World:
    ports = Ports(*(free_port() for _ in fields(Ports)))
    made = Secrets(
        client_id=secrets.token_hex(16),
        client_secret=secrets.token_hex(32),
        encryption_key=base64.urlsafe_b64encode(secrets.token_bytes(32)).decode(),
        link_secret=secrets.token_hex(32),
        metrics_token=secrets.token_hex(16),
        aws_key_id=f"AKIA{secrets.token_hex(8).upper()}",
        aws_secret=secrets.token_hex(20),
    )
    environment = _environment(state, ports, made, servers)
    metrics = state / "metrics"  # where web and workers add up their counters
    metrics.mkdir(parents=True, exist_ok=True)
    environment["PROMETHEUS_MULTIPROC_DIR"] = str(metrics)
    if fault_points is not None:
        environment["ENCORE_FAULT_POINTS"] = str(fault_points)
    return World(state, ports, made, servers, supervisor, environment)


def _environment(state: Path, ports: Ports, made: Secrets, servers: Servers) -> dict[str, str]:
    """What the app reads, on top of this process's environment."""
    apple = state / "apple"
    shopify = f"http://127.0.0.1:{ports.shopify}"
    google = f"http://127.0.0.1:{ports.google}"
    inherited = {k: v for k, v in os.environ.items() if k not in ("READY_FILE", "PORT")}
    # Somebody's real account must not come into it.
    inherited = {k: v for k, v in inherited.items() if not k.startswith("AWS_")}
    return inherited | {
        "SANDBOX": "true",
        "APP_URL": f"http://localhost:{ports.app}",
        "DATABASE_URL": servers.app_url,
        "DATABASE_OWNER_URL": servers.owner_url,
        "REDIS_URL": servers.redis_url,
        "SHOPIFY_API_KEY": made.client_id,
        "SHOPIFY_API_SECRET": made.client_secret,
        "SHOPIFY_URL_TEMPLATE": f"{shopify}/shops/{{shop}}",
        "APP_BRIDGE_URL": f"{shopify}/app-bridge.js",
        "ADMIN_ORIGINS": shopify,
        "TILL_ORIGINS": f"http://127.0.0.1:{ports.till}",
        "ENCRYPTION_KEYS": made.encryption_key,
        "LINK_SECRET": made.link_secret,
        "METRICS_TOKEN": made.metrics_token,
        "APNS_URL": f"https://localhost:{ports.apns}",
        "APNS_CA_FILE": str(apple / "apns-ca.pem"),
        "APPLE_PASS_TYPE_ID": PASS_TYPE_ID,
        "APPLE_TEAM_ID": TEAM_ID,
        "APPLE_CERT_FILE": str(apple / "pass.pem"),
        "APPLE_KEY_FILE": str(apple / "pass.key"),
        "APPLE_WWDR_FILE": str(apple / "wwdr.pem"),
        "GOOGLE_ISSUER_ID": GOOGLE_ISSUER_ID,
        "GOOGLE_SERVICE_ACCOUNT_FILE": str(state / "google" / "service-account.json"),
        "GOOGLE_WALLET_URL": google,
        "GOOGLE_SAVE_URL": f"{google}/gp/v/save",
        "GOOGLE_KEYS_URL": f"{google}/gp/m/issuer/keys",
        "PYTHONPATH": str(ROOT),
        **_mail_environment(ports, made),
    }


def _mail_environment(ports: Ports, made: Secrets) -> dict[str, str]:
    """What the app and boto3 read of email."""
    return {
        "MAIL_FROM": MAIL_FROM,
        "SES_REGION": AWS_REGION,
        "SES_URL": f"http://127.0.0.1:{ports.mail}",
        "SES_CONFIGURATION_SET": "encore",
        "SNS_TOPIC_ARNS": f"arn:aws:sns:{AWS_REGION}:123456789012:encore-mail",
        "SNS_URL": f"http://127.0.0.1:{ports.mail}",
        "AWS_ACCESS_KEY_ID": made.aws_key_id,
        "AWS_SECRET_ACCESS_KEY": made.aws_secret,
    }


def _start_stand_ins(world: World, customers: int, orders: int) -> None:
    python, ports, made = sys.executable, world.ports, world.secrets
    shopify = [python, "-m", "sandbox.shopify", "--port", str(ports.shopify)]
    shopify += ["--state", str(world.state / "shopify"), "--app-url", world.app_url]
    shopify += ["--client-id", made.client_id, "--client-secret", made.client_secret]
    shopify += ["--toml", str(ROOT / "shopify.app.toml")]
    shopify += ["--customers", str(customers), "--orders", str(orders)]
    apple = [python, "-m", "sandbox.apple", "--state", str(world.state / "apple")]
    apple += ["--apns-port", str(ports.apns), "--phone-port", str(ports.phone)]
    apple += ["--pass-type-id", PASS_TYPE_ID, "--team-id", TEAM_ID]
    if not (EXTENSION / "manifest.json").exists():
        raise RuntimeError("the till's extension is not built yet: run `make bundle`")
    till = [python, "-m", "sandbox.till", "--port", str(ports.till), "--bundle", str(EXTENSION)]
    till += ["--shopify-url", world.shopify_url, "--app-url", world.app_url]
    google = [python, "-m", "sandbox.google", "--port", str(ports.google)]
    google += ["--state", str(world.state / "google"), "--app-url", world.app_url]
    google += ["--issuer-id", GOOGLE_ISSUER_ID]
    mail = [python, "-m", "sandbox.mail", "--port", str(ports.mail), "--region", AWS_REGION]
    mail += ["--state", str(world.state / "mail"), "--app-url", world.app_url]
    mail += ["--sender", MAIL_FROM, "--configuration-set", "encore"]
    mail += ["--access-key-id", made.aws_key_id, "--secret-access-key", made.aws_secret]
    environment = dict(os.environ) | {"PYTHONPATH": str(ROOT)}
    for domain in SHOPS:
        shopify += ["--shop", domain]
    world.processes.add("shopify", shopify, environment)
    world.processes.add("apple", apple, environment)
    world.processes.add("google", google, environment)
    world.processes.add("mail", mail, environment)
    world.processes.add("till", till, environment)
    wait_for_http(f"{world.shopify_url}/_control/health")
    wait_for_http(f"{world.phone_url}/_control/state")
    wait_for_http(f"{world.google_url}/_control/health")
    wait_for_http(f"{world.mail_url}/_control/health")
    wait_for_http(f"{world.till_url}/_control/health")


def _start_app(world: World) -> None:
    """Migrate, then web, a worker per queue and the clock."""
    app = [sys.executable, str(ROOT / "app.py")]
    subprocess.run([*app, "migrate"], env=world.environment, check=True)
    web = [*app, "web", "--host", "127.0.0.1", "--port", str(world.ports.app)]
    world.processes.add("web", web, world.environment)
    for queue in QUEUES:
        world.processes.add(f"worker-{queue}", [*app, "worker", queue], world.environment)
    world.processes.add("clock", [*app, "clock"], world.environment)
    wait_for_http(f"http://127.0.0.1:{world.ports.app}/readyz")
