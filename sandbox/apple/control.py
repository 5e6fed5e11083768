"""The stand-in's own controls, for tests, demos and benchmarks; Apple has nothing like them.

Invariant: a control changes what the stand-in does from the next request on, never the past.
"""

from flask import Blueprint
from flask.typing import ResponseReturnValue

from sandbox.apple.pages import asked, world
from sandbox.faults import BadFault

control = Blueprint("control", __name__, url_prefix="/_control")


@control.get("/state")
def show_state() -> ResponseReturnValue:
    """Counts, files, limits, faults, and whether every phone is idle."""
    return world().state()


@control.get("/faults")
def list_faults() -> ResponseReturnValue:
    """Every fault with its `hits`."""
    return {"faults": world().faults.as_json()}


@control.post("/faults")
def set_fault() -> ResponseReturnValue:
    """Set a fault: {"kind", "times" (null: until cleared), "status", "reason", "seconds", "token"}.

    `refuse` closes APNs' port until the faults are cleared; it takes no `times`. Of
    `wrong_certificate`, `times` counts the TLS handshakes.
    """
    try:
        fault = world().faults.add(asked())
    except (BadFault, TypeError) as error:
        return {"error": str(error)}, 422
    world().server.follow_faults(fault)
    return {"id": fault.id, "kind": fault.kind}, 201


@control.delete("/faults")
def clear_faults() -> ResponseReturnValue:
    """Clear every fault."""
    world().faults.clear()
    world().server.follow_faults()
    return {"faults": []}


@control.post("/tokens")
def issue_tokens() -> ResponseReturnValue:
    """Give out {"count"} push tokens with nobody behind them: a benchmark's devices."""
    count = int(asked().get("count", 1))
    return {"tokens": [world().tokens.issue() for _ in range(count)]}, 201


@control.put("/limits")
def set_limits() -> ResponseReturnValue:
    """Set how many pushes one token takes: {"pushes_max", "window_s"}; over it APNs says 429."""
    tokens, content = world().tokens, asked()
    tokens.pushes_max = int(content.get("pushes_max", tokens.pushes_max))
    tokens.window_s = float(content.get("window_s", tokens.window_s))
    return {"pushes_max": tokens.pushes_max, "window_s": tokens.window_s}
