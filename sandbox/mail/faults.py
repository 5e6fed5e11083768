"""What can go wrong at SES on demand."""

from dataclasses import dataclass

from sandbox.faults import Fault, FaultList

# status: answer `status`, with SES's `code` if there is one     slow: answer after `seconds`
# drop: close the connection, the email is not taken             cut: take it, then close
# down: nobody listens on the port for `seconds`
KINDS = ("status", "slow", "drop", "cut", "down")


@dataclass
class MailFault(Fault):
    """A fault of SES."""

    status: int = 429
    code: str | None = "TooManyRequestsException"
    seconds: float = 1.0


class MailFaults(FaultList[MailFault]):
    """The faults of SES."""

    def __init__(self) -> None:
        super().__init__(MailFault, kinds=KINDS)
