"""What a device does at the PassKit web service, in short words for its tests."""

import io
import json
import zipfile

from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.test import TestResponse

from loyalty.base.clock import utc_now
from loyalty.base.db import shop_transaction
from tests.wallet.cast import Cardholder, enrol
from wallet.passes import list_changes, lock_passes, revise
from wallet.tables import AppleDevice, WalletPass

PHONE, TABLET = "a" * 32, "b" * 32
PUSH_TOKEN, OTHER_TOKEN = "1" * 64, "2" * 64


def register(
    client: FlaskClient, card: WalletPass, *, push_token: str = PUSH_TOKEN
) -> TestResponse:
    """Register the card on PHONE."""
    return client.post(registration_path(card), json={"pushToken": push_token}, headers=own(card))


def list_changed(
    client: FlaskClient, card: WalletPass, *, device: str = PHONE, since: str | None = None
) -> TestResponse:
    """Ask what changed for the device."""
    query = {} if since is None else {"passesUpdatedSince": since}
    path = f"/passkit/{card.shop_id}/v1/devices/{device}/registrations/{card.pass_type_id}"
    return client.get(path, query_string=query)


def fetch(client: FlaskClient, card: WalletPass, *, modified: str | None = None) -> TestResponse:
    """Ask for the pass itself."""
    conditions = {} if modified is None else {"If-Modified-Since": modified}
    return client.get(pass_path(card), headers=own(card) | conditions)


def registration_path(card: WalletPass) -> str:
    """The address of the card's registration on PHONE."""
    base = f"/passkit/{card.shop_id}/v1/devices/{PHONE}/registrations"
    return f"{base}/{card.pass_type_id}/{card.serial}"


def pass_path(card: WalletPass) -> str:
    """The address of the pass."""
    return f"/passkit/{card.shop_id}/v1/passes/{card.pass_type_id}/{card.serial}"


def own(card: WalletPass) -> dict[str, str]:
    """The card's own authentication."""
    return {"Authorization": f"ApplePass {card.authentication_token}"}


def shown(answer: TestResponse) -> dict[str, str]:
    """The fields that a downloaded pass shows."""
    archive = zipfile.ZipFile(io.BytesIO(answer.data))
    card = json.loads(archive.read("pass.json"))["storeCard"]
    return {field["key"]: field["value"] for group in card.values() for field in group}


def push_tokens_of(holder: Cardholder) -> list[str]:
    """Every device's push token."""
    with shop_transaction(holder.shop_id) as session:
        return list(session.scalars(select(AppleDevice.push_token)))


def another_member(holder: Cardholder, number: int) -> Cardholder:
    """One more member of Aurora."""
    return enrol("aurora", f"Alice {number}", customer_id=600 + number)


def pass_of(holder: Cardholder) -> WalletPass:
    """The holder's pass as stored now."""
    with shop_transaction(holder.shop_id) as session:
        return session.scalars(
            select(WalletPass).where(WalletPass.member_id == holder.member_id)
        ).one()


def earn_and_revise(holder: Cardholder, points: int) -> None:
    """Change the balance and give the pass a new revision, as the subscriber does."""
    holder.earn(points)
    with shop_transaction(holder.shop_id) as session:
        cards = lock_passes(session, holder.shop_id, [holder.member_id])
        changes = list_changes(session, holder.shop_id, cards, now=utc_now())
        assert changes
        revise(session, holder.shop_id, cards, changes, now=utc_now())
