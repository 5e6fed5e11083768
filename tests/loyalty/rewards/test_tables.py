"""The models say what the migrations made."""

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import create_engine

from loyalty.base.db import Base, psycopg_url
from loyalty.orders.tables import OrderCode
from loyalty.programme.tables import Programme
from loyalty.redemption.tables import Redemption
from loyalty.redemption.use_table import RedemptionUse
from loyalty.rewards.tables import Reward, RewardCode
from tests.conftest import DatabaseUrls


def test_migrated_tables_are_those_of_the_models(database_urls: DatabaseUrls) -> None:
    models = (OrderCode, Programme, Redemption, RedemptionUse, Reward, RewardCode)
    names = {model.__tablename__ for model in models}
    engine = create_engine(psycopg_url(database_urls.owner))

    with engine.connect() as connection:
        ours = {"include_object": lambda _, name, kind, *__: kind != "table" or name in names}
        context = MigrationContext.configure(connection, opts=ours)
        differences = compare_metadata(context, Base.metadata)
    engine.dispose()

    assert differences == []
