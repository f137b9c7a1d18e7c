"""Exceptions as data: class, ancestors, message and traceback, whatever the exception itself thinks of being looked at."""

import os
import traceback

# What is told of one exception; a message may be a whole file.
LONGEST_MESSAGE = 64 << 10
MOST_LINES = 60
LONGEST_LINE = 2000


def describe(error):
    """What the harness is told of an exception."""
    return {
        "class": type(error).__name__,
        "ancestors": [_name(ancestor) for ancestor in type(error).__mro__[:32]],
        "message": _plain(_message(error)[:LONGEST_MESSAGE]),
        "traceback": _traceback(error),
        "modules": _modules(error),
        "status": _status(error),
        "missing": error.name if type(error) is ModuleNotFoundError and isinstance(error.name, str) else None,
    }


def _modules(error):
    """The modules whose code it went through, the one that raised it last: they tell the model's own words from a client's."""
    modules = []
    frame = error.__traceback__
    while frame is not None:
        modules.append(_plain(str(frame.tb_frame.f_globals.get("__name__", "")))[:256])
        frame = frame.tb_next
    return modules[-MOST_LINES:]


def _status(error):
    """The status of an HTTP response that it is about, as httpx, requests and urllib keep it."""
    try:
        status = getattr(getattr(error, "response", None), "status_code", None) or getattr(error, "code", None)
    except Exception:
        return None
    return status if type(status) is int and 100 <= status < 600 else None


def _name(cls):
    return _plain("{}.{}".format(cls.__module__, cls.__qualname__))[:256]


def _message(error):
    try:
        return str(error)
    except BaseException as other:
        return "<{} without words: str() of it raises {}>".format(type(error).__name__, type(other).__name__)


def _traceback(error):
    here = os.path.dirname(os.path.abspath(__file__))
    inner = error.__traceback__
    # The reader looks for a mistake of their own, not for the way there through ours.
    while inner is not None and inner.tb_frame.f_code.co_filename.startswith(here):
        inner = inner.tb_next
    try:
        text = "".join(traceback.format_exception(type(error), error, inner))
    except BaseException as other:
        return ["<no traceback: {}>".format(type(other).__name__)]
    return [_plain(line[:LONGEST_LINE]) for line in text.splitlines()[-MOST_LINES:]]


def _plain(text):
    """Text that JSON in UTF-8 can carry: a lone surrogate cannot be encoded."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8")
