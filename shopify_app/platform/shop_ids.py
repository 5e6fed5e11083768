"""Domain → shop id, remembered per process: a domain keeps its id while its shop is here."""

from loyalty.base.db import shopless_transaction
from loyalty.shops import directory

_known: dict[str, int] = {}


def find(domain: str) -> int | None:
    """The shop id of `domain`; a shop that we do not know is asked for every time."""
    known = _known.get(domain)
    if known is not None:
        return known
    with shopless_transaction() as session:
        shop_id = directory.find_shop_id(session, domain)
    if shop_id is not None:
        _known[domain] = shop_id
    return shop_id


def forget(domain: str) -> None:
    """Ask the directory next time: the shop may have been removed."""
    _known.pop(domain, None)
