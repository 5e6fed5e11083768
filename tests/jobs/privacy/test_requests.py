"""Requests are met one by one, whole or not at all, until they are; shop/redact leaves a proof."""

import json
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import psycopg
import pytest
from click.testing import CliRunner
from sqlalchemy import select, text

from jobs import gauges, purge
from jobs.commands import operator
from jobs.privacy import removal, requests
from loyalty.audit import AuditRow
from loyalty.base import db
from loyalty.base.clock import utc_now
from loyalty.shops.directory import find_shop_id, get_shop, install, uninstall
from shopify_app.platform import settings as platform_settings
from shopify_app.platform import stored_tokens
from shopify_app.platform.tables import PrivacyDocument, StrayWebhook
from shopify_app.platform.token_pairs import TokenPair
from tests.conftest import DatabaseUrls
from tests.jobs.privacy.cast import ask, member_of, request_of, tables_that_hold
from tests.jobs.privacy.shopper import KEY, Shopper
from tests.platform.conftest import make_settings
from wallet.tables import AppleDevice

ROOT = Path(__file__).parents[3]


def leave(who: Shopper) -> None:
    """The shop has uninstalled the app, and said so."""
    with db.shop_transaction(who.shop_id) as session:
        uninstall(session, who.shop_id, now=utc_now() - timedelta(days=2))


def run_and_die(urls: DatabaseUrls, shop_id: int, folder: Path) -> int:
    """Carry out the shop's requests in a process that dies just before its first commit."""
    program = f"""
from pathlib import Path
from loyalty.base import db, faults
from wallet import setup as wallet_setup
from mailing import setup as mail_setup
db.configure({urls.app!r})
wallet_setup.configure(wallet_setup.WalletSettings("https://encore.example", {KEY!r}, apple=None))
mail_setup.configure(mail_setup.MailSettings(
    sender="", region="", app_url="", key={KEY!r}, card_links=lambda s, m: None))
faults.arm(Path({str(folder)!r}))
from jobs.privacy import requests
requests.run_shop({shop_id})
"""
    return subprocess.run([sys.executable, "-c", program], cwd=ROOT, timeout=120).returncode


@pytest.mark.parametrize("subject", ["customers/data_request", "customers/redact", "shop/redact"])
def test_a_kill_leaves_the_request_whole_and_the_next_run_meets_it(
    alice: Shopper, database: DatabaseUrls, tmp_path: Path, subject: str
) -> None:
    # given
    leave(alice)
    request_id = ask(alice, subject)
    before = tables_that_hold(database, alice.shop_id, alice.marks)
    (tmp_path / "privacy_before_commit").write_text("")
    # when
    returncode = run_and_die(database, alice.shop_id, tmp_path)
    # then
    assert returncode == -9
    assert request_of(alice, request_id).state == "open"
    assert tables_that_hold(database, alice.shop_id, alice.marks) == before
    assert requests.run_all() == 1
    after = tables_that_hold(database, alice.shop_id, alice.marks)
    if subject == "customers/data_request":
        assert after == before | {"privacy_document"}
    else:
        assert "member" in before - after


def test_a_shop_that_left_is_removed_whole_and_the_proof_names_nobody(
    alice: Shopper, bob: Shopper, database: DatabaseUrls
) -> None:
    # given
    leave(alice)
    ask(alice, "shop/redact")
    bobs = tables_that_hold(database, bob.shop_id, bob.marks)
    # when
    assert requests.run_all() == 1
    # then
    with psycopg.connect(database.owner) as owner:
        owner.execute(f"SET encore.shop = '{alice.shop_id}'".encode())
        tables = owner.execute(
            "SELECT table_name FROM information_schema.columns WHERE table_schema = 'public' "
            "AND column_name = 'shop_id'"
        ).fetchall()
        left = {
            name
            for (name,) in tables
            if owner.execute(
                f"SELECT 1 FROM {name} WHERE shop_id = {alice.shop_id} LIMIT 1".encode()
            ).fetchone()
        }
        (proof,) = owner.execute("SELECT r::text FROM removed_shop r").fetchall()
    assert left == set()
    assert "aurora" not in proof[0].lower()
    assert tables_that_hold(database, alice.shop_id, (*alice.marks, alice.domain)) == set()
    assert tables_that_hold(database, bob.shop_id, bob.marks) == bobs
    with db.shopless_transaction() as session:
        assert find_shop_id(session, alice.domain) is None
        assert removal.find_proof(session, alice.domain) is not None
        assert removal.find_proof(session, bob.domain) is None
        assert session.scalars(select(AppleDevice.device_id)).all() == [bob.device_id]


def test_an_operator_is_shown_the_proof(alice: Shopper) -> None:
    leave(alice)
    ask(alice, "shop/redact")
    asked = ["removal-proof", "--shop", alice.domain]
    assert CliRunner().invoke(operator, asked).exit_code == 1

    worked = CliRunner().invoke(operator, ["run-privacy-requests"]).output

    assert worked.endswith("1 privacy requests worked on\n")
    assert f"removed={utc_now():%Y-%m-%d}" in CliRunner().invoke(operator, asked).output


def test_a_shop_that_came_back_is_not_removed(alice: Shopper) -> None:
    leave(alice)
    request_id = ask(alice, "shop/redact", age_days=1)
    with db.shop_transaction(alice.shop_id) as session:
        install(
            session,
            alice.shop_id,
            domain=alice.domain,
            name="Aurora",
            currency="EUR",
            timezone="Europe/Madrid",
            email=None,
            now=utc_now(),
        )

    requests.run_shop(alice.shop_id)

    assert request_of(alice, request_id).state == "refused"
    assert member_of(alice).first_name == "Alice"
    with db.shop_transaction(alice.shop_id) as session:
        assert "shop_removal_refused" in session.scalars(select(AuditRow.action)).all()


def test_a_shop_that_left_unheard_and_came_back_is_not_removed(alice: Shopper) -> None:
    platform_settings.configure(make_settings())
    request_id = ask(alice, "shop/redact", age_days=1)
    with db.shop_transaction(alice.shop_id) as session:
        pair = TokenPair("t", None, None, None, "", granted_at=utc_now())
        stored_tokens.store_granted(session, alice.shop_id, pair, now=utc_now())

    requests.run_shop(alice.shop_id)

    assert request_of(alice, request_id).state == "refused"


def test_a_shop_whose_leaving_we_never_heard_of_is_removed(alice: Shopper) -> None:
    ask(alice, "shop/redact")

    requests.run_shop(alice.shop_id)

    with db.shopless_transaction() as session:
        assert find_shop_id(session, alice.domain) is None


def test_a_request_that_fails_is_tried_again_and_stops_no_other(
    alice: Shopper, database: DatabaseUrls
) -> None:
    # given
    broken = ask(alice, "customers/data_request")
    with db.shop_transaction(alice.shop_id) as session:
        session.execute(
            text('UPDATE privacy_request SET body = \'{"orders": ["none"]}\' WHERE id = :id'),
            {"id": broken},
        )
    sound = ask(alice, "customers/data_request", customer_id=31)
    # when
    requests.run_shop(alice.shop_id)
    # then
    failed = request_of(alice, broken)
    assert (failed.state, failed.attempts, failed.error) == ("open", 1, "ValueError")
    assert failed.next_at > utc_now() + timedelta(minutes=4)
    assert request_of(alice, sound).state == "done"
    _mend(alice, broken)
    requests.run_shop(alice.shop_id, now=utc_now() + timedelta(minutes=6))
    assert request_of(alice, broken).state == "done"


def _mend(who: Shopper, request_id: UUID) -> None:
    with db.shop_transaction(who.shop_id) as session:
        session.execute(
            text("UPDATE privacy_request SET body = '{}' WHERE id = :id"), {"id": request_id}
        )


def test_requests_that_wait_and_the_time_left_stand_in_the_metrics(alice: Shopper) -> None:
    ask(alice, "customers/redact", age_days=20)
    ask(alice, "customers/data_request", age_days=25)

    found = {
        (sample.name, *sample.labels.values()): sample.value
        for family in gauges.read_gauges()
        for sample in family.samples
    }

    assert found["encore_privacy_requests", "customers/redact", "waiting"] == 1
    assert found["encore_privacy_requests", "customers/data_request", "waiting"] == 1
    assert 0 < found["encore_privacy_seconds_left",] <= 5 * 24 * 3600


def test_documents_and_strays_are_forgotten_in_time(alice: Shopper) -> None:
    ask(alice, "customers/data_request")
    requests.run_shop(alice.shop_id)
    now = utc_now()
    with db.shopless_transaction() as session:
        for days in (29, 31):
            session.add(
                StrayWebhook(
                    webhook_id=str(days),
                    shop_domain="nobody.myshopify.com",
                    topic="shop/redact",
                    received_at=now - timedelta(days=days),
                )
            )

    assert purge.purge_strays(now=now) == 1
    purge.purge(alice.shop_id, now=now + timedelta(days=59))
    with db.shop_transaction(alice.shop_id) as session:
        assert len(session.scalars(select(PrivacyDocument)).all()) == 1
    purge.purge(alice.shop_id, now=now + timedelta(days=61))

    with db.shop_transaction(alice.shop_id) as session:
        assert session.scalars(select(PrivacyDocument)).all() == []
        get_shop(session, alice.shop_id)
    with db.shopless_transaction() as session:
        assert session.scalars(select(StrayWebhook.webhook_id)).all() == ["29"]


def test_a_document_goes_with_the_person_at_the_last_look(alice: Shopper) -> None:
    request_id = ask(alice, "customers/data_request")
    ask(alice, "customers/redact")
    requests.run_shop(alice.shop_id)
    with db.shop_transaction(alice.shop_id) as session:
        kept = session.get_one(PrivacyDocument, (alice.shop_id, request_id))
        assert json.loads(kept.body)["held"]["Personal details"][0]["first_name"] == "Alice"

    requests.run_shop(alice.shop_id, now=utc_now() + timedelta(days=15))

    with db.shop_transaction(alice.shop_id) as session:
        assert session.scalars(select(PrivacyDocument)).all() == []
