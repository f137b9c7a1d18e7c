"""Backends that answer rightly and have one flaw each in their life cycle."""

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
    """Its stop wants an answer of the server."""

    def stop(self):
        if self._process is not None and self._process.poll() is not None:
            raise RuntimeError("the server does not answer")
        super().stop()


class Orphans(YourBackend):
    """Leaves its server when a start is broken off, and has forgotten it by then."""

    def startup(self):
        _unguarded(self, super().startup, forget=True)


class LeavesToStop(YourBackend):
    """Leaves its server to shutdown() when a start is broken off, as boileroom's own does; its stop() does not call that then."""

    def startup(self):
        _unguarded(self, super().startup, forget=False)


def _unguarded(backend, startup, forget):
    clean, backend.shutdown = backend.shutdown, lambda: None
    try:
        startup()
        # Long enough to be broken off.
        time.sleep(2)
    except BaseException:
        if forget:
            backend._process = None
        raise
    finally:
        backend.shutdown = clean


class ImportsInStart(YourBackend):
    """Its start imports a module that takes long and cannot be imported again after it was broken off, as PyTorch is."""

    def startup(self):
        import slow_module

        slow_module.use()
        super().startup()


class NoHook(YourBackend):
    def start(self):
        super().start()
        atexit.unregister(self._atexit_hook)


class IgnoresSignals(YourBackend):
    """Takes SIGTERM for itself and ends without a word."""

    def startup(self):
        super().startup()
        signal.signal(signal.SIGTERM, lambda *_: os._exit(1))


class Shared(YourBackend):
    """All instances have one server, which the first to stop takes away."""

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
    """Leaves a process, but only where it is not alone the harness's own instance: where its calls are watched."""

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
