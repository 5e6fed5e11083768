"""The models say what the migration made."""

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import create_engine

from loyalty.base.db import Base, psycopg_url
from loyalty.members.consent import MemberConsent
from loyalty.members.join_requests import JoinRequest
from loyalty.members.tables import Customer, Member, MemberBalance
from loyalty.merging.tables import MemberMerge, MemberMergeRow
from loyalty.referrals.tables import Referral, ReferralEmail, ReferralSettings
from mailing.topics import MemberTopic
from shopify_app.platform.tables import CustomerMerge
from tests.conftest import DatabaseUrls
from wallet.google.tables import GoogleObject
from wallet.tables import WalletPass

MODELS = (
    *(Customer, CustomerMerge, GoogleObject, JoinRequest, Member, MemberBalance, MemberConsent),
    *(MemberMerge, MemberMergeRow, MemberTopic, Referral, ReferralEmail, ReferralSettings),
    WalletPass,
)


def test_migrated_tables_are_those_of_the_models(database_urls: DatabaseUrls) -> None:
    names = {model.__tablename__ for model in MODELS}
    engine = create_engine(psycopg_url(database_urls.owner))

    with engine.connect() as connection:
        ours = {"include_object": lambda _, name, kind, *__: kind != "table" or name in names}
        context = MigrationContext.configure(connection, opts=ours)
        differences = compare_metadata(context, Base.metadata)
    engine.dispose()

    assert differences == []
