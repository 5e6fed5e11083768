"""What people type becomes one normal form, or is refused; a number is never guessed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loyalty.base.errors import BadContact
from loyalty.members.contact import Contact, mask_contact, read_contact, read_name


@pytest.mark.parametrize(
    ("typed", "country", "contact"),
    [
        (" Alice@Example.COM ", None, Contact(email="alice@example.com")),
        ("alice+card@mail.example.co.uk", None, Contact(email="alice+card@mail.example.co.uk")),
        ("zoë@exämple.com", None, Contact(email="zoë@exämple.com")),
        ("+34 600 00 00 00", None, Contact(phone="+34600000000")),
        ("+44 (20) 7946-0958", "ES", Contact(phone="+442079460958")),
        ("600 000 000", "ES", Contact(phone="+34600000000")),
        ("(212) 555-0100", "US", Contact(phone="+12125550100")),
        ("020 7946 0958", "GB", Contact(phone="+442079460958")),
        ("030 5550 1000", "DE", Contact(phone="+493055501000")),
        ("06.12.34.56.78", "FR", Contact(phone="+33612345678")),
    ],
)
def test_an_email_or_phone_is_normalised(typed: str, country: str | None, contact: Contact) -> None:
    assert read_contact(typed, country=country) == contact


@pytest.mark.parametrize(
    ("typed", "country"),
    [
        ("600000000", None),  # whose number?
        ("06 1234 5678", "IT"),  # Italy keeps its leading 0: not a rule that we know
        ("2079460958", "GB"),  # the 0 is missing: maybe something else is, too
        ("0034600000000", "ES"),
        ("60000000", "ES"),
        ("+0346000000", "ES"),
        ("+34", "ES"),
        ("+٣٤٦٠٠٠٠٠٠٠٠", "ES"),
        ("call me", "ES"),
        ("alice@", None),
        ("@example.com", None),
        ("alice@example", None),
        ("alice@@example.com", None),
        ("alice@example..com", None),
        ("alice@-example.com", None),
        ("alice smith@example.com", None),
        ("alice@example.com, bob@example.com", None),
        ("", None),
    ],
)
def test_what_leaves_a_doubt_is_refused(typed: str, country: str | None) -> None:
    with pytest.raises(BadContact) as refusal:
        read_contact(typed, country=country)

    assert refusal.value.field == "contact"


@given(st.text(), st.sampled_from(["ES", "US", "GB", None]))
def test_any_text_is_a_contact_that_reads_as_itself_or_is_refused(
    typed: str, country: str | None
) -> None:
    try:
        contact = read_contact(typed, country=country)
    except BadContact:
        return
    assert read_contact(contact.email or contact.phone or "", country=None) == contact


@pytest.mark.parametrize(
    ("typed", "name"),
    [
        ("Alice", ("Alice", None)),
        ("  Mary   Jane Watson ", ("Mary", "Jane Watson")),
        ("José Núñez", ("José", "Núñez")),
        ("王小明", ("王小明", None)),
        ("O’Neil-Smith", ("O’Neil-Smith", None)),
    ],
)
def test_a_name_is_what_comes_first_and_the_rest(typed: str, name: tuple[str, str | None]) -> None:
    assert read_name(typed) == name


@pytest.mark.parametrize("typed", ["", " \t ", "a\x00b", "<b>x</b>", "http://x.example", "a@b.c"])
def test_what_is_no_name_is_refused(typed: str) -> None:
    with pytest.raises(BadContact):
        read_name(typed)


def test_a_masked_contact_is_known_again_by_its_owner_alone() -> None:
    assert mask_contact("alice@example.com", "+34600000000") == "a•••@example.com"
    assert mask_contact(None, "+34600005678") == "•••5678"
    assert mask_contact(None, None) is None
