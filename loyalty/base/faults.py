"""Named points where a proof may kill the process; each costs nothing until `arm` was called.

Only the composition root arms them, and only in the sandbox.
"""

import json
import os
import signal
from pathlib import Path

_folder: Path | None = None
_passes: dict[str, int] = {}


def arm(folder: Path) -> None:
    """Let a file in `folder` named like a point kill whoever reaches that point.

    The file holds how many passes of one process to let by first; empty means none.
    """
    global _folder
    folder.mkdir(parents=True, exist_ok=True)
    _folder = folder


def point(name: str, **work: object) -> None:
    """Die here of SIGKILL if a proof asks for it, leaving `name` and `work` in `<name>.hit`."""
    if _folder is not None:
        _die_if_asked(_folder, name, work)


def _die_if_asked(folder: Path, name: str, work: dict[str, object]) -> None:
    try:
        passes_left = int((folder / name).read_text() or 0)
    except FileNotFoundError:
        return
    _passes[name] = _passes.get(name, 0) + 1
    if _passes[name] <= passes_left:
        return
    try:
        # One rename wins: of several processes at the point, only one dies.
        (folder / name).rename(folder / f"{name}.taken")
    except FileNotFoundError:
        return
    _write_whole(folder / f"{name}.hit", {"point": name, "pid": os.getpid(), "work": work})
    os.kill(os.getpid(), signal.SIGKILL)


def _write_whole(path: Path, content: dict[str, object]) -> None:
    partial = path.with_suffix(".partial")
    partial.write_text(json.dumps(content, default=str))
    partial.rename(path)
