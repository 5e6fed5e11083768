"""What can go wrong with an email: refusals we can explain, and failures of Amazon's."""

from datetime import timedelta

from loyalty.base.errors import BadTemplate as BadTemplate
from loyalty.base.errors import LoyaltyError


class EmailRefused(LoyaltyError):
    """This email must not or cannot be sent; the message says why to whoever asked for it."""

    code, status = "email_refused", 409


class BadClientKey(EmailRefused):
    """The form that asks for an email is malformed."""

    code, status = "bad_client_key", 422


class UnknownMail(LoyaltyError):
    """There is no such email, or not in this language."""

    code, status = "unknown_mail", 404


class PutOff(Exception):
    """An email is not to go now; asking again after `retry_after` costs no attempt."""

    retryable = True

    def __init__(self, words: str, retry_after: timedelta) -> None:
        super().__init__(words)
        self.retry_after = retry_after


class PaceExceeded(PutOff):
    """The account may send nothing now."""


class CampaignPaused(PutOff):
    """The merchant has paused the campaign that the email belongs to."""


class EmailError(Exception):
    """An email was not sent. Unless `is_in_doubt`, SES has certainly not taken it."""

    def __init__(self, message: str, *, retryable: bool = False, is_in_doubt: bool = False) -> None:
        super().__init__(message)
        self.retryable = retryable
        self.is_in_doubt = is_in_doubt


class NoLongerTheirs(Exception):
    """The address that an unsubscribe link was sent to is no active member's any more."""


class ForgedMessage(Exception):
    """Not a message that SNS signed for us."""


class SnsUnreachable(Exception):
    """SNS did not answer us just now: whoever calls may come again."""


class BadUnsubscribeLink(Exception):
    """An unsubscribe link that we did not sign."""


class BadCampaignLink(Exception):
    """A link of a campaign that we did not sign."""


class BadVerifyLink(Exception):
    """A link to confirm an address that we did not sign."""


class VerifyLinkExpired(Exception):
    """A link to confirm an address that we signed and whose time is over."""
