"""What operators type about coupons, with Shopify's stand-in behind it."""

from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import select

from jobs.coupon_commands import coupon_commands
from jobs.coupons import run_all
from loyalty.base import db
from loyalty.base.clock import utc_now
from loyalty.coupons.tables import Coupon, CouponCode
from loyalty.members.enrolment import record_customer
from loyalty.outbox import COUPON_EMAIL_ASKED, OutboxEvent
from loyalty.shops.directory import get_shop
from shopify_app.platform import backfill_runs, installations
from shopify_app.platform import settings as platform_settings
from shopify_app.platform.backfill import steps
from shopify_app.platform.session_tokens import verify
from tests.conftest import DatabaseUrls
from tests.factories.facts import a_customer
from tests.jobs.conftest import Aurora
from tests.platform.conftest import make_settings
from tests.platform.shopify import Shopify, running

DOMAIN = "aurora.myshopify.com"


@pytest.fixture(scope="module")
def shopify(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shopify]:
    """A small stand-in."""
    with running(tmp_path_factory.mktemp("shopify"), customers=5, orders=5) as shopify:
        yield shopify


@pytest.fixture
def aurora(database: DatabaseUrls, shopify: Shopify) -> Aurora:
    """Aurora, installed at the stand-in, with Alice; its history is not read."""
    shopify.fail("discounts", "off")
    settings = make_settings(shopify_url_template=shopify.url_template)
    platform_settings.configure(settings)
    shop_id = installations.ensure_installed(verify(shopify.id_token(), settings))
    now = utc_now()
    with db.shop_transaction(shop_id) as session:
        backfill_runs.cancel(session, shop_id, reason="not now", now=now)
        shop = get_shop(session, shop_id)
        customer = record_customer(session, shop, a_customer(), now=now, is_backfill=False)
        assert customer.member_id is not None
        return Aurora(shop_id, customer.member_id)


@pytest.fixture
def five_off(aurora: Aurora) -> str:
    """A coupon's id, as it was printed."""
    done = typed("add-coupon", "--name", "Five off", "--kind", "fixed_amount", "--amount", "5")
    assert done.exit_code == 0, done.output
    return done.stdout.strip()


@pytest.fixture
def partners(aurora: Aurora) -> str:
    """The id of a coupon whose codes are imported."""
    told = ("--name", "Partner", "--kind", "percentage", "--percentage", "10", "--imported")
    return typed("add-coupon", *told).stdout.strip()


def typed(command: str, *arguments: str) -> Result:
    return CliRunner().invoke(coupon_commands, [command, "--shop", DOMAIN, *arguments])


def a_file(folder: Path, content: str) -> str:
    path = folder / "given.csv"
    path.write_text(content)
    return str(path)


def codes(aurora: Aurora) -> list[CouponCode]:
    with db.shop_transaction(aurora.shop_id) as session:
        return list(session.scalars(select(CouponCode).order_by(CouponCode.code)))


def test_a_coupon_is_made_in_shopify_at_once(aurora: Aurora, five_off: str) -> None:
    with db.shop_transaction(aurora.shop_id) as session:
        coupon = session.get_one(Coupon, (aurora.shop_id, UUID(five_off)))
        assert coupon.discount_gid is not None

    listed = typed("coupons").output

    assert f"{five_off} on Five off: $5.00 off" in listed
    assert "free=0 making=0 ready=0 used=0 gone=0" in listed


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--name", "X", "--kind", "fixed_amount"), "amount: Say how much"),
        (("--name", "X", "--kind", "nothing"), "kind: is none of"),
        (
            ("--name", "X", "--kind", "fixed_amount", "--amount", "5", "--ends-on", "2020-01-01"),
            "ends_on: Choose a day from today",
        ),
    ],
)
def test_what_cannot_be_is_refused_in_words(
    aurora: Aurora, arguments: tuple[str, ...], said: str
) -> None:
    refused = typed("add-coupon", *arguments)

    assert refused.exit_code == 1 and said in refused.output
    assert typed("coupons").output == ""


def test_what_shopify_refuses_is_told(aurora: Aurora, shopify: Shopify) -> None:
    shopify.fail("discounts", "refuse", code="MAX_APP_DISCOUNTS", count=1)

    refused = typed("add-coupon", "--name", "X", "--kind", "fixed_amount", "--amount", "5")

    assert refused.exit_code == 1
    assert "as many discounts as Shopify allows" in refused.output
    assert "refused by Shopify: The shop has as many" in typed("coupons").output


def test_a_member_is_given_a_coupon_once_for_each_key(aurora: Aurora, five_off: str) -> None:
    told = ("--id", five_off, "--member", str(aurora.alice), "--email", "--key", str(UUID(int=1)))

    first, again = (typed("assign-coupon", *told) for _ in range(2))
    steps.step(aurora.shop_id)

    assert first.exit_code == 0 and first.output == again.output
    (code,) = codes(aurora)
    assert (code.code, code.state) == (first.output.split()[0], "ready")
    with db.shop_transaction(aurora.shop_id) as session:
        asked = select(OutboxEvent.body).where(OutboxEvent.kind == COUPON_EMAIL_ASKED)
        assert session.scalars(asked).all() == [{"coupon_code_id": str(code.id)}]
    assert (
        f"{code.code} ready Five off: $5.00 off"
        in typed("member-coupons", "--member", str(aurora.alice)).output
    )
    other = typed("assign-coupon", *told[:4])
    assert other.exit_code == 1 and "as many times as allowed" in other.output


def test_a_list_is_reported_before_it_is_given(
    aurora: Aurora, five_off: str, tmp_path: Path
) -> None:
    path = a_file(tmp_path, "email\nalice@example.com\nnobody@example.com\n")
    told = ("--id", five_off, "--file", path)

    shown = typed("assign-coupon-list", *told)
    assert "1 members would be given Five off" in shown.output
    assert "line 3 is no member's address" in shown.output and "nobody@" not in shown.output
    assert codes(aurora) == []

    written = [typed("assign-coupon-list", *told, "--write") for _ in range(2)]

    assert "1 given, 1 have one of this batch" in written[0].output
    assert "0 given, 1 have one of this batch" in written[1].output
    assert [code.state for code in codes(aurora)] == ["making"]


def test_imported_codes_are_reported_and_given_out(
    aurora: Aurora, partners: str, tmp_path: Path
) -> None:
    path = a_file(tmp_path, "code\nSPA-1\nSPA 2\n")
    told = ("--id", partners, "--file", path)

    assert (
        "1 codes would be imported, 1 lines not used" in typed("import-coupon-codes", *told).output
    )
    assert codes(aurora) == []
    written = typed("import-coupon-codes", *told, "--write")

    assert "1 codes imported, 1 lines not used" in written.output
    assert "line 3 has blanks" in written.output
    given = typed("assign-coupon", "--id", partners, "--member", str(aurora.alice))
    assert given.output == "SPA-1 ready\n"


def test_an_ended_coupon_is_given_to_nobody(aurora: Aurora, five_off: str) -> None:
    assert [typed("end-coupon", "--id", five_off).output for _ in range(2)] == [
        "ended\n",
        "was ended already\n",
    ]

    refused = typed("assign-coupon", "--id", five_off, "--member", str(aurora.alice))

    assert refused.exit_code == 1 and "not handed out any more" in refused.output


def test_the_schedule_has_codes_made_that_nothing_works_on(aurora: Aurora, five_off: str) -> None:
    typed("assign-coupon", "--id", five_off, "--member", str(aurora.alice))
    with db.shop_transaction(aurora.shop_id) as session:
        backfill_runs.cancel(session, aurora.shop_id, reason="lost", now=utc_now())

    run_all()
    steps.step(aurora.shop_id)

    assert [code.state for code in codes(aurora)] == ["ready"]


def test_another_shops_member_and_coupon_are_unknown(aurora: Aurora, five_off: str) -> None:
    stranger = str(UUID(int=7))

    assert (
        "member_not_found" in typed("assign-coupon", "--id", five_off, "--member", stranger).output
    )
    assert (
        "coupon_not_found"
        in typed("assign-coupon", "--id", stranger, "--member", str(aurora.alice)).output
    )
