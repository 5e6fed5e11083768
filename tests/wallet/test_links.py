"""Card links: only what we signed opens a card, and only as long as we said."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wallet.errors import BadLink, ExpiredLink
from wallet.links import CardLink, make_link_token, read_link_token

NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
SECRET = b"a link secret of the tests, 32 b"
ALICE = CardLink(7, UUID("01939f2e-0000-7000-8000-000000000001"))


def test_link_names_the_card_it_was_made_for() -> None:
    token = make_link_token(ALICE, SECRET)

    assert _read(token) == ALICE
    assert make_link_token(ALICE, SECRET) == token


@given(st.integers(0, 63), st.sampled_from("ABCXYZabcxyz019-_"))
def test_link_with_one_changed_letter_is_bad(place: int, letter: str) -> None:
    token = make_link_token(ALICE, SECRET)
    changed = token[:place] + letter + token[place + 1 :]

    if changed == token:
        assert _read(changed) == ALICE
    else:
        with pytest.raises(BadLink):
            _read(changed)


@given(st.text(max_size=80))
def test_text_that_is_no_link_is_bad(text: str) -> None:
    with pytest.raises(BadLink):
        _read(text)


def test_link_under_another_secret_is_bad() -> None:
    with pytest.raises(BadLink):
        _read(make_link_token(ALICE, b"another secret that is long enough"))


def test_link_with_an_end_works_until_then() -> None:
    token = make_link_token(ALICE, SECRET, expires_at=NOON)

    assert _read(token, now=NOON - timedelta(seconds=1)) == ALICE
    with pytest.raises(ExpiredLink):
        _read(token, now=NOON)


def _read(token: str, *, now: datetime = NOON) -> CardLink:
    return read_link_token(token, SECRET, purpose="card", now=now)
