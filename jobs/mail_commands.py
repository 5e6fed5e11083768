"""Operator commands about emails: which are sent by themselves, in which words, by whom."""

import json
from dataclasses import asdict, fields
from pathlib import Path
from uuid import UUID

import click

from jobs.operating import OPERATOR, member_option, shop_id_of, shop_option
from loyalty import automatic_emails
from loyalty.base import db
from loyalty.base.clock import utc_now
from loyalty.base.errors import MemberNotFound
from loyalty.programme.settings import set_sends_card_email
from loyalty.shops.directory import get_shop
from mailing import overrides
from mailing.account import read_account, read_sender
from mailing.bounces import clear_bounce
from mailing.catalogue import LANGUAGES, MAILS
from mailing.errors import BadTemplate, EmailError, EmailRefused
from mailing.reach import count_reach
from mailing.wording import Draft


@click.group()
def emails() -> None:
    """What an operator may need of emails."""


@emails.command("card-email")
@shop_option
@click.option("--on/--off", "is_on", required=True, help="Send the card to whoever joins, or not.")
def card_email(domain: str, is_on: bool) -> None:
    """Switch the email with the card, which whoever joins is sent, on or off."""
    shop_id = shop_id_of(domain)
    with db.shop_transaction(shop_id) as session:
        set_sends_card_email(session, shop_id, is_on, actor=OPERATOR, now=utc_now())
    click.echo(f"{domain}: the card email is {'on' if is_on else 'off'}")


@emails.command("clear-bounce")
@shop_option
@member_option
def clear_hard_bounce(domain: str, member_id: UUID) -> None:
    """Let emails to a member's address go out again, and tell Amazon so."""
    shop_id = shop_id_of(domain)
    try:
        was_blocked = clear_bounce(shop_id, member_id, actor=OPERATOR, now=utc_now())
    except MemberNotFound as error:
        raise click.ClickException(f"{domain} has no such member") from error
    except (EmailRefused, EmailError) as error:
        raise click.ClickException(str(error)) from error
    click.echo("cleared" if was_blocked else "nothing to clear")


_kind_argument = click.argument("kind", type=click.Choice(automatic_emails.KINDS))
_mail_argument = click.argument("mail", type=click.Choice(list(MAILS)))
_language_argument = click.argument("language", type=click.Choice(list(LANGUAGES)))


@emails.command("automatic-emails")
@shop_option
def list_automatic(domain: str) -> None:
    """Which emails the shop sends by itself, and in which words of its own."""
    shop_id = shop_id_of(domain)
    with db.shop_transaction(shop_id) as session:
        switches = automatic_emails.list_switches(session, shop_id)
        own = sorted(overrides.list_overrides(session, shop_id))
    for kind, is_on in switches.items():
        click.echo(f"{'on ' if is_on else 'off'} {kind}")
    for mail, language in own:
        click.echo(f"own words: {mail} {language}")


@emails.command("email-reach")
@shop_option
@_kind_argument
def show_reach(domain: str, kind: str) -> None:
    """Whom an email would reach that the shop sends by itself, and why not the others."""
    shop_id = shop_id_of(domain)
    with db.shop_transaction(shop_id) as session:
        reach = count_reach(session, get_shop(session, shop_id), kind, now=utc_now())
    estimated = "" if reach.is_whole else f", estimated by {reach.looked_at} of them"
    click.echo(f"{reach.reached} of {reach.members}{estimated}")
    for reason, count in sorted(reach.reasons.items()):
        click.echo(f"  {reason} {count}")


@emails.command("switch-email")
@shop_option
@_kind_argument
@click.option("--on/--off", "is_on", required=True)
def switch_email(domain: str, kind: str, is_on: bool) -> None:
    """Let the shop send a kind of email by itself, or no more."""
    shop_id = shop_id_of(domain)
    with db.shop_transaction(shop_id) as session:
        automatic_emails.switch(session, shop_id, kind, is_on, actor=OPERATOR, now=utc_now())
    click.echo(f"{domain}: {kind} is {'on' if is_on else 'off'}")


@emails.command("email-words")
@shop_option
@_mail_argument
@_language_argument
def show_words(domain: str, mail: str, language: str) -> None:
    """What an email says in a language, as JSON."""
    shop_id = shop_id_of(domain)
    with db.shop_transaction(shop_id) as session:
        draft = overrides.load(session, shop_id, mail, language)
    click.echo(json.dumps(asdict(draft), ensure_ascii=False, indent=2))


@emails.command("save-email-words")
@shop_option
@_mail_argument
@_language_argument
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def save_words(domain: str, mail: str, language: str, file: Path) -> None:
    """Let an email say what a JSON FILE says, in the shape that email-words shows."""
    shop_id, now = shop_id_of(domain), utc_now()
    draft = _read_draft(file)
    try:
        with db.shop_transaction(shop_id) as session:
            shop = get_shop(session, shop_id)
            overrides.save(session, shop, mail, language, draft, actor=OPERATOR, now=now)
    except BadTemplate as error:
        place = f"{error.field}, line {error.line}" if error.line else error.field
        raise click.ClickException(f"{place}: {error.words}") from error
    click.echo(f"{domain}: {mail} says this in {language}")


@emails.command("reset-email-words")
@shop_option
@_mail_argument
@_language_argument
def reset_words(domain: str, mail: str, language: str) -> None:
    """Let an email say again what Encore wrote for it."""
    shop_id, now = shop_id_of(domain), utc_now()
    with db.shop_transaction(shop_id) as session:
        was_own = overrides.clear(session, shop_id, mail, language, actor=OPERATOR, now=now)
    click.echo("reset" if was_own else "nothing to reset")


@emails.command("mail-account")
def show_account() -> None:
    """What Amazon says of the account and of our sender."""
    try:
        account, sender = read_account(), read_sender()
    except EmailError as error:
        raise click.ClickException(str(error)) from error
    quota = "no limit" if account.quota_24h is None else str(account.quota_24h)
    click.echo(f"rate {account.rate_per_s}/s, sent {account.sent_24h} of {quota} in 24 hours")
    click.echo(f"sending {'on' if account.is_enabled else 'paused by Amazon'}")
    click.echo(f"access {'test only' if account.is_test else 'production'}")
    click.echo(f"sender {sender.identity}: {sender.verification}, DKIM {sender.dkim}")


def _read_draft(file: Path) -> Draft:
    names = {field.name for field in fields(Draft)}
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
    except ValueError as error:
        raise click.ClickException("the file is no JSON") from error
    is_whole = isinstance(found, dict) and {"subject", "text"} <= found.keys() <= names
    if not is_whole or not all(isinstance(value, str) for value in found.values()):
        raise click.ClickException(f"the file is an object of texts: {', '.join(sorted(names))}")
    return Draft(**found)
