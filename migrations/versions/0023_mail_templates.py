"""The words that merchants gave their emails, and what a sender may send."""

import sqlalchemy as sa
from alembic import op

from migrations import tenancy

revision = "0023"
down_revision = "0022"

TENANT_TABLES: tuple[str, ...] = ("email_switch", "mail_template", "mail_look")

_TIME = sa.DateTime(timezone=True)
_KINDS = (
    *("card", "campaign", "verification", "birthday", "expiry_warning", "adjustment"),
    *("reward", "coupon", "proof", "erasure", "tier", "granted", "reward_in_reach"),
    *("referral", "data_request", "one_off"),
)


def upgrade() -> None:
    _kinds()
    _languages()
    _switches()
    _templates()
    _looks()
    for table in TENANT_TABLES:
        tenancy.protect(table)
    _pace()
    tenancy.remake_removal()


def _kinds() -> None:
    name = op.f("ck_email_message__kind")
    kinds = ", ".join(f"'{kind}'" for kind in _KINDS)
    op.drop_constraint(name, "email_message", type_="check")
    op.create_check_constraint(name, "email_message", f"kind in ({kinds})")


def _languages() -> None:
    op.add_column("customer", sa.Column("locale", sa.Text(), nullable=True))


def _switches() -> None:
    op.create_table(
        "email_switch",
        sa.Column("shop_id", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("is_on", sa.Boolean(), nullable=False),
        sa.Column("changed_at", _TIME, nullable=False),
        sa.ForeignKeyConstraint(["shop_id"], ["shop.shop_id"], name="fk_email_switch__shop"),
        sa.PrimaryKeyConstraint("shop_id", "kind", name=op.f("pk_email_switch")),
    )


def _templates() -> None:
    words = ("subject", "headline", "text", "button", "changed_by")
    op.create_table(
        "mail_template",
        sa.Column("shop_id", sa.BigInteger(), nullable=False),
        sa.Column("mail", sa.Text(), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        *(sa.Column(name, sa.Text(), nullable=False) for name in words),
        sa.Column("changed_at", _TIME, nullable=False),
        sa.ForeignKeyConstraint(["shop_id"], ["shop.shop_id"], name="fk_mail_template__shop"),
        sa.PrimaryKeyConstraint("shop_id", "mail", "language", name=op.f("pk_mail_template")),
    )


def _looks() -> None:
    op.create_table(
        "mail_look",
        sa.Column("shop_id", sa.BigInteger(), autoincrement=False, nullable=False),
        *(sa.Column(n, sa.Text(), nullable=False) for n in ("brand", "button", "paper")),
        sa.Column("changed_by", sa.Text(), nullable=False),
        sa.Column("changed_at", _TIME, nullable=False),
        sa.ForeignKeyConstraint(["shop_id"], ["shop.shop_id"], name="fk_mail_look__shop"),
        sa.PrimaryKeyConstraint("shop_id", name=op.f("pk_mail_look")),
    )


def _pace() -> None:
    """Of the whole account, and so of no shop: it holds numbers alone."""
    op.create_table(
        "mail_pace",
        sa.Column("region", sa.Text(), nullable=False),
        sa.Column("rate_per_s", sa.BigInteger(), nullable=True),
        sa.Column("quota_24h", sa.BigInteger(), nullable=True),
        sa.Column("sent_24h", sa.BigInteger(), nullable=False),
        sa.Column("read_at", _TIME, nullable=False),
        sa.Column("next_at", _TIME, nullable=False),
        sa.PrimaryKeyConstraint("region", name=op.f("pk_mail_pace")),
    )
    op.execute(f"GRANT SELECT, INSERT, UPDATE ON mail_pace TO {tenancy.app_role()}")
