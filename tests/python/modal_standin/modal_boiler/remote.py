"""The models on Modal: a class and an app for each."""

import importlib
import json
import urllib.error
from typing import Any, ClassVar

import modal

MINUTE = 60
RESOURCES: dict[str, Any] = {
    "image": modal.Image.debian_slim()
    .pip_install("numpy", "biotite")
    .add_local_python_source("boileroom", "boileroom_classes", "read_response"),
    "gpu": "T4",
    "timeout": 20 * MINUTE,
    "scaledown_window": 10 * MINUTE,
    "volumes": {"/mnt/models": modal.Volume.from_name("model-weights", create_if_missing=True)},
}


class Model:
    """The part that all models share: the core, loaded when a container starts."""

    core: ClassVar[str]
    config: bytes

    @modal.enter()
    def load(self) -> None:
        """Loads the core with the configuration of the instance."""
        importlib.import_module("boileroom")
        print("loading", self.core, flush=True)
        module, _, name = self.core.rpartition(".")
        self._core = getattr(importlib.import_module(module), name)(json.loads(self.config))
        self._core._initialize()

    def _call(self, method: str, sequences: Any, options: dict[str, Any] | None) -> Any:
        try:
            return getattr(self._core, method)(sequences, options=options)
        except urllib.error.HTTPError as error:
            # Modal pickles exceptions, and this one contains an open connection.
            raise ValueError(f"{error}: {error.read().decode()}") from None


class Folding(Model):
    """A model that folds."""

    @modal.method()
    def fold(self, sequences: Any, options: dict[str, Any] | None = None) -> Any:
        """Folds sequences."""
        return self._call("fold", sequences, options)


class Embedding(Model):
    """A model that embeds."""

    @modal.method()
    def embed(self, sequences: Any, options: dict[str, Any] | None = None) -> Any:
        """Embeds sequences."""
        return self._call("embed", sequences, options)


esmfold = modal.App("boileroom-esmfold")
esm2 = modal.App("boileroom-esm2")
esmfold2 = modal.App("boileroom-esmfold2")
esmc = modal.App("boileroom-esmc")
esm3 = modal.App("boileroom-esm3")
chai1 = modal.App("boileroom-chai1")
boltz2 = modal.App("boileroom-boltz2")


@esmfold.cls(**RESOURCES)
class ModalESMFold(Folding):
    core = "boileroom.models.esm.core.ESMFoldCore"
    config: bytes = modal.parameter(default=b"{}")


@esm2.cls(**RESOURCES)
class ModalESM2(Embedding):
    core = "boileroom.models.esm.core.ESM2Core"
    config: bytes = modal.parameter(default=b"{}")


@esmfold2.cls(**RESOURCES)
class ModalESMFold2(Folding):
    core = "boileroom.models.esmfold2.core.ESMFold2Core"
    config: bytes = modal.parameter(default=b"{}")


@esmc.cls(**RESOURCES)
class ModalESMC(Embedding):
    core = "boileroom.models.esm3.core.ESMCCore"
    config: bytes = modal.parameter(default=b"{}")


@esm3.cls(**RESOURCES)
class ModalESM3(Embedding):
    core = "boileroom.models.esm3.core.ESM3Core"
    config: bytes = modal.parameter(default=b"{}")


@chai1.cls(**RESOURCES)
class ModalChai1(Folding):
    core = "boileroom.models.chai.core.Chai1Core"
    config: bytes = modal.parameter(default=b"{}")


@boltz2.cls(**RESOURCES)
class ModalBoltz2(Folding):
    core = "boileroom.models.boltz.core.Boltz2Core"
    config: bytes = modal.parameter(default=b"{}")
