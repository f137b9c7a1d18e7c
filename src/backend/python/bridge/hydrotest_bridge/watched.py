"""Objects for the scenarios of the life cycle: backends that are created without being started, whose calls of startup() and
shutdown() are counted and can be made to fail. Executes orders of the harness; does not judge.
"""

import atexit
import contextlib
import functools
import importlib
import signal
import sys
import threading
import time
import traceback

from . import hosts

# Keeps wrappers alive: a wrapper that is collected would stop its backend before the program ends.
KEPT = []
# Pause between two looks at the main thread before it is interrupted, in seconds.
PAUSE = 0.02


class PlannedFailure(Exception):
    """A failure that a scenario plans."""


class Mishandled(Exception):
    """start() did not pass on a planned failure unchanged."""


class Objects:
    """All objects of this program, by number."""

    # Bridge.stop() asks every host for these.
    exception, notes = None, ()

    def __init__(self, note, shut_down):
        self.note = note
        # Reports to the harness that the shutdown() of an object was called.
        self.shut_down = shut_down
        self.hooks = ExitHooks()
        self.interruption = Interruption()
        self.all = {}
        # By default SIGTERM ends Python without exit hooks; this handler runs them, as an orderly program's does.
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))

    def carry_out(self, order):
        """Executes one order. Its result is sent as JSON."""
        if order["act"] == "make":
            self.all[order["object"]] = Watched(self, order)
            return None
        return getattr(self.all[order["object"]], order["act"])()

    def call(self, order):
        """Calls an object's model."""
        return hosts.call(self.all[order["object"]].backend, order["method"], order["sequences"], order["options"])

    def stop(self):
        """Stops all objects that still run."""
        for watched in self.all.values():
            try:
                watched.stop()
            except Exception:
                traceback.print_exc()


class Watched:
    """One backend. Its public methods are the acts that the harness may order."""

    def __init__(self, objects, plan):
        self._objects = objects
        self._failing = None
        self.backend = _unstarted(plan, objects.note)
        # How often each was called; None if the class does not have it.
        self._calls = {name: 0 if self._watch(name) else None for name in ("startup", "shutdown")}

    def _watch(self, name):
        method = getattr(self.backend, name, None)
        if not callable(method):
            return False

        def watched():
            self._calls[name] += 1
            if name == "shutdown":
                self._objects.shut_down()
            elif self._failing == name:
                raise PlannedFailure("the platform is not there")
            value = method()
            if self._failing == name:
                raise PlannedFailure("the platform does not answer")
            return value

        try:
            setattr(self.backend, name, watched)
        except AttributeError:
            # A class with slots cannot be watched.
            return False
        return True

    @contextlib.contextmanager
    def _with_failing(self, name):
        self._failing = name
        try:
            yield
        finally:
            self._failing = None

    def state(self):
        """Its visible state."""
        running = getattr(self.backend, "_is_running", None)
        return {
            "running": None if running is None else bool(running),
            "exit_hooks": self._objects.hooks.of(self.backend),
            "startups": self._calls["startup"],
            "shutdowns": self._calls["shutdown"],
        }

    def start(self):
        self._objects.note("start", "{}.start()".format(type(self.backend).__name__))
        self.backend.start()

    def stop(self):
        self.backend.stop()

    def shutdown(self):
        self.backend.shutdown()

    def get_model(self):
        self.backend.get_model()

    def failing_start(self):
        """A start whose startup() raises. start() must pass the exception on."""
        with self._with_failing("startup"):
            try:
                self.backend.start()
            except PlannedFailure:
                return
            except Exception as error:
                raise Mishandled("start() turned what startup() raised into {}".format(type(error).__name__)) from error
        raise Mishandled("start() swallowed what startup() raised")

    def failing_stop(self):
        """A stop whose shutdown() raises. stop() must not pass the exception on."""
        with self._with_failing("shutdown"):
            self.backend.stop()

    def interrupted_start(self):
        """A start that Ctrl-C interrupts. Returns whether it completed first."""
        return self._objects.interruption.during(self.start)


class ExitHooks:
    """The exit hooks of the program."""

    def __init__(self):
        self._all = []
        self._register, self._unregister = atexit.register, atexit.unregister
        atexit.register, atexit.unregister = self._registered, self._unregistered

    def of(self, backend):
        """The number of hooks that refer to a backend; other modules have hooks too."""
        return sum(1 for hook in self._all if _refers(hook, backend))

    def _registered(self, hook, *arguments, **keywords):
        self._all.append(functools.partial(hook, *arguments, **keywords) if arguments or keywords else hook)
        return self._register(hook, *arguments, **keywords)

    def _unregistered(self, hook):
        self._all = [other for other in self._all if getattr(other, "func", other) != hook and other != hook]
        return self._unregister(hook)


class Interruption:
    """Ctrl-C in the middle of an action, sent on an order of the harness as soon as the main thread can be interrupted."""

    active = done = False
    _sender = None

    def during(self, action):
        """Runs an action. Returns whether it completed before the interruption."""
        self.done = False
        self.active = True
        before = signal.getsignal(signal.SIGINT)
        # Code may install its own handler of Ctrl-C.
        if before is signal.default_int_handler:
            signal.signal(signal.SIGINT, self._interrupt)
        completed = False
        try:
            try:
                action()
                completed = True
            finally:
                self.active = False
                if self._sender is not None:
                    self._sender.join()
                if signal.getsignal(signal.SIGINT) == self._interrupt:
                    signal.signal(signal.SIGINT, before)
        except KeyboardInterrupt:
            pass
        return completed

    def begin(self):
        """Sends the signal from a separate thread."""
        self._sender = threading.Thread(target=self._send, daemon=True)
        self._sender.start()

    def _send(self):
        main = threading.main_thread().ident
        while self.active and not self.done:
            time.sleep(PAUSE)
            if _is_indivisible(sys._current_frames().get(main)):
                continue
            # Until then a backend cannot know the process it has just started, so it could not clean up.
            time.sleep(PAUSE)
            if self.active and not _is_indivisible(sys._current_frames().get(main)):
                signal.pthread_kill(main, signal.SIGINT)
                if signal.getsignal(signal.SIGINT) != self._interrupt:
                    return

    def _interrupt(self, _number, frame):
        """Raises KeyboardInterrupt, unless the thread has begun something indivisible since the signal was sent."""
        if self.active and not self.done and not _is_indivisible(frame):
            self.done = True
            raise KeyboardInterrupt


def _is_indivisible(frame):
    """Whether a thread is creating a process, whose number only that code knows so far, or importing a module: a half-imported
    package, such as PyTorch, cannot be imported again in the same interpreter."""
    while frame is not None:
        if frame.f_globals.get("__name__") == "subprocess" and frame.f_code.co_name in ("__init__", "_execute_child"):
            return True
        if frame.f_code.co_filename.startswith("<frozen importlib"):
            return True
        frame = frame.f_back
    return False


def _unstarted(plan, note):
    """A backend that is not started. For a wrapper, start() of the base class does nothing while the wrapper is created."""
    host = hosts.HOSTS[plan["host"]](plan, note)
    if plan["host"] == "backend":
        backend = host.build()
        KEPT.append(backend)
        return backend
    cls = host.resolve(plan["class"])
    held = []
    bases = [(base, base.start) for base in _bases(cls)]
    for base, _ in bases:
        # A function, because a built-in method would not receive the object.
        base.start = lambda self: held.append(self)
    try:
        wrapper = cls(backend=plan["selector"], device=plan["device"], config=plan["config"])
    finally:
        for base, start in bases:
            base.start = start
    backend = held[0] if held else wrapper._backend
    KEPT.append((wrapper, backend))
    backend.stop()
    return backend


def _bases(cls):
    """The `Backend` classes of the packages of a wrapper's base classes."""
    found = []
    for package in {ancestor.__module__.partition(".")[0] for ancestor in cls.__mro__} - {"builtins"}:
        try:
            found.append(importlib.import_module(package + ".backend.base").Backend)
        except (ImportError, AttributeError):
            continue
    return found


def _refers(hook, backend):
    """Whether an exit hook refers to a backend."""
    if isinstance(hook, functools.partial):
        return any(value is backend for value in (*hook.args, *hook.keywords.values())) or _refers(hook.func, backend)
    if getattr(hook, "__self__", None) is backend:
        return True
    for cell in getattr(hook, "__closure__", None) or ():
        try:
            if cell.cell_contents is backend:
                return True
        except ValueError:
            continue
    return False
