"""The stand-in takes what SES takes, and refuses what SES refuses, in SES's words."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
import requests
from botocore.config import Config
from botocore.exceptions import ClientError, ConnectionClosedError, EndpointConnectionError

from tests.mailing.stand_in import (
    ACCESS_KEY_ID,
    CONFIGURATION_SET,
    SECRET_ACCESS_KEY,
    SENDER,
    Amazon,
    amazon_running,
)

NOBODY = "http://127.0.0.1:9"


@pytest.fixture(scope="module")
def _amazon(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Amazon]:
    with amazon_running(tmp_path_factory.mktemp("ses"), NOBODY, "--rate-max", "500") as amazon:
        yield amazon


@pytest.fixture
def amazon(_amazon: Amazon) -> Iterator[Amazon]:
    """The stand-in; faults end with the test."""
    yield _amazon
    _amazon.clear()


def client(amazon: Amazon, **changes: str) -> Any:
    """boto3's own client, as anybody makes one."""
    keys = {"aws_access_key_id": ACCESS_KEY_ID, "aws_secret_access_key": SECRET_ACCESS_KEY}
    return boto3.session.Session().client(
        "sesv2",
        region_name=changes.pop("region", "us-east-1"),
        endpoint_url=amazon.url,
        config=Config(retries={"total_max_attempts": 1}, read_timeout=10),
        **(keys | changes),
    )


@pytest.fixture
def ses(amazon: Amazon) -> Any:
    """A client with the right keys."""
    return client(amazon)


def request(**changes: Any) -> dict[str, Any]:
    """A SendEmail that SES takes, changed where the test says so."""
    message = {
        "Subject": {"Data": "Hello"},
        "Body": {"Html": {"Data": "<p>Hello</p>"}, "Text": {"Data": "Hello"}},
        "Headers": changes.pop("headers", []),
    }
    return {
        "FromEmailAddress": f"Aurora <{SENDER}>",
        "Destination": {"ToAddresses": ["alice@example.com"]},
        "Content": {"Simple": message},
        "ConfigurationSetName": CONFIGURATION_SET,
    } | changes


def header(name: str, value: str) -> dict[str, str]:
    """One custom header."""
    return {"Name": name, "Value": value}


def test_an_email_is_taken_and_can_be_read(amazon: Amazon, ses: Any) -> None:
    sent = ses.send_email(
        **request(
            headers=[header("List-Unsubscribe", "<https://e.example/u>")],
            EmailTags=[{"Name": "encore-shop", "Value": "1"}],
        )
    )

    email = amazon.emails()[-1]
    assert email["id"] == sent["MessageId"]
    assert (email["subject"], email["html"], email["text"]) == ("Hello", "<p>Hello</p>", "Hello")
    assert email["tags"] == {"encore-shop": "1"}
    inbox = requests.get(f"{amazon.url}/inbox?to=alice@example.com", timeout=5).text
    assert f"/inbox/{email['id']}" in inbox
    page = requests.get(f"{amazon.url}/inbox/{email['id']}", timeout=5).text
    assert "List-Unsubscribe" in page
    html = requests.get(f"{amazon.url}/inbox/{email['id']}/html", timeout=5)
    assert html.text == "<p>Hello</p>"
    assert "default-src 'none'" in html.headers["Content-Security-Policy"]


def test_a_raw_email_is_taken_too(amazon: Amazon, ses: Any) -> None:
    raw = f"From: {SENDER}\r\nTo: bob@example.com\r\nSubject: Raw\r\n\r\nHello Bob\r\n"

    ses.send_email(Content={"Raw": {"Data": raw.encode()}})

    email = amazon.emails()[-1]
    assert (email["to"], email["subject"]) == (["bob@example.com"], "Raw")
    assert "Hello Bob" in email["text"]


REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"FromEmailAddress": "stranger@elsewhere.example"}, "MessageRejected"),
    ({"ConfigurationSetName": "unknown"}, "NotFoundException"),
    ({"Destination": {"ToAddresses": ["nowhere"]}}, "BadRequestException"),
    ({"Destination": {"ToAddresses": ["älice@example.com"]}}, "BadRequestException"),
    (
        {"Destination": {"ToAddresses": [f"a{n}@x.example" for n in range(51)]}},
        "BadRequestException",
    ),
    ({"Destination": {}}, "BadRequestException"),
    ({"EmailTags": [{"Name": "a b", "Value": "c"}]}, "BadRequestException"),
    ({"EmailTags": [{"Name": "a", "Value": "é"}]}, "BadRequestException"),
    ({"headers": [header("Bad Name", "x")]}, "BadRequestException"),
    ({"headers": [header("Bad:Name", "x")]}, "BadRequestException"),
    ({"headers": [header("X-Value", "x\r\nBcc: eve@example.com")]}, "BadRequestException"),
    ({"headers": [header("X-Value", "é")]}, "BadRequestException"),
    ({"headers": [header("X-Value", "x" * 996)]}, "BadRequestException"),
    ({"headers": [header("Subject", "x")]}, "BadRequestException"),
    ({"headers": [header("List-Unsubscribe", "<a>")] * 2}, "BadRequestException"),
    ({"Content": {"Template": {"TemplateName": "none"}}}, "NotFoundException"),
]


@pytest.mark.parametrize(("changes", "code"), REFUSED)
def test_what_ses_refuses_is_refused(
    amazon: Amazon, ses: Any, changes: dict[str, Any], code: str
) -> None:
    before = len(amazon.emails())

    with pytest.raises(ClientError) as refusal:
        ses.send_email(**request(**changes))

    assert refusal.value.response["Error"]["Code"] == code
    assert len(amazon.emails()) == before


BAD_KEYS = [
    ({"aws_access_key_id": "AKIASTRANGER"}, "UnrecognizedClientException"),
    ({"aws_secret_access_key": "guessed"}, "InvalidSignatureException"),
    ({"region": "eu-west-1"}, "InvalidSignatureException"),
]


@pytest.mark.parametrize(("changes", "code"), BAD_KEYS)
def test_a_call_that_is_not_signed_by_the_account_is_refused(
    amazon: Amazon, changes: dict[str, str], code: str
) -> None:
    with pytest.raises(ClientError) as refusal:
        client(amazon, **changes).send_email(**request())

    assert refusal.value.response["Error"]["Code"] == code


def test_a_call_without_a_signature_is_refused(amazon: Amazon) -> None:
    answer = requests.post(f"{amazon.url}/v2/email/outbound-emails", json=request(), timeout=5)

    assert answer.status_code == 403
    assert answer.headers["x-amzn-ErrorType"] == "MissingAuthenticationTokenException"


def test_a_suppressed_address_is_taken_but_not_delivered(amazon: Amazon, ses: Any) -> None:
    first = ses.send_email(**request())["MessageId"]
    amazon.post("bounce", message_id=first, type="Permanent")

    second = ses.send_email(**request())["MessageId"]

    assert amazon.get("suppressed")["suppressed"] == {"alice@example.com": "BOUNCE"}
    by_id = {email["id"]: email for email in amazon.emails()}
    assert not by_id[second]["is_delivered"]
    assert f"/inbox/{second}" not in requests.get(f"{amazon.url}/inbox", timeout=5).text
    ses.delete_suppressed_destination(EmailAddress="Alice@example.com")
    with pytest.raises(ClientError, match="NotFoundException"):
        ses.delete_suppressed_destination(EmailAddress="alice@example.com")


def test_errors_slowness_and_cuts_happen_on_demand(amazon: Amazon, ses: Any) -> None:
    before = len(amazon.emails())
    amazon.post("faults", kind="status", status=429, code="TooManyRequestsException")
    with pytest.raises(ClientError, match="TooManyRequests"):
        ses.send_email(**request())
    amazon.post("faults", kind="drop")
    with pytest.raises(ConnectionClosedError):
        ses.send_email(**request())
    assert len(amazon.emails()) == before

    amazon.post("faults", kind="cut")
    with pytest.raises(ConnectionClosedError):
        ses.send_email(**request())
    assert len(amazon.emails()) == before + 1

    amazon.post("faults", kind="slow", seconds=0.5)
    began = time.monotonic()
    ses.send_email(**request())
    assert time.monotonic() - began >= 0.5
    assert [fault["hits"] for fault in amazon.get("faults")["faults"]] == [1, 1, 1, 1]


def test_it_can_be_gone_for_a_while(amazon: Amazon, ses: Any) -> None:
    amazon.post("faults", kind="down", seconds=1.5)
    time.sleep(0.8)

    with pytest.raises((EndpointConnectionError, ConnectionClosedError)):
        ses.send_email(**request())

    amazon.wait()
    assert ses.send_email(**request())["MessageId"]


@pytest.mark.parametrize(
    ("path", "content"),
    [
        ("faults", {"kind": "earthquake"}),
        ("faults", {"kind": "slow", "colour": "red"}),
        ("bounce", {"message_id": "unknown"}),
        ("bounce", {"type": "Hard"}),
        ("notify", {"text": "x", "mutation": "odd"}),
    ],
)
def test_a_control_that_is_not_known_is_refused(
    amazon: Amazon, path: str, content: dict[str, str]
) -> None:
    answer = requests.post(f"{amazon.url}/_control/{path}", json=content, timeout=5)

    assert answer.status_code == 422


def test_it_sends_no_faster_than_its_rate(tmp_path: Path) -> None:
    with amazon_running(tmp_path, NOBODY, "--rate-max", "2") as slow:
        ses = client(slow)
        codes = []
        for _ in range(5):
            try:
                ses.send_email(**request())
            except ClientError as error:
                codes.append(error.response["Error"]["Code"])

    assert "TooManyRequestsException" in codes


def test_what_was_taken_survives_a_kill(tmp_path: Path) -> None:
    with amazon_running(tmp_path, NOBODY) as first:
        sent = client(first).send_email(**request())["MessageId"]
        amazon_key = requests.get(f"{first.url}/sns/cert.pem", timeout=5).content

    with amazon_running(tmp_path, NOBODY) as second:
        assert [email["id"] for email in second.emails()] == [sent]
        assert requests.get(f"{second.url}/sns/cert.pem", timeout=5).content == amazon_key
