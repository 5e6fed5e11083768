"""What every request of a till says of itself: which shop and user, where, and under which key."""

from flask import g, request

from loyalty.till.grants import TillUser
from pos_extension.auth import Till
from pos_extension.reading import Body, optional_identifier, read_body
from pos_extension.writes import Write, read_write


def till() -> Till:
    """The till that asks; it was authenticated."""
    found: Till = g.till
    return found


def read_request() -> tuple[Body, Write]:
    """The body, and the write that it asks for."""
    body = read_body(request)
    return body, read_write(request.path, body)


def user(body: Body, write: Write) -> TillUser:
    """Who is logged in, where; the pinned cashier is what the device claims."""
    pinned = optional_identifier(body, "pinned_staff_id")
    return TillUser(till().user_id, write.location_id, pinned)
