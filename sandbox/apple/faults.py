"""What can go wrong at APNs on demand."""

from dataclasses import dataclass

from sandbox.faults import Fault, FaultList

# status: answer `status` with `reason`      stall: answer after `seconds`, or never if null
# cut: GOAWAY, then close                    drop: close without a word
# refuse: nobody listens on the port         repeat: deliver the push to the phone twice
# wrong_certificate: hang up on everyone, and show new connections another authority's certificate
KINDS = ("status", "stall", "cut", "drop", "refuse", "repeat", "wrong_certificate")


@dataclass
class AppleFault(Fault):
    """A fault of APNs, of one push token alone if it names one."""

    status: int = 503
    reason: str = "ServiceUnavailable"
    seconds: float | None = None
    token: str | None = None


class AppleFaults(FaultList[AppleFault]):
    """The faults of APNs."""

    def __init__(self) -> None:
        super().__init__(AppleFault, kinds=KINDS)
