"""Imports objects by the names in settings, and reports what is missing."""

import difflib
import importlib


class Missing(AttributeError):
    """A module does not have the attribute that a setting names."""


class Unfit(TypeError):
    """A class does not have the methods that boileroom's wrapper calls."""


def resolve(path):
    """Imports `package.module:Name` or `package.module.Name`."""
    module, separator, name = path.partition(":")
    if not separator:
        module, _, name = path.rpartition(".")
    if not module or not name:
        raise Missing("{!r} is not `package.module:Name`".format(path))
    found = importlib.import_module(module)
    for part in name.split("."):
        try:
            found = getattr(found, part)
        except AttributeError as error:
            if not _is_missing(error, part):
                raise
            close = difflib.get_close_matches(part, dir(found), 1)
            hint = "; did you mean {!r}?".format(close[0]) if close else ""
            where = getattr(found, "__file__", None) or "no file"
            raise Missing("{!r} ({}) has no {!r}{}".format(module, where, part, hint)) from error
    return found


def _is_missing(error, part):
    # A module with lazy imports may run other code, which may raise its own errors.
    return repr(part) in str(error) or getattr(error, "name", None) == part
