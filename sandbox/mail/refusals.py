"""What SES refuses of a SendEmail, and in which words: by AWS's own model of the call and more.

https://docs.aws.amazon.com/ses/latest/APIReference-V2/API_SendEmail.html
"""

import re
from email.utils import getaddresses
from functools import lru_cache
from typing import Any

from botocore.loaders import Loader
from botocore.model import ServiceModel
from botocore.validate import ParamValidator

HEADER_NAME = re.compile(r"[!-9;-@A-~]{1,126}")
HEADER_VALUE = re.compile(r"[ -~]{1,995}")
TAG = re.compile(r"[A-Za-z0-9_.@-]{1,256}")
_ADDRESS = re.compile(r"[!-?A-~]{1,64}@([A-Za-z0-9-]{1,63}\.)+[A-Za-z0-9-]{2,63}")
_RECIPIENTS_MAX = 50
_BYTES_MAX = 40 * 1024 * 1024
# Headers that SES writes itself: with Simple content nobody else may.
_RESERVED = frozenset(
    {"bcc", "cc", "content-disposition", "content-type", "date", "from", "message-id"}
    | {"mime-version", "reply-to", "return-path", "subject", "to"}
)
_ONCE = frozenset({"list-unsubscribe", "list-unsubscribe-post", "list-id", "precedence"})


class Refused(Exception):
    """SES does not take this; `code` is its name for why."""

    def __init__(self, code: str, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.code, self.status = code, status


def check_request(request: Any, size: int) -> None:
    """Raise Refused unless the call is one that AWS's model of the API knows."""
    if not isinstance(request, dict):
        raise Refused("SerializationException", "Start of structure found where not expected.")
    if size > _BYTES_MAX:
        raise Refused("BadRequestException", "The message is too long.")
    report = ParamValidator().validate(request, _send_email().input_shape)
    if report.has_errors():
        raise Refused("BadRequestException", report.generate_report())
    contents = [name for name in ("Simple", "Raw", "Template") if request["Content"].get(name)]
    if len(contents) != 1:
        raise Refused("BadRequestException", "Exactly one kind of content must be given.")
    if contents == ["Template"]:
        raise Refused("NotFoundException", "Template does not exist.", 404)
    _check_addresses(request)
    _check_tags(request.get("EmailTags", []))
    if contents == ["Simple"]:
        _check_simple(request)


@lru_cache(maxsize=1)
def _send_email() -> Any:
    model = ServiceModel(Loader().load_service_model("sesv2", "service-2"), "sesv2")
    return model.operation_model("SendEmail")


def _check_addresses(request: dict[str, Any]) -> None:
    destination = request.get("Destination", {})
    everyone = [address for addresses in destination.values() for address in addresses]
    if not everyone and "Simple" in request["Content"]:
        raise Refused("BadRequestException", "Destination is required.")
    if len(everyone) > _RECIPIENTS_MAX:
        raise Refused("BadRequestException", "Recipient count exceeds 50.")
    senders = [request[name] for name in ("FromEmailAddress",) if name in request]
    for text in [*everyone, *senders, *request.get("ReplyToAddresses", [])]:
        if not text.isascii():
            raise Refused("BadRequestException", "Local address contains control or whitespace")
        if not all(_ADDRESS.fullmatch(address) for _, address in getaddresses([text])):
            raise Refused("BadRequestException", "Missing final '@domain'")


def _check_tags(tags: list[dict[str, str]]) -> None:
    for tag in tags:
        for text in (tag["Name"], tag["Value"]):
            if not TAG.fullmatch(text):
                raise Refused("BadRequestException", f"Invalid tag: {text!r}")
    names = [tag["Name"] for tag in tags]
    if len(names) != len(set(names)) or any(name.startswith("ses:") for name in names):
        raise Refused("BadRequestException", "Tag names must be unique and not reserved")


def _check_simple(request: dict[str, Any]) -> None:
    message = request["Content"]["Simple"]
    if "FromEmailAddress" not in request:
        raise Refused("BadRequestException", "FromEmailAddress is required.")
    if not message["Body"].get("Html") and not message["Body"].get("Text"):
        raise Refused("BadRequestException", "Body must have Html or Text.")
    if "\n" in message["Subject"]["Data"] or "\r" in message["Subject"]["Data"]:
        raise Refused("BadRequestException", "Control character in the subject")
    seen: set[str] = set()
    for header in message.get("Headers", []):
        _check_header(header["Name"], header["Value"], seen)


def _check_header(name: str, value: str, seen: set[str]) -> None:
    if not HEADER_NAME.fullmatch(name) or name.lower() in _RESERVED:
        raise Refused("BadRequestException", f"Invalid header name: {name!r}")
    if not HEADER_VALUE.fullmatch(value) or len(name) + len(value) > 996:
        raise Refused("BadRequestException", f"Invalid value of header {name}")
    if name.lower() in _ONCE and name.lower() in seen:
        raise Refused("BadRequestException", f"Duplicate header {name}")
    seen.add(name.lower())
