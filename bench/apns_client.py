"""One client of APNs in a process of its own: pushes to every token, prints what it took as JSON.

argv: ours | aioapns, the stand-in's folder of certificates, APNs' URL, the topic; the push tokens
come on standard input, one a line. Processor time counts from the first connection on.
"""

import asyncio
import json
import resource
import ssl
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from urllib.parse import urlsplit

WARM_UP, BATCH = 20, 1000
Send = Callable[[Sequence[str]], int]
"""Pushes to tokens; returns how many APNs accepted."""


def main() -> None:
    """Warm up, push, and print pushes accepted and seconds."""
    kind, folder, url, topic = sys.argv[1:]
    tokens = sys.stdin.read().split()
    send = {"ours": _ours, "aioapns": _aioapns}[kind](Path(folder), url, topic)
    assert send(tokens[:WARM_UP]) == WARM_UP, "the warm-up was refused"
    before, began = _processor_s(), time.perf_counter()
    accepted = sum(send(tokens[n : n + BATCH]) for n in range(0, len(tokens), BATCH))
    wall_s, processor_s = time.perf_counter() - began, _processor_s() - before
    print(json.dumps({"accepted": accepted, "processor_s": processor_s, "wall_s": wall_s}))


def _processor_s() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def _ours(folder: Path, url: str, topic: str) -> Send:
    from wallet.apple.apns import Pump
    from wallet.setup import AppleSettings

    settings = AppleSettings(
        pass_type_id=topic,
        team_id="ENCORE1234",
        cert_file=folder / "pass.pem",
        key_file=folder / "pass.key",
        wwdr_file=folder / "wwdr.pem",
        apns_url=url,
        apns_ca_file=folder / "apns-ca.pem",
    )
    pump = Pump(settings)

    def send(tokens: Sequence[str]) -> int:
        return sum(outcome.verdict == "ok" for outcome in pump.push(tokens).values())

    return send


def _aioapns(folder: Path, url: str, topic: str) -> Send:
    from aioapns import APNs, NotificationRequest, PushType

    both = folder / "client.pem"  # aioapns takes the certificate and its key from one file
    both.write_text((folder / "pass.pem").read_text() + (folder / "pass.key").read_text())
    both.chmod(0o600)
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    trust = ssl.create_default_context(cafile=str(folder / "apns-ca.pem"))
    trust.set_alpn_protocols(["h2"])
    client = APNs(client_cert=str(both), topic=topic, max_connections=1, ssl_context=trust)
    address = urlsplit(url)
    assert address.hostname and address.port
    client.pool.protocol_class.APNS_SERVER = address.hostname
    client.pool.protocol_class.APNS_PORT = address.port

    async def send_all(tokens: Sequence[str]) -> int:
        requests = [
            NotificationRequest(token, {}, priority=5, push_type=PushType.BACKGROUND)
            for token in tokens
        ]
        results = await asyncio.gather(*map(client.send_notification, requests))
        return sum(result.is_successful for result in results)

    return lambda tokens: loop.run_until_complete(send_all(tokens))


if __name__ == "__main__":
    main()
