"""What Amazon says of our account: how fast and how much it may send, and who the sender is.

https://docs.aws.amazon.com/ses/latest/APIReference-V2/API_GetAccount.html (read 2026-11-22)
"""

from dataclasses import dataclass
from email.utils import parseaddr
from typing import Any

from botocore import exceptions as aws

from loyalty.base.said import said
from mailing import setup
from mailing.errors import EmailError
from mailing.ses import client, explain

_UNLIMITED = -1  # SES's word for no quota


@dataclass(frozen=True, slots=True)
class Account:
    """`quota_24h` is None for no limit. `is_test`: SES still keeps the account in its sandbox,
    where only confirmed addresses are written to. `is_enabled`: False while SES has paused it.
    """

    rate_per_s: int
    quota_24h: int | None
    sent_24h: int
    is_test: bool
    is_enabled: bool


@dataclass(frozen=True, slots=True)
class Sender:
    """The identity that we send as. `identity` is the address, or its domain.

    `verification` and `dkim` are SES's words: SUCCESS, PENDING, FAILED, TEMPORARY_FAILURE,
    NOT_STARTED; MISSING where SES knows neither the address nor its domain.
    """

    address: str
    identity: str
    verification: str
    dkim: str
    is_verified: bool


def read_account() -> Account:
    """The account's limits as SES has them now. Raises EmailError."""
    answer = _call("get_account")
    quota = answer.get("SendQuota", {})
    allowed = int(quota.get("Max24HourSend", 0))
    return Account(
        # Less than one in a second is one all the same: SES has no slower account.
        rate_per_s=max(1, int(quota.get("MaxSendRate", 0))),
        quota_24h=None if allowed == _UNLIMITED else allowed,
        sent_24h=int(quota.get("SentLast24Hours", 0)),
        is_test=not answer.get("ProductionAccessEnabled", False),
        is_enabled=bool(answer.get("SendingEnabled", False)),
    )


def read_sender() -> Sender:
    """How SES knows our sender: its own identity counts, else its domain's. Raises EmailError."""
    address = parseaddr(setup.current().sender)[1]
    for identity in (address, address.rpartition("@")[2]):
        try:
            answer = _call("get_email_identity", EmailIdentity=identity)
        except UnknownIdentity:
            continue
        return Sender(
            address=address,
            identity=identity,
            verification=str(answer.get("VerificationStatus", "NOT_STARTED")),
            dkim=str(answer.get("DkimAttributes", {}).get("Status", "NOT_STARTED")),
            is_verified=bool(answer.get("VerifiedForSendingStatus", False)),
        )
    return Sender(address, address, "MISSING", "NOT_STARTED", is_verified=False)


class UnknownIdentity(EmailError):
    """SES has no such identity."""


def _call(operation: str, **arguments: Any) -> dict[str, Any]:
    try:
        answer: dict[str, Any] = getattr(client(), operation)(**arguments)
    except aws.ClientError as error:
        if error.response["Error"]["Code"] == "NotFoundException":
            raise UnknownIdentity(said("SES has no such identity")) from error
        raise explain(error) from error
    except Exception as error:
        raise explain(error) from error
    return answer
