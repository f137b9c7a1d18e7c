"""The backend that runs a model on Modal."""

import json
import threading
from typing import Any

import modal
from boileroom.backend.base import Backend


class SharedApp:
    """A Modal app that is entered by its first user and left by its last one."""

    _all: dict[modal.App, "SharedApp"] = {}
    _lock = threading.Lock()

    def __init__(self, app: modal.App) -> None:
        self._app = app
        self._users = 0
        self._entered: Any = None

    @classmethod
    def of(cls, app: modal.App) -> "SharedApp":
        """The shared app for this app."""
        with cls._lock:
            return cls._all.setdefault(app, cls(app))

    def enter(self) -> None:
        """Starts the app, unless it is running."""
        with self._lock:
            if self._users == 0:
                entered = self._app.run()
                entered.__enter__()
                self._entered = entered
            self._users += 1

    def leave(self) -> None:
        """Stops the app after its last user has left."""
        with self._lock:
            self._users -= 1
            if self._users == 0:
                entered, self._entered = self._entered, None
                entered.__exit__(None, None, None)


class ModalBackend(Backend):
    """Runs a model's class on Modal."""

    def __init__(self, model_class: Any, config: dict[str, Any] | None = None, device: str | None = None) -> None:
        super().__init__()
        self._class = model_class
        self._app = SharedApp.of(model_class._get_app())
        self._config = config or {}
        self._device = device
        self.model: Any = None

    def startup(self) -> None:
        """Enters the app and names the instance; Modal starts it at the first call."""
        self._app.enter()
        try:
            model_class = self._class.with_options(gpu=self._device) if self._device else self._class
            self.model = model_class(config=json.dumps(self._config).encode())
        except Exception:
            self._app.leave()
            raise

    def shutdown(self) -> None:
        """Leaves the app."""
        self.model = None
        self._app.leave()

    def get_model(self) -> Any:
        """The instance on Modal."""
        if self.model is None:
            raise RuntimeError("Modal backend model is not initialized. Call start() before use.")
        return self.model
