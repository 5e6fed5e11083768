"""Queries that no app of ours sends: they must find the store as it is."""

from __future__ import annotations

from .stand_in import AURORA, BOREALIS, StandIn, codes


def test_aliases_fragments_and_variables_read_the_same_customer(
    shopify: StandIn, token: str
) -> None:
    query = """
      query Look($id: ID!, $brief: Boolean = true) {
        first: customer(id: $id) { ...Person mail: defaultEmailAddress { emailAddress } }
        again: node(id: $id) { __typename ... on Customer { ...Person } }
        shop { name @skip(if: $brief) myshopifyDomain }
      }
      fragment Person on Customer { id displayName numberOfOrders }
    """
    alice = shopify.alice()

    data = shopify.data(token, query, {"id": alice["admin_graphql_api_id"]})

    assert data["first"]["mail"] == {"emailAddress": "alice@example.com"}
    assert data["again"]["displayName"] == data["first"]["displayName"] == "Alice Nightingale"
    assert data["again"]["__typename"] == "Customer"
    assert data["shop"] == {"myshopifyDomain": AURORA}


def test_pages_forward_and_backward_cover_all_customers_once(shopify: StandIn, token: str) -> None:
    everybody = shopify.data(token, "{ customers(first: 250) { nodes { id } } }")
    expected = [node["id"] for node in everybody["customers"]["nodes"]]
    assert len(expected) >= 30

    query = """query ($after: String) { customers(first: 7, after: $after) {
      edges { cursor node { id } } pageInfo { hasNextPage endCursor } } }"""
    found, after = [], None
    while True:
        page = shopify.data(token, query, {"after": after})["customers"]
        found += [edge["node"]["id"] for edge in page["edges"]]
        after = page["pageInfo"]["endCursor"]
        if not page["pageInfo"]["hasNextPage"]:
            break
    last = "query ($c: String) { customers(last: 2, before: $c) { nodes { id } } }"
    before = shopify.data(token, last, {"c": after})["customers"]["nodes"]

    assert found == expected
    assert [node["id"] for node in before] == expected[-3:-1]


def test_orders_sort_by_total_in_both_directions(shopify: StandIn, token: str) -> None:
    query = """query ($down: Boolean) { orders(first: 250, sortKey: TOTAL_PRICE, reverse: $down) {
      nodes { totalPriceSet { shopMoney { amount } } } } }"""

    def amounts(down: bool) -> list[float]:
        nodes = shopify.data(token, query, {"down": down})["orders"]["nodes"]
        return [float(node["totalPriceSet"]["shopMoney"]["amount"]) for node in nodes]

    assert amounts(False) == sorted(amounts(False))
    assert amounts(True) == amounts(False)[::-1]


def test_search_filters_combine(shopify: StandIn, token: str) -> None:
    query = "query ($q: String) { customers(first: 50, query: $q) { nodes { displayName } } }"

    def names(search: str) -> list[str]:
        nodes = shopify.data(token, query, {"q": search})["customers"]["nodes"]
        return [node["displayName"] for node in nodes]

    assert names("email:alice@example.com") == ["Alice Nightingale"]
    assert names("first_name:Alice AND last_name:Night*") == ["Alice Nightingale"]
    assert names("(email:alice@example.com OR id:1) NOT tag:nobody") == ["Alice Nightingale"]
    assert names("email:alice@example.com AND created_at:<'2000-01-01'") == []
    assert "Alice Nightingale" not in names("-email:alice@example.com")


def test_orders_of_a_customer_are_the_orders_with_that_customer(
    shopify: StandIn, token: str
) -> None:
    alice = shopify.alice()
    shopify.control("orders", {"customer_id": alice["id"]})
    query = """query ($id: ID!, $q: String!) {
      customer(id: $id) { numberOfOrders orders(first: 100) { nodes { id } } }
      ordersCount(query: $q) { count precision }
    }"""
    variables = {"id": alice["admin_graphql_api_id"], "q": f"customer_id:{alice['id']}"}

    data = shopify.data(token, query, variables)

    nodes = data["customer"]["orders"]["nodes"]
    assert data["ordersCount"] == {"count": len(nodes), "precision": "EXACT"}
    assert int(data["customer"]["numberOfOrders"]) >= len(nodes) > 0


def test_an_order_adds_up(shopify: StandIn, token: str) -> None:
    placed = shopify.control(
        "orders",
        {
            "lines": [{"title": "Tea", "price": "10.00", "quantity": 3, "discount": "2.00"}],
            "discounts": [{"title": "By hand", "value": "5.00"}],
            "shipping": "4.00",
            "tax_rate": "0.1",
        },
    )
    query = """query ($id: ID!) { order(id: $id) {
      totalPriceSet { shopMoney { amount currencyCode } }
      lineItems(first: 5) { nodes {
        originalTotalSet { shopMoney { amount } }
        discountAllocations { allocatedAmountSet { shopMoney { amount } } discountApplication {
          __typename ... on ManualDiscountApplication { title } } }
        discountedTotalSet { shopMoney { amount } }
        taxLines { rate priceSet { shopMoney { amount } } } } }
    } }"""

    order = shopify.data(token, query, {"id": placed["admin_graphql_api_id"]})["order"]

    line = order["lineItems"]["nodes"][0]
    allocated = [
        a["allocatedAmountSet"]["shopMoney"]["amount"] for a in line["discountAllocations"]
    ]
    assert line["originalTotalSet"]["shopMoney"]["amount"] == "30.0"
    assert sorted(allocated) == ["2.0", "5.0"]
    assert line["discountedTotalSet"]["shopMoney"]["amount"] == "28.0"  # the order's 5 left out
    assert line["taxLines"][0]["priceSet"]["shopMoney"]["amount"] == "2.3"
    assert order["totalPriceSet"]["shopMoney"] == {"amount": "29.3", "currencyCode": "USD"}


def test_orders_older_than_60_days_need_read_all_orders(shopify: StandIn, token: str) -> None:
    scopes = shopify.get("/_control/state")["scopes"]
    query = "{ ordersCount(limit: null) { count } }"
    recent = shopify.data(token, query)["ordersCount"]["count"]

    shopify.control("scopes", {"scopes": [*scopes, "read_all_orders"]})
    everything = shopify.data(token, query)["ordersCount"]["count"]
    shopify.control("scopes", {"scopes": scopes})

    assert 0 < recent < everything
    assert everything == shopify.get("/_control/state")["counts"]["Order"]


def test_a_shop_never_sees_another_ones_records(shopify: StandIn, token: str) -> None:
    query = "query ($id: ID!) { customer(id: $id) { id } node(id: $id) { id } }"
    bob = shopify.get("/_control/customers", shop=BOREALIS, email="bob@example.com")[0]

    data = shopify.data(token, query, {"id": bob["admin_graphql_api_id"]})

    assert data == {"customer": None, "node": None}


def test_a_field_that_is_not_modelled_says_so_or_is_null(shopify: StandIn, token: str) -> None:
    nullable = shopify.data(token, "{ customers(first: 1) { nodes { multipassIdentifier } } }")
    required = shopify.ask(token, "{ customers(first: 1) { nodes { lifetimeDuration } } }")
    root = shopify.ask(token, "{ draftOrders(first: 1) { nodes { id } } }")

    assert nullable["customers"]["nodes"] == [{"multipassIdentifier": None}]
    assert "Customer.lifetimeDuration is not modelled" in required["errors"][0]["message"]
    assert codes(root) in (["NOT_MODELLED"], ["ACCESS_DENIED"])


def test_a_collection_lists_its_products_in_its_own_order(shopify: StandIn, token: str) -> None:
    query = """{ collections(first: 1) { nodes { title productsCount { count }
      products(first: 9) { nodes { title } } } } }"""

    collection = shopify.data(token, query)["collections"]["nodes"][0]

    titles = [node["title"] for node in collection["products"]["nodes"]]
    assert titles == ["Ridge Trail Pack 28L", "Ridge Day Pack 16L", "Canyon Dry Bag"]
    assert collection["productsCount"] == {"count": 3}
