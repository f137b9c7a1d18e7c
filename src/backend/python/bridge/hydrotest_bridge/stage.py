"""Where scenes are played: makes backends that are not started, watches what they do, and collects what was wrong."""

import atexit
import contextlib
import functools
import importlib
import os
import signal
import threading
import traceback

from . import hosts, leftovers


class Staged(Exception):
    """What a scene lets fail."""


class Stage:
    """The backends of one scene, and the sentences about them."""

    def __init__(self, plan, note):
        self.plan = plan
        self.wrong = []
        self.notes = []
        self.mark = os.environ.get("HYDROTEST_INSTANCE")
        self._host = hosts.HOSTS[plan["host"]](plan, note)
        self._counts = {}
        self._kept = []
        self._before = leftovers.numbers(self.mark)
        self._hooks = []
        self._register, self._unregister = atexit.register, atexit.unregister
        atexit.register, atexit.unregister = self._registered, self._unregistered

    def say(self, sentence):
        """Keeps a sentence about what was wrong."""
        self.wrong.append(sentence)

    # Making them.

    def fresh(self):
        """A backend that is not started."""
        if self.plan["host"] == "backend":
            backend = self._host.build()
        else:
            wrapper, backend = unstarted(self._host.resolve(self.plan["class"]), self.plan)
            # A wrapper that is collected stops its backend.
            self._kept.append(wrapper)
        self._kept.append(backend)
        for name in ("startup", "shutdown"):
            self._watch(backend, name)
        return backend

    def started(self):
        """A backend that runs."""
        backend = self.fresh()
        backend.start()
        return backend

    def _watch(self, backend, name):
        method = getattr(backend, name)

        def watched():
            self._counts[id(backend), name] = self._counts.get((id(backend), name), 0) + 1
            return method()

        setattr(backend, name, watched)

    def clear(self):
        """Stops whatever still runs."""
        for backend in self._kept:
            try:
                getattr(backend, "stop", lambda: None)()
            except Exception:
                traceback.print_exc()
        for process in self.own():
            with contextlib.suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)

    # Looking at them.

    def hooks(self, backend):
        """How many exit hooks there are for it; other modules may have theirs."""
        return sum(1 for hook in self._hooks if _refers(hook, backend))

    def _registered(self, hook, *arguments, **keywords):
        self._hooks.append(functools.partial(hook, *arguments, **keywords) if arguments or keywords else hook)
        return self._register(hook, *arguments, **keywords)

    def _unregistered(self, hook):
        self._hooks = [other for other in self._hooks if getattr(other, "func", other) != hook and other != hook]
        return self._unregister(hook)

    def own(self):
        """The processes that were started since the scene began."""
        return leftovers.numbers(self.mark) - self._before

    def count(self, backend, name, wanted, when):
        """A method must have been called so many times."""
        seen = self._counts.get((id(backend), name), 0)
        if seen != wanted:
            self.say("{} {}() was called {} times; expected {}".format(when, name, seen, wanted))

    def expect(self, what, action):
        """Something must raise nothing."""
        try:
            action()
        except Exception as error:
            traceback.print_exc()
            self.say("{} raised {}".format(what, words(error)))
            return False
        return True

    def usable(self, backend, when):
        """There must be a model."""
        try:
            backend.get_model()
        except Exception as error:
            self.say("{} get_model() raised {}".format(when, words(error)))

    def unusable(self, backend, when):
        """There must be no model, and it must say so."""
        try:
            model = backend.get_model()
        except RuntimeError as error:
            if "not initialized" not in str(error):
                self.say("{} get_model() raised {}; expected words like `is not initialized`".format(when, words(error)))
        except Exception as error:
            self.say("{} get_model() raised {}; expected a RuntimeError".format(when, words(error)))
        else:
            self.say("{} get_model() gave a {}; expected a RuntimeError".format(when, type(model).__name__))

    def not_running(self, backend, when):
        """It must not count as running."""
        if getattr(backend, "_is_running", False):
            self.say("{} it counts as running".format(when))

    def no_hook(self, backend, when):
        """Nothing may be waiting for the end of the program."""
        if self.hooks(backend):
            self.say("{} an exit hook is left".format(when))

    def nothing_left_by_shutdown(self, backend, when):
        """Whatever was started must be gone, if need be after a `shutdown()`: the base class of boileroom 0.4 calls it for
        nothing but what runs, so that a backend has no way to hear of a start that was broken off."""
        left = self._left()
        if left and not getattr(backend, "_is_running", False):
            self.expect("shutdown() after start() was broken off", backend.shutdown)
            still = self._left()
            if not still:
                self.notes.append(
                    "{} there was still {}, until shutdown() was called: boileroom's own Backend.stop() does not call it for a "
                    "start that did not succeed; catch what interrupts startup() and clear up there".format(when, ", ".join(left))
                )
        self.nothing_left(when)

    def _left(self):
        """What was started since the scene began and is still there."""
        return [line for line in leftovers.of(self.mark) if int(line.split()[1]) not in self._before]

    def nothing_left(self, when):
        """Whatever was started must be gone."""
        left = self._left()
        if left:
            self.say("{} there is still {}".format(when, ", ".join(left)))
            for line in left:
                # The next finding is to be about something else.
                with contextlib.suppress(ProcessLookupError):
                    os.kill(int(line.split()[1]), signal.SIGKILL)

    # Using them.

    def call(self, backend):
        """A call of no importance."""
        return hosts.call(backend, self.plan["method"], self.plan["sequences"], {})

    def answers(self, backend, when):
        """A call must be answered."""
        self.expect("a call {}".format(when), lambda: self.call(backend))

    def call_fails(self, backend, when):
        """A call must raise, and soon."""
        outcome = []

        def attempt():
            try:
                outcome.append("was answered with a {}".format(type(self.call(backend)).__name__))
            except BaseException as error:
                traceback.print_exc()
                outcome.append(None if str(error) else "raised a {} without words".format(type(error).__name__))

        thread = threading.Thread(target=attempt, daemon=True)
        thread.start()
        thread.join(self.plan["patience"])
        found = outcome[0] if outcome else "came to no end within {} s".format(self.plan["patience"])
        if found:
            self.say("a call {} {}; expected an exception".format(when, found))

    def stop(self, backend, when):
        """It must stop, and leave nothing."""
        self.expect("stop() {}".format(when), backend.stop)
        self.not_running(backend, when)
        self.no_hook(backend, when)
        self.nothing_left(when)

    def again(self, backend, when):
        """It must start, answer and stop."""
        if self.expect("start() {}".format(when), backend.start):
            self.answers(backend, "in a start {}".format(when))
            self.stop(backend, when)

    @contextlib.contextmanager
    def instead(self, backend, name, action):
        """Another method for a while."""
        before = getattr(backend, name)
        setattr(backend, name, action)
        try:
            yield
        finally:
            setattr(backend, name, before)


def unstarted(cls, plan):
    """A wrapper and its backend, which is not started: the base class is kept from it while the wrapper is made."""
    held = []
    bases = _bases(cls)
    saved = [(base, base.start) for base in bases]
    for base in bases:
        base.start = lambda self: held.append(self)
    try:
        wrapper = cls(backend=plan["selector"], device=plan["device"], config=plan["config"])
    finally:
        for base, start in saved:
            base.start = start
    backend = held[0] if held else wrapper._backend
    backend.stop()
    return wrapper, backend


def _bases(cls):
    """The classes `Backend` of the packages that a wrapper is made of."""
    found = []
    for package in {ancestor.__module__.partition(".")[0] for ancestor in cls.__mro__} - {"builtins"}:
        try:
            found.append(importlib.import_module(package + ".backend.base").Backend)
        except (ImportError, AttributeError):
            continue
    return found


def _refers(hook, backend):
    """Whether an exit hook has to do with a backend."""
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


def words(error):
    """An exception in a sentence."""
    return "{}: {}".format(type(error).__name__, str(error)[:500] or "no words")
