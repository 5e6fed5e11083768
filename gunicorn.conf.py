"""How gunicorn serves the app: two processes of eight threads, and no access log of its own.

gunicorn's log would hold query strings, and those hold session tokens; ours does not.
"""

from prometheus_client import multiprocess

wsgi_app = "app:create_app()"
worker_class = "gthread"
workers = 2
threads = 8
timeout = 60
graceful_timeout = 20
keepalive = 15
accesslog = None
# A home that cannot be written is no obstacle: we have no use for its socket.
control_socket_disable = True
# A session token in the address makes it long.
limit_request_line = 8190


def child_exit(server: object, worker: object) -> None:
    """Stop counting the gauges of a process that ended."""
    multiprocess.mark_process_dead(worker.pid)  # type: ignore[attr-defined]
