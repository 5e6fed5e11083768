"""How the accounts and cards of both wallets stand: certificates, phones, pushes. Reads only.

The invariant: what stands in the files now is shown; processes that sign read them at their start.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from cryptography import x509
from google.oauth2.service_account import Credentials
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from loyalty.base.said import said
from wallet import setup
from wallet.apple.signing import load_signer
from wallet.errors import ApplePassError
from wallet.google.tables import GoogleObject
from wallet.tables import AppleLog, AppleRegistration

NEAR = timedelta(days=30)
"""How long before its end a certificate is to be renewed."""
_LOGS_SHOWN = 5


@dataclass(frozen=True, slots=True)
class AppleAccount:
    """The certificate that signs passes; `fault` says why it signs none, and then dates may miss.

    `expires_at` is the earlier end of the certificate and of Apple's that issued it.
    """

    pass_type_id: str
    team_id: str
    issuer: str = ""
    expires_at: datetime | None = None
    fault: str = ""

    def is_over(self, now: datetime) -> bool:
        """Whether phones refuse what it signs."""
        return self.expires_at is not None and self.expires_at <= now

    def ends_soon(self, now: datetime) -> bool:
        """Whether it is to be renewed by now."""
        return self.expires_at is not None and self.expires_at <= now + NEAR


@dataclass(frozen=True, slots=True)
class GoogleAccount:
    """The issuer account and who acts for it; `fault` says why nobody can."""

    issuer_id: str
    email: str = ""
    fault: str = ""


@dataclass(frozen=True, slots=True)
class Traffic:
    """A shop's cards on one platform: on how many phones, and when the last was told of news."""

    phones: int
    last_push_at: datetime | None


def read_apple() -> AppleAccount | None:
    """None where the installation has no certificate."""
    apple = setup.current().apple
    if apple is None:
        return None
    identity = apple.pass_type_id, apple.team_id
    try:
        files = (apple.cert_file, apple.wwdr_file)
        leaf, wwdr = (x509.load_pem_x509_certificate(each.read_bytes()) for each in files)
        load_signer(apple.cert_file, apple.key_file, apple.wwdr_file).require_identity(*identity)
    except (OSError, ValueError, ApplePassError):
        # What exactly is wrong names files of the server: that is its operators' to read.
        return AppleAccount(*identity, fault=said("The certificate cannot be used."))
    ends = min(leaf.not_valid_after_utc, wwdr.not_valid_after_utc)
    return AppleAccount(*identity, issuer=_common_name(leaf.issuer), expires_at=ends)


def read_google() -> GoogleAccount | None:
    """None where the installation has no issuer account."""
    google = setup.current().google
    if google is None:
        return None
    try:
        account = Credentials.from_service_account_file(google.service_account_file)
    except (OSError, ValueError):
        return GoogleAccount(google.issuer_id, fault=said("The service account cannot be used."))
    return GoogleAccount(google.issuer_id, str(account.service_account_email))


def read_apple_traffic(session: Session, shop_id: int) -> Traffic:
    """Phones that have a card now, and the last push that Apple took."""
    row = session.execute(
        select(
            func.count().filter(AppleRegistration.removed_at.is_(None)),
            func.max(AppleRegistration.pushed_at),
        ).where(AppleRegistration.shop_id == shop_id)
    ).one()
    return Traffic(*row)


def read_google_traffic(session: Session, shop_id: int) -> Traffic:
    """People who have saved a card and not removed it, and the last news that Google took."""
    row = session.execute(
        select(
            func.count().filter(
                GoogleObject.saved_at.is_not(None),
                GoogleObject.removed_at.is_(None),
                GoogleObject.voided_at.is_(None),
            ),
            func.max(GoogleObject.sent_at),
        ).where(GoogleObject.shop_id == shop_id)
    ).one()
    return Traffic(*row)


def list_complaints(session: Session, shop_id: int) -> Sequence[AppleLog]:
    """The newest lines that phones wrote to us about cards of this shop."""
    return session.scalars(
        select(AppleLog)
        .where(AppleLog.shop_id == shop_id)
        .order_by(AppleLog.logged_at.desc(), AppleLog.id.desc())
        .limit(_LOGS_SHOWN)
    ).all()


def _common_name(name: x509.Name) -> str:
    found = name.get_attributes_for_oid(x509.NameOID.COMMON_NAME)
    return str(found[0].value) if found else name.rfc4514_string()
