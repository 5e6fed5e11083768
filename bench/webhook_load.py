"""Posts one signed webhook body over and over; prints how many were answered 200.

argv: port, shop domain, signature, connections, seconds; the body comes on standard input.
"""

import socket
import sys
import threading
import time
import uuid


def main() -> None:
    """Run, and print the count."""
    port, shop, signature, connections, seconds = sys.argv[1:]
    body = sys.stdin.buffer.read()
    counts = [0] * int(connections)
    until = time.monotonic() + int(seconds)
    threads = [
        threading.Thread(target=_post, args=(counts, n, int(port), shop, signature, body, until))
        for n in range(len(counts))
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    print(sum(counts))


def _post(
    counts: list[int], mine: int, port: int, shop: str, signature: str, body: bytes, until: float
) -> None:
    head = (
        "POST /webhooks HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\nX-Shopify-Topic: orders/paid\r\n"
        f"X-Shopify-Hmac-Sha256: {signature}\r\nX-Shopify-Shop-Domain: {shop}\r\n"
        "X-Shopify-API-Version: 2026-07\r\nX-Shopify-Webhook-Id: "
    ).encode()
    with socket.create_connection(("127.0.0.1", port)) as connection:
        while time.monotonic() < until:
            connection.sendall(head + str(uuid.uuid4()).encode() + b"\r\n\r\n" + body)
            answer = b""
            while b"\r\n\r\n" not in answer:
                answer += connection.recv(4096)
            assert answer.startswith(b"HTTP/1.1 200"), answer[:80]
            counts[mine] += 1


if __name__ == "__main__":
    main()
