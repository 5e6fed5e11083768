"""What can go wrong at Google on demand, and where."""

from dataclasses import dataclass

from sandbox.faults import Fault, FaultList

# down: hang up before anything happens   cut: do it, then hang up without an answer
# status: answer `status` instead         slow: wait `seconds`, then go on
# repeat: send a callback twice           hold: keep callbacks until the fault is cleared
KINDS = ("down", "cut", "status", "slow", "repeat", "hold")
SURFACES = ("api", "token", "keys", "save", "callbacks")


@dataclass
class GoogleFault(Fault):
    """A fault of Google, on one surface alone if it names one."""

    surface: str | None = None
    status: int = 503
    seconds: float = 1.0


class GoogleFaults(FaultList[GoogleFault]):
    """The faults of Google."""

    def __init__(self) -> None:
        super().__init__(GoogleFault, kinds=KINDS, surfaces=SURFACES)
