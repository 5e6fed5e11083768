"""The addresses that Amazon itself serves: SES's API, and SNS's certificate and confirmation."""

import contextlib
import json
import socket
import time

from flask import Blueprint, Response, request
from flask.typing import ResponseReturnValue

from sandbox.mail import sigv4
from sandbox.mail.context import world
from sandbox.mail.faults import MailFault
from sandbox.mail.refusals import Refused
from sandbox.mail.sigv4 import BadSignature

amazon = Blueprint("amazon", __name__)

_SHOWN = 500


@amazon.before_request
def _come_in() -> ResponseReturnValue | None:
    """SES's own door: a signature first, then whatever is set to go wrong before the work."""
    if not request.path.startswith("/v2/"):
        return None
    try:
        sigv4.check(request, world().credentials)
    except BadSignature as error:
        return _refusal(error.code, str(error), 403)
    if request.method == "GET":
        # What is set to go wrong is meant for emails, not for a look at the account.
        return None
    if fault := world().faults.take("slow"):
        time.sleep(fault.seconds)
    if world().faults.take("drop"):
        return _hang_up()
    if fault := world().faults.take("status"):
        return _failure(fault)
    return None


@amazon.after_request
def _note(response: Response) -> Response:
    if request.path.startswith("/v2/"):
        requests = world().requests
        code = response.headers.get("x-amzn-ErrorType", "")
        requests.append(
            {
                "at": time.strftime("%H:%M:%S"),
                "request": f"{request.method} {request.path}",
                "status": response.status_code,
                "code": code,
            }
        )
        del requests[:-_SHOWN]
    return response


@amazon.post("/v2/email/outbound-emails")
def send_email() -> ResponseReturnValue:
    """SendEmail."""
    try:
        email = world().ses.send(request.get_data())
    except Refused as error:
        return _refusal(error.code, str(error), error.status)
    world().deliver_soon(email)
    if world().faults.take("cut"):
        return _hang_up()
    return {"MessageId": email.id}


@amazon.get("/v2/email/account")
def get_account() -> ResponseReturnValue:
    """GetAccount."""
    account = world().ses.account()
    if account is None:
        return _refusal("AccessDeniedException", "not authorized to perform ses:GetAccount", 403)
    return account


@amazon.get("/v2/email/identities/<identity>")
def get_email_identity(identity: str) -> ResponseReturnValue:
    """GetEmailIdentity."""
    found = world().ses.identity(identity)
    if found is None:
        return _refusal("NotFoundException", f"Email identity <{identity}> does not exist.", 404)
    return found


@amazon.delete("/v2/email/suppression/addresses/<address>")
def delete_suppressed(address: str) -> ResponseReturnValue:
    """DeleteSuppressedDestination."""
    if world().store.unsuppress(address):
        return {}
    return _refusal(
        "NotFoundException",
        f"Email address {address} does not exist on your suppression list.",
        404,
    )


@amazon.route("/v2/<path:_unknown>", methods=["GET", "POST", "PUT", "DELETE"])
def unknown(_unknown: str) -> ResponseReturnValue:
    """Every other call of SES is not modelled here."""
    return _refusal("UnknownOperationException", "not modelled by this stand-in", 404)


@amazon.get("/sns/cert.pem")
def certificate() -> ResponseReturnValue:
    """The certificate that SNS signs with."""
    return Response(world().certificate, mimetype="application/x-pem-file")


@amazon.get("/sns/moved.pem")
def moved_certificate() -> ResponseReturnValue:
    """A redirect, for clients that must not follow one."""
    return Response(status=302, headers={"Location": "/sns/cert.pem"})


@amazon.get("/")
def confirm_subscription() -> ResponseReturnValue:
    """ConfirmSubscription, the one call of SNS's query API that is here."""
    wants = (request.args.get("Action"), request.args.get("TopicArn"))
    sns = world().sns
    if wants != ("ConfirmSubscription", sns.topic_arn):
        return Response("<ErrorResponse/>", 400, mimetype="text/xml")
    if not sns.confirm(request.args.get("Token", "")):
        return Response("<ErrorResponse/>", 400, mimetype="text/xml")
    return Response("<ConfirmSubscriptionResponse/>", mimetype="text/xml")


def _refusal(code: str, message: str, status: int) -> Response:
    headers = {"x-amzn-ErrorType": code, "x-amzn-RequestId": "00000000-sandbox"}
    return Response(json.dumps({"message": message}), status, headers, mimetype="application/json")


def _failure(fault: MailFault) -> Response:
    """SES's own words with a `code`; without one, those of a proxy in front of it."""
    if fault.code:
        return _refusal(fault.code, "set to go wrong", fault.status)
    return Response("<html>Bad Gateway</html>", fault.status, mimetype="text/html")


def _hang_up() -> Response:
    """Close the connection without an answer."""
    line: socket.socket = request.environ["werkzeug.socket"]
    with contextlib.suppress(OSError):
        line.shutdown(socket.SHUT_RDWR)
    return Response(status=500)
