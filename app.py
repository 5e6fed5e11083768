"""The composition root: hands settings to every package, makes the Flask app, starts processes.

Nobody imports it. `python app.py --help` lists the commands.
"""

import os
import sys
from pathlib import Path
from urllib.parse import urlsplit
from uuid import UUID

import click
from flask import Blueprint, Flask
from pydantic import SecretStr

import config
from config import Settings
from jobs import clock as clock_process
from jobs import queues, readiness, worker
from jobs.action_commands import action_commands
from jobs.campaign_commands import campaign_commands
from jobs.commands import operator
from jobs.coupon_commands import coupon_commands
from jobs.credit_commands import credit_commands
from jobs.expiry_commands import expiry_commands
from jobs.gauges import read_gauges
from jobs.group_grant_commands import group_grant_commands
from jobs.insight_commands import insight_commands
from jobs.ledger_commands import ledger_commands
from jobs.liability_commands import liability_commands
from jobs.mail_commands import emails
from jobs.order_commands import order_commands
from jobs.people_commands import people as people_commands
from jobs.privacy.catalogue import PARTS
from jobs.privacy.gathering import hold_member
from jobs.reconciliation_commands import reconciliation_commands
from jobs.referral_commands import referral_commands
from jobs.reward_commands import reward_commands
from jobs.rule_commands import rule_commands
from jobs.segment_commands import segment_commands
from jobs.segments import FACTS_OUTSIDE
from jobs.supervisor import Supervisor
from jobs.tier_commands import tier_commands
from jobs.till_commands import till_commands
from jobs.waiting_commands import waiting
from loyalty.base import bell, db, faults
from loyalty.campaigns import channels
from loyalty.criteria import outside
from loyalty.merging import catalogue
from mailing import campaign_web
from mailing import campaigns as mail_campaigns
from mailing import setup as mail_setup
from mailing import web as mail_web
from mailing.permission import why_blocked
from pos_extension import api as till
from pos_extension import cors as till_cors
from pos_extension import readers
from shopify_app.admin import blueprint as admin
from shopify_app.edge import (
    bodies,
    errors,
    health,
    https,
    logs,
    metrics,
    requests,
    sentry,
    serving,
)
from shopify_app.platform import auth, webhooks
from shopify_app.platform import settings as platform_settings
from shopify_app.platform.projection import shown
from wallet import campaigns as wallet_campaigns
from wallet import (
    card_links,
    codes,
    go,
    join,
    own_data,
    own_details,
    referral,
    reward_forms,
    till_link,
)
from wallet import setup as wallet_setup
from wallet import web as wallet_web
from wallet.apple import web_service as passkit
from wallet.google import web as google_web
from wallet.shown import list_shown

ROOT = Path(__file__).parent


def create_app(settings: Settings | None = None) -> Flask:
    """The web app, on the settings of the environment unless given."""
    settings = settings or config.load()
    set_up(settings)
    app = Flask("encore", root_path=str(ROOT), static_folder=None)
    app.config.update(ENCORE=settings, MAX_CONTENT_LENGTH=8 * 1024 * 1024)
    requests.init_app(app)
    errors.init_app(app)
    bodies.init_app(app)
    if not settings.sandbox:
        https.init_app(app)
    customers = (wallet_web.blueprint, own_details.blueprint, go.blueprint)
    public = (join.blueprint, referral.blueprint)
    proved = (codes.blueprint, own_data.blueprint, reward_forms.blueprint, till_link.blueprint)
    google = (google_web.google, google_web.google_card)
    platform = (webhooks.blueprint, auth.blueprint, admin.blueprint)
    for blueprint in (*platform, *customers, *public, *proved, passkit.blueprint, *google):
        app.register_blueprint(blueprint)
    app.register_blueprint(mail_web.blueprint)
    app.register_blueprint(campaign_web.blueprint)
    till_cors.configure(settings.till_origins)
    app.register_blueprint(till.blueprint)
    app.register_blueprint(readers.blueprint)
    app.register_blueprint(_health())
    token = _secret(settings.metrics_token)
    app.register_blueprint(metrics.make_blueprint(token, read_gauges, config.metrics_folder()))
    return app


def set_up(settings: Settings) -> None:
    """Give each package of this process what it needs of `settings`."""
    logs.configure(settings.log_level)
    if settings.sentry_dsn:
        sentry.init(settings.sentry_dsn)
    catalogue.register(PARTS)
    outside.register(FACTS_OUTSIDE)
    channels.register([mail_campaigns.CHANNEL, wallet_campaigns.CHANNEL])
    # hide_parameters: a failed statement must not quote people into logs.
    db.configure(settings.database_url.get_secret_value(), hide_parameters=True)
    queues.configure(settings.redis_url.get_secret_value())
    bell.register(queues.ring)
    platform_settings.configure(settings)
    shown.register(list_shown)
    wallet_setup.configure(_wallet_settings(settings))
    mail_setup.configure(_mail_settings(settings))
    if settings.sandbox and settings.encore_fault_points:
        faults.arm(settings.encore_fault_points)


def _wallet_settings(settings: Settings) -> wallet_setup.WalletSettings:
    return wallet_setup.WalletSettings(
        app_url=settings.app_url.rstrip("/"),
        link_secret=settings.link_secret.get_secret_value().encode(),
        apple=_apple_settings(settings),
        google=_google_settings(settings),
        shop_url=platform_settings.shop_url,
        sends_email=bool(settings.mail_from),
        hold=hold_member,
        reaches=lambda session, member: why_blocked(session, member, is_asked_for=True) is None,
    )


def _mail_settings(settings: Settings) -> mail_setup.MailSettings:
    topics = (arn.strip() for arn in settings.sns_topic_arns.split(","))
    return mail_setup.MailSettings(
        sender=settings.mail_from,
        region=settings.ses_region,
        app_url=settings.app_url.rstrip("/"),
        key=settings.link_secret.get_secret_value().encode(),
        card_links=_card_links,
        ses_url=settings.ses_url,
        configuration_set=settings.ses_configuration_set,
        topic_arns=frozenset(arn for arn in topics if arn),
        sns_url=settings.sns_url,
    )


def _card_links(shop_id: int, member_id: UUID) -> mail_setup.CardLinks:
    return mail_setup.CardLinks(
        # Whoever opens the card from the email counts as a click.
        page=card_links.click_url(shop_id, member_id, platform="email"),
        apple=card_links.apple_pass_url(shop_id, member_id),
        google=card_links.google_save_page_url(shop_id, member_id),
    )


def _apple_settings(settings: Settings) -> wallet_setup.AppleSettings | None:
    cert_file, key_file = settings.apple_cert_file, settings.apple_key_file
    wwdr_file = settings.apple_wwdr_file
    if not (cert_file and key_file and wwdr_file):
        return None
    return wallet_setup.AppleSettings(
        pass_type_id=settings.apple_pass_type_id,
        team_id=settings.apple_team_id,
        cert_file=cert_file,
        key_file=key_file,
        wwdr_file=wwdr_file,
        apns_url=settings.apns_url,
        apns_ca_file=settings.apns_ca_file,
    )


def _google_settings(settings: Settings) -> wallet_setup.GoogleSettings | None:
    if not (settings.google_issuer_id and settings.google_service_account_file):
        return None
    senders = settings.google_callback_senders.split(",")
    return wallet_setup.GoogleSettings(
        issuer_id=settings.google_issuer_id,
        service_account_file=settings.google_service_account_file,
        wallet_url=settings.google_wallet_url.rstrip("/"),
        save_url=settings.google_save_url.rstrip("/"),
        keys_url=settings.google_keys_url,
        callback_senders=tuple(sender.strip() for sender in senders if sender.strip()),
    )


def _health() -> Blueprint:
    return health.make_blueprint(
        {
            "postgresql": readiness.has_postgresql,
            "redis": readiness.has_redis,
            "migrations": readiness.AtNewestMigration(),
        }
    )


def _secret(value: SecretStr | None) -> str | None:
    return value.get_secret_value() if value else None


@click.group()
def main() -> None:
    """Encore's processes and the commands of its operators."""


@main.command()
@click.option("--host", default="0.0.0.0", show_default=True)
@click.option("--port", envvar="PORT", default=5002, show_default=True)
def web(host: str, port: int) -> None:
    """Serve the web app with granian."""
    settings = config.load()  # a wrong setting should stop us here, with one message
    config.share_metrics(metrics.make_folder)
    os.chdir(ROOT)
    # Anew: the library of metrics looks for their folder once, when it is imported.
    os.execv(sys.executable, serving.command("app:create_app", host, port, settings.log_level))


@main.command("worker")
@click.argument("names", nargs=-1, type=click.Choice(queues.QUEUES))
def work(names: tuple[str, ...]) -> None:
    """Answer the bells of the named queues, or of all: a process for each."""
    settings = config.load()
    logs.configure(settings.log_level)

    def run(name: str) -> None:
        set_up(settings)
        worker.work(name, settings.redis_url.get_secret_value())

    if len(names) == 1:
        run(names[0])
    else:
        Supervisor(run).supervise(names or queues.QUEUES)


@main.command("clock")
def run_clock() -> None:
    """Run the schedule."""
    set_up(config.load())
    clock_process.run()


@main.command()
def migrate() -> None:
    """Bring the database to the newest migration."""
    settings = config.load()
    owner_url = settings.database_owner_url
    app_role = urlsplit(settings.database_url.get_secret_value()).username
    if owner_url is None or not app_role:
        raise click.ClickException("migrate needs DATABASE_OWNER_URL, and a role in DATABASE_URL")
    readiness.migrate(owner_url.get_secret_value(), app_role)


@main.command()
def demo() -> None:
    """Run the whole product on this machine, with a shop of believable members."""
    from sandbox import demo  # production never imports the sandbox

    demo.run()


def _with_setup(command: click.Command) -> click.Command:
    """`command`, run only once this process is set up."""
    run = command.callback
    assert run is not None

    def set_up_and_run(**arguments: object) -> object:
        set_up(config.load())
        return run(**arguments)

    command.callback = set_up_and_run
    return command


_areas = (
    action_commands,
    campaign_commands,
    coupon_commands,
    credit_commands,
    expiry_commands,
    group_grant_commands,
    insight_commands,
    ledger_commands,
    order_commands,
    liability_commands,
    people_commands,
    reconciliation_commands,
    referral_commands,
    reward_commands,
    rule_commands,
    segment_commands,
    tier_commands,
    till_commands,
)
for _group in (operator, waiting, emails, *_areas):
    for _command in _group.commands.values():
        main.add_command(_with_setup(_command))


if __name__ == "__main__":
    main()
