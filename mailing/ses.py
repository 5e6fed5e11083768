"""Amazon SES, version 2 of its API: one call, one answer, and nothing tried twice behind our back.

SES has no idempotency, so what matters of a failure is whether it may have taken the email.
"""

import threading
from dataclasses import dataclass, field
from typing import Any

from botocore import exceptions as aws
from botocore.config import Config

from loyalty.base.said import said
from mailing import setup
from mailing.errors import EmailError

# Together less than a delivery's lease: nobody else sends while we still wait.
CONNECT_TIMEOUT_S, READ_TIMEOUT_S = 5, 20

MESSAGE_TAG, SHOP_TAG = "encore-message", "encore-shop"
MESSAGE_HEADER = "X-Encore-Message"
"""`<shop>/<message>`, for feedback of an identity, which carries the headers but no tags."""

# SES answered that it did not take the email, and that it may at another time.
# https://docs.aws.amazon.com/ses/latest/APIReference-V2/API_SendEmail.html (read 2026-11-22)
_LATER = frozenset(
    {
        "TooManyRequestsException",
        "ThrottlingException",
        "Throttling",
        "LimitExceededException",
        "SendingPausedException",
        "AccountSuspendedException",
        "InternalFailure",
        "InternalServerError",
        "InternalServiceErrorException",
        "ServiceUnavailable",
        "ServiceUnavailableException",
        # Our own credentials: an operator mends them, and no email is to blame.
        "AccessDeniedException",
        "ExpiredTokenException",
        "IncompleteSignature",
        "InvalidClientTokenId",
        "InvalidSignatureException",
        "MissingAuthenticationTokenException",
        "OptInRequired",
        "RequestExpired",
        "SignatureDoesNotMatch",
        "UnrecognizedClientException",
    }
)
_NEVER_LEFT = (
    aws.EndpointConnectionError,
    aws.ConnectTimeoutError,
    aws.ProxyConnectionError,
    aws.NoCredentialsError,
    aws.PartialCredentialsError,
    aws.NoRegionError,
)

_lock = threading.Lock()
_clients: dict[tuple[str, str | None], Any] = {}


@dataclass(frozen=True, slots=True)
class Outgoing:
    """An email ready to go. `tags` come back with every event that SES reports of it."""

    sender: str
    to: str
    subject: str
    html: str
    text: str
    headers: dict[str, str] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)
    reply_to: str | None = None


def send(mail: Outgoing) -> str:
    """Hand `mail` to SES and return SES's id of it. Raises EmailError."""
    try:
        answer = client().send_email(**_request(mail))
    except Exception as error:
        raise explain(error) from error
    return str(answer["MessageId"])


def delete_suppressed(address: str) -> None:
    """Take `address` off the account's own suppression list, if it is there. Raises EmailError."""
    try:
        client().delete_suppressed_destination(EmailAddress=address)
    except aws.ClientError as error:
        if error.response["Error"]["Code"] != "NotFoundException":
            raise explain(error) from error
    except Exception as error:
        raise explain(error) from error


def client() -> Any:
    """The client of this process for SES, made once."""
    # Slow to import, and of our processes only those that send need it.
    import boto3

    settings = setup.current()
    key = (settings.region, settings.ses_url)
    with _lock:
        if key not in _clients:
            options = Config(
                connect_timeout=CONNECT_TIMEOUT_S,
                read_timeout=READ_TIMEOUT_S,
                retries={"total_max_attempts": 1},
            )
            _clients[key] = boto3.session.Session().client(
                "sesv2", region_name=key[0], endpoint_url=key[1], config=options
            )
        return _clients[key]


def _request(mail: Outgoing) -> dict[str, Any]:
    request: dict[str, Any] = {
        "FromEmailAddress": mail.sender,
        "Destination": {"ToAddresses": [mail.to]},
        "Content": {
            "Simple": {
                "Subject": _text(mail.subject),
                "Body": {"Html": _text(mail.html), "Text": _text(mail.text)},
                "Headers": [{"Name": n, "Value": v} for n, v in mail.headers.items()],
            }
        },
        "EmailTags": [{"Name": name, "Value": value} for name, value in mail.tags.items()],
    }
    if mail.reply_to:
        request["ReplyToAddresses"] = [mail.reply_to]
    if configuration_set := setup.current().configuration_set:
        request["ConfigurationSetName"] = configuration_set
    return request


def _text(data: str) -> dict[str, str]:
    return {"Data": data, "Charset": "UTF-8"}


def explain(error: Exception) -> EmailError:
    """What `error` means for the email, in words that name nobody."""
    if isinstance(error, aws.ClientError):
        return _refusal(error)
    name = type(error).__name__
    if isinstance(error, _NEVER_LEFT) or _is_certificate_error(error):
        return EmailError(said("SES cannot be reached (%(why)s)", why=name), retryable=True)
    if isinstance(error, aws.ParamValidationError):
        return EmailError(said("SES has no such request (ParamValidationError)"))
    return EmailError(
        said("SES gave no answer (%(why)s)", why=name), retryable=True, is_in_doubt=True
    )


def _refusal(error: aws.ClientError) -> EmailError:
    code = str(error.response["Error"]["Code"])
    status = int(error.response["ResponseMetadata"]["HTTPStatusCode"])
    if code in _LATER or status == 429:
        return EmailError(said("SES does not take emails now (%(why)s)", why=code), retryable=True)
    if status >= 500:
        # Not SES's own words but those of something in between, which may have passed it on.
        return EmailError(
            said("SES gave no answer (%(why)s)", why=status), retryable=True, is_in_doubt=True
        )
    return EmailError(said("SES refused the email (%(why)s)", why=code))


def _is_certificate_error(error: Exception) -> bool:
    """A handshake that failed has carried no email yet; a connection that broke later may have."""
    return isinstance(error, aws.SSLError) and "CERTIFICATE_VERIFY_FAILED" in str(error)
