"""Reads the form of the five switches: known names with `active` or `paused`, nothing else."""

from werkzeug.datastructures import MultiDict

from loyalty.preferences import NAMES, Name

_STATES = {"active": True, "paused": False}


class BadForm(Exception):
    """A form that is not ours."""


def read_turns(form: MultiDict[str, str]) -> dict[Name, bool]:
    """Which switches to turn, and how. Raises BadForm for one field that we did not make."""
    turns: dict[Name, bool] = {}
    for name in NAMES:
        states = form.getlist(name)
        if len(states) > 1 or not all(state in _STATES for state in states):
            raise BadForm
        if states:
            turns[name] = _STATES[states[0]]
    if not turns or len(form) != len(turns):
        raise BadForm
    return turns
