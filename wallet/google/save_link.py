"""The link that saves an object to a customer's Google Wallet: a signed token that names it.

The object is at Google already, so the link carries ids only and stays short.
"""

from functools import lru_cache

from google.auth import jwt
from google.oauth2.service_account import Credentials

from loyalty.base.clock import utc_now
from wallet import setup
from wallet.google.client import load_credentials
from wallet.google.tables import GoogleObject


def save_link(card: GoogleObject) -> str:
    """The address to send the customer to. Raises GoogleWalletError if we have no key."""
    settings = setup.google()
    credentials = _credentials(settings)
    claims = {
        "iss": credentials.service_account_email,
        "aud": "google",
        "typ": "savetowallet",
        "iat": int(utc_now().timestamp()),
        "origins": [],
        "payload": {"loyaltyObjects": [{"id": card.object_id, "classId": card.class_id}]},
    }
    token: bytes = jwt.encode(credentials.signer, claims)
    return f"{settings.save_url}/{token.decode()}"


@lru_cache(maxsize=1)
def _credentials(settings: setup.GoogleSettings) -> Credentials:
    return load_credentials(settings)
