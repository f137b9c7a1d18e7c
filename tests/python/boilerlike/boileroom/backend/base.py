"""The life cycle of every backend, as boileroom defines it."""

import atexit
from abc import ABC, abstractmethod


class Backend(ABC):
    """Runs a model somewhere."""

    def __init__(self):
        self._is_running = False
        self._atexit_hook = None

    def start(self):
        """Starts the backend, unless it is running."""
        if self._is_running:
            return
        self.startup()
        self._is_running = True
        if self._atexit_hook is None:
            self._atexit_hook = self.stop
            atexit.register(self._atexit_hook)

    def stop(self):
        """Stops the backend, unless it is stopped. It counts as stopped afterwards, even after an exception."""
        if not self._is_running:
            return
        try:
            self.shutdown()
        except Exception:
            pass
        finally:
            self._is_running = False
            hook, self._atexit_hook = self._atexit_hook, None
            if hook is not None:
                atexit.unregister(hook)

    @abstractmethod
    def startup(self):
        """Acquires its resources."""

    @abstractmethod
    def shutdown(self):
        """Releases its resources."""
