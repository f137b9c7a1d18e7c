"""The wrappers of the models: each starts its backend in its constructor and stops it when its context is left."""

from boileroom_classes import CLASSES  # noqa: F401

CORES = {
    "ESMFold": "boileroom.models.esm.core.ESMFoldCore",
    "ESM2": "boileroom.models.esm.core.ESM2Core",
    "ESMFold2": "boileroom.models.esmfold2.core.ESMFold2Core",
    "ESMC": "boileroom.models.esm3.core.ESMCCore",
    "ESM3": "boileroom.models.esm3.core.ESM3Core",
    "Chai1": "boileroom.models.chai.core.Chai1Core",
    "Boltz2": "boileroom.models.boltz.core.Boltz2Core",
}


class ModelWrapper:
    """The part that all models share."""

    def __init__(self, backend="your_backend", device=None, config=None):
        kind = backend.partition(":")[0].strip()
        if kind != "your_backend":
            name = type(self).__name__
            raise ValueError(f"Backend {kind} not supported for {name}. Supported backends: your_backend")
        from .backend.your_backend import YourBackend

        self._backend = YourBackend(CORES[type(self).__name__], config or {}, device=device)
        self._backend.start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._backend.stop()
        return False

    def _call(self, name, sequences, options):
        method = getattr(self._backend.get_model(), name)
        remote = getattr(method, "remote", None)
        return (remote if callable(remote) else method)(sequences, options=options)


def make(name, method):
    """The wrapper of one model."""

    def predict(self, sequences, options=None):
        return self._call(method, sequences, options)

    return type(name, (ModelWrapper,), {method: predict, "__module__": "boileroom"})
