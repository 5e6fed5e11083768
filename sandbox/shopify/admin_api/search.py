"""Shopify's search syntax: `field:value`, comparisons, quotes, AND, OR, NOT, - and parentheses.

`parse` gives a tree; what a field means for a record is said in `filters`.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from .errors import bad_request

_TOKEN = re.compile(
    r"""\s*(?:(?P<paren>[()])|(?P<not>-(?=\S)|NOT\b)|(?P<and>AND\b)|(?P<or>OR\b)
    |(?P<field>\w+):(?P<op>>=|<=|>|<|=)?(?:"(?P<dq>[^"]*)"|'(?P<sq>[^']*)'|(?P<bare>[^\s()]+))
    |"(?P<phrase>[^"]*)"|'(?P<phrase2>[^']*)'|(?P<word>[^\s()]+))""",
    re.VERBOSE,
)


@dataclass(frozen=True)
class Term:
    """One condition; `field` is empty for a bare word. `op` is one of = > < >= <=."""

    field: str
    op: str
    value: str


Predicate = Callable[[Callable[[Term], bool]], bool]


def parse(query: str) -> Predicate:
    """A function that decides, given how to judge one term."""
    tokens = _tokens(query)
    predicate = _either(tokens)
    if tokens:
        raise bad_request(f"Invalid search query: {query}")
    return predicate


def _tokens(query: str) -> list[re.Match[str]]:
    found, position = [], 0
    while query[position:].strip():
        match = _TOKEN.match(query, position)
        if match is None:
            raise bad_request(f"Invalid search query: {query}")
        found.append(match)
        position = match.end()
    return found


def _either(tokens: list[re.Match[str]]) -> Predicate:
    parts = [_all(tokens)]
    while tokens and tokens[0]["or"]:
        tokens.pop(0)
        parts.append(_all(tokens))
    return lambda judge: any(part(judge) for part in parts)


def _all(tokens: list[re.Match[str]]) -> Predicate:
    parts = [_one(tokens)]
    while tokens and not tokens[0]["or"] and tokens[0]["paren"] != ")":
        if tokens[0]["and"]:
            tokens.pop(0)
        parts.append(_one(tokens))
    return lambda judge: all(part(judge) for part in parts)


def _one(tokens: list[re.Match[str]]) -> Predicate:
    if not tokens:
        raise bad_request("Invalid search query: it ends too early")
    token = tokens.pop(0)
    if token["not"]:
        negated = _one(tokens)
        return lambda judge: not negated(judge)
    if token["paren"] == "(":
        inside = _either(tokens)
        if not tokens or tokens.pop(0)["paren"] != ")":
            raise bad_request("Invalid search query: a parenthesis is missing")
        return inside
    term = _term(token)
    return lambda judge: judge(term)


def _term(token: re.Match[str]) -> Term:
    if token["field"]:
        value = next(v for v in (token["dq"], token["sq"], token["bare"]) if v is not None)
        return Term(token["field"], token["op"] or "=", value)
    texts = (token["phrase"], token["phrase2"], token["word"])
    word = next((text for text in texts if text is not None), None)
    if word is None:
        raise bad_request(f"Invalid search query near {token[0]!r}")
    return Term("", "=", word)
