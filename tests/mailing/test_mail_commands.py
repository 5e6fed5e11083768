"""Operators switch, rewrite and reset emails, and see the account as Amazon has it."""

import json
from pathlib import Path

import pytest

from loyalty import automatic_emails
from loyalty.base.db import shop_transaction
from mailing import overrides
from mailing.wording import Draft, own_words
from tests.mailing.cast import Addressee
from tests.mailing.stand_in import SENDER, Amazon
from tests.mailing.test_commands import AURORA, audited, run

MINE = {"subject": "A card", "text": "Dear {{ first_name }},\nenjoy it.", "button": "Look"}


def save(tmp_path: Path, content: str, mail: str = "card") -> str:
    file = tmp_path / "words.json"
    file.write_text(content)
    result = run("save-email-words", "--shop", AURORA, mail, "en", str(file))
    return f"{result.exit_code} {result.output}"


def words(alice: Addressee) -> Draft:
    with shop_transaction(alice.shop_id) as session:
        return overrides.load(session, alice.shop_id, "card", "en")


def test_a_kind_is_counted_then_switched(alice: Addressee) -> None:
    assert run("email-reach", "--shop", AURORA, "data_request").output == "1 of 1\n"
    assert "is on" in run("switch-email", "--shop", AURORA, "data_request", "--on").output

    assert "on  data_request\n" in run("automatic-emails", "--shop", AURORA).output
    with shop_transaction(alice.shop_id) as session:
        assert automatic_emails.is_on(session, alice.shop_id, "data_request")
    assert audited(alice) == [("operator", "email_switched")]


def test_words_are_shown_saved_and_reset(alice: Addressee, tmp_path: Path) -> None:
    shown = json.loads(run("email-words", "--shop", AURORA, "card", "en").output)
    assert shown["subject"] == own_words("card", "en").subject

    assert save(tmp_path, json.dumps(MINE)).startswith("0 ")

    assert words(alice) == Draft(**MINE)
    assert "own words: card en" in run("automatic-emails", "--shop", AURORA).output
    assert run("reset-email-words", "--shop", AURORA, "card", "en").output == "reset\n"
    assert words(alice) == own_words("card", "en")


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("no json", "no JSON"),
        ("[]", "object of texts"),
        ('{"subject": "x"}', "object of texts"),
        ('{"subject": "x", "text": 5}', "object of texts"),
        ('{"subject": "x", "text": "y", "html": "z"}', "object of texts"),
        (
            '{"subject": "x", "text": "fine\\n{{ secret }}"}',
            "text, line 2: This email has no field",
        ),
    ],
)
def test_words_that_cannot_be_an_email_end_the_command(
    alice: Addressee, tmp_path: Path, content: str, reason: str
) -> None:
    said = save(tmp_path, content)

    assert said.startswith("1 ") and reason in said
    assert words(alice) == own_words("card", "en")


def test_the_account_is_shown_as_amazon_has_it(alice: Addressee, amazon: Amazon) -> None:
    amazon.put("settings", rate_max=3, quota_max=200)

    said = run("mail-account").output

    assert "rate 3/s, sent 0 of 200 in 24 hours" in said
    assert f"sender {SENDER}: SUCCESS" in said


def test_an_account_that_cannot_be_read_ends_the_command(amazon: Amazon) -> None:
    amazon.put("settings", tells_account=False)

    assert run("mail-account").exit_code == 1
