"""`python -m sandbox.shopify --port … --state … --client-id … --client-secret … --app-url …`."""

from __future__ import annotations

from .server import serve
from .settings import parse_arguments


def main() -> None:
    """Serve until told to stop."""
    settings = parse_arguments()
    settings.state.mkdir(parents=True, exist_ok=True)
    serve(settings)


if __name__ == "__main__":
    main()
