"""The models as a caller sees them: a started backend behind one method."""

from typing import Any, ClassVar, Self

from . import remote
from .backend import ModalBackend


class Wrapper:
    """A model on the backend of the caller's choice, which here is `modal`."""

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

    def _call(self, method: str, *arguments: Any, **options: Any) -> Any:
        return getattr(self._backend.get_model(), method).remote(*arguments, **options)


class ESM2(Wrapper):
    """ESM-2."""

    remote_class = remote.ModalESM2

    def embed(self, sequences: Any, options: dict[str, Any] | None = None) -> Any:
        """Embeds sequences."""
        return self._call("embed", sequences, options=options)


class ESMFold(Wrapper):
    """ESMFold."""

    remote_class = remote.ModalESMFold

    def fold(self, sequences: Any, options: dict[str, Any] | None = None) -> Any:
        """Folds sequences."""
        return self._call("fold", sequences, options=options)
