"""Wrappers whose module imports a backend immediately instead of when it is selected."""

from .backend import your_backend  # noqa: F401
from .wrapper import make

ESM2 = make("ESM2", "embed")
