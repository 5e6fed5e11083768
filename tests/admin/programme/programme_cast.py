"""What tests of the programme's settings ask of every page: the audit trail, and a form sent.

`send` posts a form as a browser does, with groups of ticks.
"""

import json
from typing import Any

from sqlalchemy import select
from werkzeug.datastructures import MultiDict
from werkzeug.test import TestResponse

from loyalty.audit import AuditRow
from loyalty.base.db import shop_transaction
from tests.admin.cast import DANA, ShopAndClient
from tests.admin.forms import Fields

PROGRAMME = "/app/settings/programme"


def send(shop: ShopAndClient, path: str, fields: Fields) -> TestResponse:
    """The form with these fields."""
    return shop.client.post(path, data=MultiDict(fields), headers=shop.bearer())


def place(answer: TestResponse) -> str:
    """Where an answer that is done with the form leads."""
    assert answer.status_code == 204, answer.text
    return str(json.loads(answer.headers["HX-Location"])["path"])


def audited(shop: ShopAndClient, action: str) -> list[AuditRow]:
    """What the trail says of this action, all of it done by Dana."""
    with shop_transaction(shop.shop_id) as session:
        rows = list(session.scalars(select(AuditRow).where(AuditRow.action == action)))
        assert all(str(DANA) in str(row.actor_id) for row in rows)
        return rows


def all_of(shop: ShopAndClient, table: Any) -> list[Any]:
    """All rows of a table."""
    with shop_transaction(shop.shop_id) as session:
        return list(session.scalars(select(table)))
