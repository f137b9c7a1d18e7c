"""The models for callers, under the names of boileroom's wrappers, on the backend `modal`."""

from typing import Any, ClassVar, Self

from . import remote
from .backend import ModalBackend


class Wrapper:
    """A model on a started backend, which is stopped when the wrapper's context is left."""

    remote_class: ClassVar[Any]

    def __init__(self, backend: str = "modal", device: str | None = None, config: dict[str, Any] | None = None) -> None:
        kind = backend.partition(":")[0].strip()
        if kind != "modal":
            name = type(self).__name__
            raise ValueError(f"Backend {kind} not supported for {name}. Supported backends: modal")
        self._backend = ModalBackend(self.remote_class, config, device)
        self._backend.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._backend.stop()


class Folding(Wrapper):
    """A model that folds."""

    def fold(self, sequences: Any, options: dict[str, Any] | None = None) -> Any:
        """Folds sequences."""
        return self._backend.get_model().fold.remote(sequences, options=options)


class Embedding(Wrapper):
    """A model that embeds."""

    def embed(self, sequences: Any, options: dict[str, Any] | None = None) -> Any:
        """Embeds sequences."""
        return self._backend.get_model().embed.remote(sequences, options=options)


class ESMFold(Folding):
    remote_class = remote.ModalESMFold


class ESM2(Embedding):
    remote_class = remote.ModalESM2


class ESMFold2(Folding):
    remote_class = remote.ModalESMFold2


class ESMC(Embedding):
    remote_class = remote.ModalESMC


class ESM3(Embedding):
    remote_class = remote.ModalESM3


class Chai1(Folding):
    remote_class = remote.ModalChai1


class Boltz2(Folding):
    remote_class = remote.ModalBoltz2
