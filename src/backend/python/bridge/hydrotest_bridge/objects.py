"""Objects by their names: imports what a setting names and says what is missing where it is not there."""

import difflib
import importlib


class Missing(AttributeError):
    """A module has no attribute of a name that a setting gives."""


class Unfit(TypeError):
    """A class that does not have what boileroom's wrapper calls."""


def resolve(path):
    """The object of `package.module:Name` or `package.module.Name`."""
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
    # A module that imports lazily may run code on the way, which has mistakes of its own.
    return repr(part) in str(error) or getattr(error, "name", None) == part
