"""Merge fields in the words of emails: which there are is the email's own; see the catalogue."""

from loyalty.merge_fields import Field, Parts, Values, fill, fill_title, one_line, read
from mailing.catalogue import get_mail

__all__ = ["Field", "Parts", "Values", "check", "fill", "fill_title", "one_line", "read"]


def check(source: str, *, mail: str, field: str) -> None:
    """Raise BadTemplate for words that `mail` cannot say. Raises UnknownMail."""
    read(source, get_mail(mail).fields, field=field)
