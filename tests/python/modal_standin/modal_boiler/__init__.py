"""A package like boileroom that runs its models on Modal, written for tests of the path from a caller to Modal and back.

It has boileroom's outer shape: a wrapper per model, constructed with `backend`, `device` and `config`, that owns a started
backend; one Modal app per model; the configuration as JSON bytes; the device as Modal's class of GPU. The models themselves
are the synthetic ones of `hydrotest serve`.
"""

from .wrappers import ESM2, ESMFold

__all__ = ["ESM2", "ESMFold"]
