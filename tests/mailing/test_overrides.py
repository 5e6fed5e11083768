"""The merchant's own words: sent from the next email on, refused with the place if they cannot."""

import pytest
from sqlalchemy import select

from loyalty.audit import AuditRow
from loyalty.base.clock import utc_now
from loyalty.base.db import shop_transaction
from loyalty.shops.directory import get_shop
from mailing import overrides, preview
from mailing.errors import BadTemplate, UnknownMail
from mailing.look_store import load_look, save_look
from mailing.looks import Look
from mailing.wording import Draft, own_words
from mailing.writing import LENGTHS_MAX
from tests.mailing.cast import DANA, Addressee, taken
from tests.mailing.stand_in import Amazon

MINE = Draft("A card for {{ first_name }}", "Dear {{ first_name }},\nenjoy it.", "Yours", "Look")


def save(who: Addressee, draft: Draft = MINE, mail: str = "card", language: str = "en") -> None:
    with shop_transaction(who.shop_id) as session:
        shop = get_shop(session, who.shop_id)
        overrides.save(session, shop, mail, language, draft, actor=DANA, now=utc_now())


def load(who: Addressee, mail: str = "card", language: str = "en") -> Draft:
    with shop_transaction(who.shop_id) as session:
        return overrides.load(session, who.shop_id, mail, language)


def audited(who: Addressee) -> list[str]:
    with shop_transaction(who.shop_id) as session:
        return list(session.scalars(select(AuditRow.action).order_by(AuditRow.id)))


def test_saved_words_are_sent_from_the_next_email_on(
    alice: Addressee, amazon: Amazon, before: int
) -> None:
    save(alice)

    alice.ask()
    alice.work()

    (email,) = taken(amazon, before)
    assert email["subject"] == "A card for Alice"
    for part in (str(email["html"]), str(email["text"])):
        assert "Dear Alice," in part and "Look" in part and "Here is your" not in part
    assert "email_words_changed" in audited(alice)


def test_each_language_has_words_of_its_own(alice: Addressee) -> None:
    save(alice, language="fr")

    assert load(alice, language="fr") == MINE
    assert load(alice) == own_words("card", "en")


def test_the_original_words_come_back_once(alice: Addressee) -> None:
    save(alice)
    for expected in (True, False):
        with shop_transaction(alice.shop_id) as session:
            was_own = overrides.clear(
                session, alice.shop_id, "card", "en", actor=DANA, now=utc_now()
            )
        assert was_own is expected

    assert load(alice) == own_words("card", "en")
    assert audited(alice).count("email_words_reset") == 1


@pytest.mark.parametrize(
    ("changes", "field", "line"),
    [
        ({"text": "fine\n{{ secret }}"}, "text", 2),
        ({"subject": "{{ first_name"}, "subject", 1),
        ({"subject": "  "}, "subject", 0),
        ({"text": "\n\n"}, "text", 0),
        ({"subject": "one\ntwo"}, "subject", 2),
        ({"button": "x" * 41}, "button", 0),
        ({"text": "x" * (LENGTHS_MAX["text"] + 1)}, "text", 0),
        ({"headline": "{% raw %}"}, "headline", 1),
    ],
)
def test_words_that_cannot_be_an_email_are_refused_and_nothing_is_written(
    alice: Addressee, changes: dict[str, str], field: str, line: int
) -> None:
    draft = Draft(**({"subject": "s", "text": "t", "headline": "h", "button": "b"} | changes))

    with pytest.raises(BadTemplate) as refused:
        save(alice, draft)

    assert (refused.value.field, refused.value.line) == (field, line)
    assert load(alice) == own_words("card", "en")
    assert "email_words_changed" not in audited(alice)


def test_an_email_that_lives_by_its_button_keeps_one(alice: Addressee) -> None:
    with pytest.raises(BadTemplate) as refused:
        save(alice, Draft("s", "t"), mail="verification")

    assert refused.value.field == "button"


@pytest.mark.parametrize(
    ("mail", "language"), [("nothing", "en"), ("card", "xx"), ("campaign", "en")]
)
def test_what_there_is_not_is_not_found(alice: Addressee, mail: str, language: str) -> None:
    with pytest.raises(UnknownMail):
        save(alice, mail=mail, language=language)


HOSTILE = '<script>alert(1)</script><img src=x onerror="alert(1)"> {{ first_name }} & "quoted"'


def test_what_a_merchant_types_stays_text(alice: Addressee) -> None:
    draft = Draft(HOSTILE, HOSTILE, HOSTILE, "<b>x</b>")
    with shop_transaction(alice.shop_id) as session:
        shop = get_shop(session, alice.shop_id)
        words = preview.render(session, shop, "card", "en", draft)

    assert "<script" not in words.html and "<img" not in words.html and "<b>x" not in words.html
    assert "<script>alert(1)</script>" in words.text


def test_another_shop_never_has_these_words(alice: Addressee, bob: Addressee) -> None:
    save(alice)

    assert load(bob) == own_words("card", "en")


def test_colours_hold_for_all_emails_of_the_shop_alone(
    alice: Addressee, bob: Addressee, amazon: Amazon, before: int
) -> None:
    given = {"brand": "#0a5c36", "button": "#ffd447", "paper": "#ffffff"}
    with shop_transaction(alice.shop_id) as session:
        save_look(session, alice.shop_id, given, actor=DANA, now=utc_now())
    for who in (alice, bob):
        who.ask()
        who.work()

    hers, his = (str(email["html"]) for email in taken(amazon, before))
    assert "#0a5c36" in hers and "#ffd447" in hers and Look().brand not in hers
    assert "#0a5c36" not in his and Look().brand in his
    with shop_transaction(bob.shop_id) as session:
        assert load_look(session, bob.shop_id) == Look()
