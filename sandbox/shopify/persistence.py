"""Keeps the stores and tokens from one start to the next, so that an app's tokens stay good.

Written when the stand-in ends; read only by a start with the same shops and sizes.
"""

from __future__ import annotations

import os
import pickle
from pathlib import Path
from typing import Any

from .clock import utc_now
from .settings import Settings
from .world import World

FILE = "world.pickle"


def save(world: World) -> None:
    """Write the world beside its bulk files; a reader never sees half of it."""
    target = world.settings.state / FILE
    fresh = target.with_suffix(".new")
    with world.lock:
        kept = (_signature(world.settings), world.shops, world.tokens.dump())
        fresh.write_bytes(pickle.dumps(kept))
    fresh.replace(target)


def restore(world: World) -> bool:
    """Take up the kept world if it is this one; False when there is none."""
    path = world.settings.state / FILE
    # The file is code to whoever loads it: it must be our own.
    if not path.is_file() or path.stat().st_uid != os.getuid():
        return False
    kept = _read(path)
    if kept is None or kept[0] != _signature(world.settings):
        return False
    _, world.shops, tokens = kept
    world.tokens.load(tokens)
    _end_interrupted(world)
    return True


def _end_interrupted(world: World) -> None:
    """Bulk operations that ran when the process ended failed; codes stay as far as they got."""
    for shop in world.shops.values():
        for operation in shop.all("BulkOperation"):
            if operation.status in ("CREATED", "RUNNING", "CANCELING"):
                operation.status, operation.error_code = "FAILED", "INTERNAL_SERVER_ERROR"
                operation.completed_at = utc_now()
        for unfinished in (*shop.all("DiscountRedeemCodeBulkCreation"), *shop.all("Job")):
            unfinished.done = True


def _read(path: Path) -> Any:
    """The kept triple; None for one that an older stand-in wrote."""
    try:
        return pickle.loads(path.read_bytes())
    except (pickle.UnpicklingError, EOFError, AttributeError, ImportError, TypeError):
        return None


def _signature(settings: Settings) -> tuple[Any, ...]:
    """What must be the same for a kept world to be taken up."""
    size = (settings.customers, settings.orders, settings.seed)
    return (settings.shops, *size, settings.client_id)
