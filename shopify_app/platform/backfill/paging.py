"""Connections of Admin GraphQL read page by page. Network, so never inside a transaction."""

from collections.abc import Iterator
from typing import Any

from shopify_app.platform import client
from shopify_app.platform.payloads.reading import object_at, objects_at

Node = dict[str, Any]


def pages(shop_id: int, name: str, field: str, variables: Node) -> Iterator[Node]:
    """The nodes of the connection `field` of the document `name`, to its end."""
    after: str | None = None
    while True:
        data = client.execute(shop_id, name, variables | {"after": after})
        connection = object_at(data, field)
        yield from objects_at(connection, "nodes")
        after = end_cursor(connection)
        if after is None:
            return


def whole(shop_id: int, name: str, field: str, inner: str, variables: Node) -> Node | None:
    """The object `field` with all nodes of its connection `inner`; None when Shopify has it not."""
    found: Any = client.execute(shop_id, name, variables).get(field)
    if found is None:
        return None
    nodes = list(objects_at(object_at(found, inner), "nodes"))
    after = end_cursor(object_at(found, inner))
    while after is not None:
        page = client.execute(shop_id, name, variables | {"after": after})
        connection = object_at(object_at(page, field), inner)
        nodes += objects_at(connection, "nodes")
        after = end_cursor(connection)
    return {**found, inner: nodes}


def end_cursor(connection: Node) -> str | None:
    """Where the next page begins; None at the end."""
    page = object_at(connection, "pageInfo")
    return str(page["endCursor"]) if page.get("hasNextPage") else None
