"""Backends that respond correctly and have one flaw each in their life cycle."""

import atexit
import os
import signal
import subprocess
import time

from boileroom.backend.your_backend import YourBackend
from misbehaving import hang


class StartsTwice(YourBackend):
    def start(self):
        self._is_running = False
        super().start()


class StopsTwice(YourBackend):
    def stop(self):
        running, self._is_running = self._is_running, True
        super().stop()
        del running


class RaisesWhenNotRunning(YourBackend):
    def stop(self):
        if not self._is_running:
            raise RuntimeError("not running")
        super().stop()


class WrongError(YourBackend):
    def get_model(self):
        return self.model.fold and self.model


class RunsAfterFailure(YourBackend):
    def start(self):
        try:
            super().start()
        except Exception:
            self._is_running = True
            atexit.register(self.stop)
            raise


class StopRaises(YourBackend):
    def stop(self):
        if not self._is_running:
            return
        self.shutdown()
        self._is_running = False
        atexit.unregister(self._atexit_hook)


class NoRecovery(YourBackend):
    """Its stop needs a response of the server."""

    def stop(self):
        if self._process is not None and self._process.poll() is not None:
            raise RuntimeError("the server does not answer")
        super().stop()


class Orphans(YourBackend):
    """Leaves its server running when a start is interrupted, and no longer has a reference to it."""

    def startup(self):
        _unguarded(self, super().startup, forget=True)


class LeavesToStop(YourBackend):
    """Leaves its server to shutdown() when a start is interrupted, like boileroom's own; its stop() does not call shutdown() then."""

    def startup(self):
        _unguarded(self, super().startup, forget=False)


def _unguarded(backend, startup, forget):
    clean, backend.shutdown = backend.shutdown, lambda: None
    try:
        startup()
        # Long enough to be interrupted.
        time.sleep(2)
    except BaseException:
        if forget:
            backend._process = None
        raise
    finally:
        backend.shutdown = clean


class ImportsInStart(YourBackend):
    """Its start imports a slow module that cannot be imported again after an interruption, like PyTorch."""

    def startup(self):
        import slow_module

        slow_module.use()
        super().startup()


class NoHook(YourBackend):
    def start(self):
        super().start()
        atexit.unregister(self._atexit_hook)


class IgnoresSignals(YourBackend):
    """Handles SIGTERM itself and exits silently."""

    def startup(self):
        super().startup()
        signal.signal(signal.SIGTERM, lambda *_: os._exit(1))


class Shared(YourBackend):
    """All instances share one server, which the first to stop terminates."""

    server = None

    def startup(self):
        if Shared.server is None:
            super().startup()
            Shared.server = self._process, self.model
        self._process, self.model = Shared.server

    def shutdown(self):
        Shared.server = None
        super().shutdown()


class LeavesWhenHosted(YourBackend):
    """Leaves a process, but only in a hosted object whose calls are observed, not in the harness's own instance."""

    def startup(self):
        super().startup()
        if "startup" in vars(self):
            subprocess.Popen(["sleep", "600"], start_new_session=True)


class KeepsHook(YourBackend):
    def start(self):
        try:
            super().start()
        except Exception:
            atexit.register(self.stop)
            raise


class HangsInSecondStart(YourBackend):
    def start(self):
        while self._is_running:
            hang()
        super().start()
