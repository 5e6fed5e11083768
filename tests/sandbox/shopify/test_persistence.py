"""A world outlives its process; another world does not take it up."""

from __future__ import annotations

from pathlib import Path

from .stand_in import App, StandIn

LOOK = """query ($id: ID!) { customer(id: $id) { tags } }"""


def start(state: Path, orders: int) -> StandIn:
    size = ["--customers", "3", "--orders", str(orders)]
    return StandIn(state, App(), "http://localhost:9", arguments=size)


def test_stores_and_tokens_survive_a_restart_with_the_same_sizes(tmp_path: Path) -> None:
    first = start(tmp_path, orders=5)
    token = first.install()
    alice = first.alice()
    first.control(f"customers/{alice['id']}/tags", {"add": ["kept"]})
    first.stop()

    second = start(tmp_path, orders=5)
    variables = {"id": alice["admin_graphql_api_id"]}
    after_restart = second.data(token, LOOK, variables)
    second.stop()
    third = start(tmp_path, orders=6)
    with_other_size = third.post_graphql(token, LOOK, variables).status_code
    third.stop()

    assert after_restart == {"customer": {"tags": ["kept"]}}
    assert with_other_size == 401
