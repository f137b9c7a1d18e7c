"""Exceptions as data: class, ancestors, message and traceback. Copes with exceptions whose own methods fail."""

import os
import traceback

# The limits of a description; a message may be a whole file.
LONGEST_MESSAGE = 64 << 10
MOST_LINES = 60
LONGEST_LINE = 2000


def describe(error):
    """The description of an exception for the harness."""
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
    """The modules that it passed through, last the one that raised it. They separate the model's exceptions from a client's."""
    modules = []
    frame = error.__traceback__
    while frame is not None:
        modules.append(_plain(str(frame.tb_frame.f_globals.get("__name__", "")))[:256])
        frame = frame.tb_next
    return modules[-MOST_LINES:]


def _status(error):
    """The status of the HTTP response that it is about, as httpx, requests and urllib store it."""
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
    # Frames of the bridge do not help the reader, who looks for a mistake in the hosted code.
    while inner is not None and inner.tb_frame.f_code.co_filename.startswith(here):
        inner = inner.tb_next
    try:
        text = "".join(traceback.format_exception(type(error), error, inner))
    except BaseException as other:
        return ["<no traceback: {}>".format(type(other).__name__)]
    return [_plain(line[:LONGEST_LINE]) for line in text.splitlines()[-MOST_LINES:]]


def _plain(text):
    """Text that UTF-8 can encode, without lone surrogates."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8")
