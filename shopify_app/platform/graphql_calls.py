"""One call of Admin GraphQL: waits for the cost bucket, retries what is safe, types the rest.

A mutation whose answer was lost is never sent twice from here.
"""

import time
from functools import lru_cache
from pathlib import Path
from typing import Any

import requests
import structlog

from shopify_app.platform import cost_bucket
from shopify_app.platform.errors import LostAnswer, ShopifyError, UserErrors
from shopify_app.platform.settings import current, shop_url

log = structlog.get_logger()

ATTEMPTS_MAX = 5
_CONNECT_S, _ANSWER_S = 3, 20
_WAIT_MAX_S = 15.0
_FOLDER = Path(__file__).parent / "graphql"


class Unauthorised(ShopifyError):
    """Shopify does not take this access token."""


@lru_cache
def document(name: str) -> str:
    """The text of graphql/<name>.graphql."""
    return (_FOLDER / f"{name}.graphql").read_text()


def call(
    domain: str,
    access_token: str,
    name: str,
    variables: dict[str, Any] | None = None,
    *,
    attempts_max: int | None = None,
    answer_s: float = _ANSWER_S,
    room_s: float | None = None,
) -> dict[str, Any]:
    """The `data` of the document `name` run on a shop; each try waits `answer_s` for an answer.

    `room_s`: the longest to wait until the shop's bucket can pay for it, else it is not asked for.
    Raises Unauthorised on 401, UserErrors for a mutation's userErrors, LostAnswer when a mutation
    may have been done, else ShopifyError.
    """
    last = attempts_max or ATTEMPTS_MAX
    for attempt in range(1, last + 1):
        if room_s is not None and cost_bucket.seconds_until_room(domain, name) > room_s:
            raise ShopifyError(f"{name}: the shop's bucket is empty", retryable=True)
        cost_bucket.wait_for_room(domain, name)
        try:
            return _attempt(domain, access_token, name, variables or {}, answer_s)
        except _TryAgain as again:
            log.warning("graphql_retried", document=name, attempt=attempt, reason=again.reason)
            if attempt == last:
                raise ShopifyError(f"{name}: {again.reason}", retryable=True) from again
            time.sleep(min(_WAIT_MAX_S, again.after_s or 0.25 * 2**attempt))
    raise AssertionError("the loop returns or raises")


class _TryAgain(Exception):
    def __init__(self, reason: str, after_s: float | None = None) -> None:
        super().__init__(reason)
        self.reason, self.after_s = reason, after_s


def _attempt(
    domain: str, token: str, name: str, variables: dict[str, Any], answer_s: float
) -> dict[str, Any]:
    version = current().shopify_api_version
    try:
        response = requests.post(
            f"{shop_url(domain)}/admin/api/{version}/graphql.json",
            json={"query": document(name), "variables": variables},
            headers={"X-Shopify-Access-Token": token, "Accept": "application/json"},
            timeout=(_CONNECT_S, answer_s),
            allow_redirects=False,
        )
    except requests.RequestException as error:
        raise _lost(name, type(error).__name__) from None
    _check_status(name, response)
    try:
        answer = response.json()
    except requests.JSONDecodeError:
        raise _lost(name, "an answer that is no JSON") from None
    return _data(domain, name, answer)


def _lost(name: str, reason: str) -> Exception:
    """What to raise when we cannot know whether Shopify did it."""
    if _is_mutation(name):
        return LostAnswer(f"{name}: {reason}", retryable=True)
    return _TryAgain(reason)


def _is_mutation(name: str) -> bool:
    return document(name).lstrip().startswith("mutation")


def _check_status(name: str, response: requests.Response) -> None:
    status = response.status_code
    if status == 200:
        return
    if status == 401:
        raise Unauthorised(f"{name} answered 401")
    if status == 429:
        after = response.headers.get("Retry-After", "")
        raise _TryAgain("429", float(after) if after.replace(".", "", 1).isdigit() else None)
    if status >= 500:
        raise _lost(name, str(status))
    raise ShopifyError(f"{name} answered {status}")


def _data(domain: str, name: str, answer: Any) -> dict[str, Any]:
    if not isinstance(answer, dict):
        raise _lost(name, "an answer that is no object")
    cost_bucket.learn(domain, name, answer.get("extensions"))
    if errors := answer.get("errors"):
        if _is_mutation(name) and any((answer.get("data") or {}).values()):
            raise _lost(name, "an answer with errors beside what was done")
        raise _typed(domain, name, errors)
    data = answer.get("data")
    if not isinstance(data, dict):
        raise _lost(name, "an answer without data")
    for field in data.values():
        if isinstance(field, dict) and field.get("userErrors"):
            raise UserErrors(name, field["userErrors"])
    return data


def _typed(domain: str, name: str, errors: Any) -> Exception:
    codes = _codes(errors)
    if "THROTTLED" in codes:
        return _TryAgain("THROTTLED", cost_bucket.seconds_until_room(domain, name) or None)
    if "INTERNAL_SERVER_ERROR" in codes:
        return _lost(name, "INTERNAL_SERVER_ERROR")
    return ShopifyError(f"{name} answered {', '.join(sorted(codes)) or 'errors'}")


def _codes(errors: Any) -> set[str]:
    """The error codes; `errors` may be a list of objects or, at the edge of the API, a string."""
    if not isinstance(errors, list):
        return set()
    extensions = (error.get("extensions") for error in errors if isinstance(error, dict))
    return {str(e["code"]) for e in extensions if isinstance(e, dict) and e.get("code")}
