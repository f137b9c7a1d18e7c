"""The life cycle of every backend, as boileroom defines it."""

import atexit
from abc import ABC, abstractmethod


class Backend(ABC):
    """Runs a model somewhere."""

    def __init__(self):
        self._is_running = False
        self._atexit_hook = None

    def start(self):
        """Starts it; does nothing when it runs."""
        if self._is_running:
            return
        self.startup()
        self._is_running = True
        if self._atexit_hook is None:
            self._atexit_hook = self.stop
            atexit.register(self._atexit_hook)

    def stop(self):
        """Stops it; does nothing when it is stopped. Afterwards it is stopped, whatever happened."""
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
        """Acquires what it needs."""

    @abstractmethod
    def shutdown(self):
        """Lets go of it."""
