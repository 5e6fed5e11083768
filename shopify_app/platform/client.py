"""Admin GraphQL for a shop of ours, its token renewed when it must be. Not in a transaction."""

from typing import Any

from shopify_app.platform import graphql_calls, installations
from shopify_app.platform.errors import NeedsReauth


def execute(
    shop_id: int, name: str, variables: dict[str, Any] | None = None, **patience: Any
) -> dict[str, Any]:
    """The `data` of graphql/<name>.graphql run on the shop.

    `patience` is `attempts_max`, `answer_s`, `room_s` of graphql_calls.call. Raises NeedsReauth,
    UserErrors or another ShopifyError; `.retryable` says whether to try again.
    """
    credentials = installations.credentials(shop_id)

    def call() -> dict[str, Any]:
        domain, token = credentials.domain, credentials.access_token
        return graphql_calls.call(domain, token, name, variables, **patience)

    try:
        return call()
    except graphql_calls.Unauthorised:
        credentials = installations.replace_rejected(shop_id, credentials)
    try:
        return call()
    except graphql_calls.Unauthorised as error:
        raise NeedsReauth("Shopify refuses a token that it has just given") from error
