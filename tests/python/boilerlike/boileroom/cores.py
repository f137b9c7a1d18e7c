"""Core classes under boileroom's own names: each has a server of its own for a model."""

import boileroom_classes

CORES = (
    "boileroom.models.esm.core.ESMFoldCore",
    "boileroom.models.esm.core.ESM2Core",
    "boileroom.models.esmfold2.core.ESMFold2Core",
    "boileroom.models.esm3.core.ESMCCore",
    "boileroom.models.esm3.core.ESM3Core",
    "boileroom.models.chai.core.Chai1Core",
    "boileroom.models.boltz.core.Boltz2Core",
)


class Core:
    """Loads by starting a server."""

    path = None

    def __init__(self, config=None):
        from .backend.your_backend import YourBackend

        self._backend = YourBackend(self.path, config)

    def _initialize(self):
        try:
            self._backend.start()
        except RuntimeError as error:
            # An exception of the model itself while it loads.
            raise ValueError(str(error)) from error

    def fold(self, sequences, options=None):
        return self._backend.get_model().fold(sequences, options)

    def embed(self, sequences, options=None):
        return self._backend.get_model().embed(sequences, options)


def install():
    """Makes the classes importable."""
    for path in CORES:
        module, _, name = path.rpartition(".")
        core = type(name, (Core,), {"path": path, "__module__": module})
        setattr(boileroom_classes._module(module), name, core)
