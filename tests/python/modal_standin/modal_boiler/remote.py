"""The models' classes as Modal runs them: one app per model, the configuration as JSON bytes."""

import json
from typing import Any

import modal

from .core import Core

MINUTE = 60
esm2 = modal.App("boileroom-esm2")
esmfold = modal.App("boileroom-esmfold")
RESOURCES: dict[str, Any] = {
    "image": modal.Image.debian_slim().pip_install("numpy", "biotite").add_local_python_source("boileroom_classes"),
    "gpu": "T4",
    "timeout": 20 * MINUTE,
    "scaledown_window": 10 * MINUTE,
    "volumes": {"/mnt/models": modal.Volume.from_name("model-weights", create_if_missing=True)},
}


@esm2.cls(**RESOURCES)
class ModalESM2:
    """ESM-2."""

    config: bytes = modal.parameter(default=b"{}")

    @modal.enter()
    def load(self) -> None:
        """Loads the model when its container starts."""
        self._core = Core("boileroom.models.esm.core.ESM2Core", json.loads(self.config))
        self._core.load()

    @modal.exit()
    def unload(self) -> None:
        """Unloads it when the container ends."""
        self._core.unload()

    @modal.method()
    def embed(self, sequences: Any, options: dict[str, Any] | None = None) -> Any:
        """Embeds sequences."""
        return self._core.call("embed", sequences, options)


@esmfold.cls(**RESOURCES)
class ModalESMFold:
    """ESMFold."""

    config: bytes = modal.parameter(default=b"{}")

    @modal.enter()
    def load(self) -> None:
        """Loads the model when its container starts."""
        self._core = Core("boileroom.models.esm.core.ESMFoldCore", json.loads(self.config))
        self._core.load()

    @modal.exit()
    def unload(self) -> None:
        """Unloads it when the container ends."""
        self._core.unload()

    @modal.method()
    def fold(self, sequences: Any, options: dict[str, Any] | None = None) -> Any:
        """Folds sequences."""
        return self._core.call("fold", sequences, options)
