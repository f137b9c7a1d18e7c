"""The three ways to call a model: boileroom's wrapper, a class with the interface of its `Backend`, a core class.

Each has the same four steps: `build` imports and constructs, `start`, `call`, `stop`.
"""

import sys
import traceback

from . import inputs, modal_service, objects


class Host:
    """The base class of all ways."""

    def __init__(self, plan, note):
        self.plan = plan
        # Reports the current step to the harness.
        self.note = note
        # The exception of a shutdown, which the base class swallows.
        self.exception = None
        # Notes that are not failures.
        self.notes = []

    def resolve(self, path):
        """Imports an object that the settings name."""
        self.note("import", path)
        return objects.resolve(path)

    def input(self, sequences):
        """The sequences in the form that the hosted code expects."""
        types = self.plan.get("inputs")
        return inputs.convert(sequences, types) if types else sequences

    def watch(self, backend):
        """Keeps an exception that the shutdown of a backend raises."""
        shutdown = getattr(backend, "shutdown", None)
        if not callable(shutdown):
            return

        def watched():
            try:
                return shutdown()
            except Exception as error:
                self.exception = error
                traceback.print_exc(file=sys.stderr)
                raise

        try:
            backend.shutdown = watched
        except AttributeError:
            # A class with slots cannot be watched.
            pass

    def settle(self, backend):
        """Checks the requests of a model on Modal now instead of at the first call."""
        if "modal" in sys.modules and callable(getattr(backend, "get_model", None)):
            modal_service.settle(backend, self.plan["method"], self.plan["device"])


class WrapperHost(Host):
    """A wrapper as users build it. It starts its backend itself, and stops it at the end of its context."""

    wrapper = None
    # Modules that boileroom 0.4 imports together with a wrapper, or that are not backends.
    USUAL = ("base", "modal", "server", "transport")

    def start(self):
        cls = self.resolve(self.plan["class"])
        self.look_for_early_imports(cls)
        self.note("start", "{}(backend={!r})".format(cls.__name__, self.plan["selector"]))
        if modal_service.is_selected(self.plan["selector"]):
            modal_service.check()
            modal_service.show_output()
        self.wrapper = cls(backend=self.plan["selector"], device=self.plan["device"], config=self.plan["config"])
        backend = getattr(self.wrapper, "_backend", None)
        self.watch(backend)
        self.settle(backend)

    def look_for_early_imports(self, cls):
        """Notes backends that the import of the wrapper has imported, before one was selected."""
        package = cls.__module__.partition(".")[0] + ".backend."
        early = sorted(name for name in sys.modules if name.startswith(package))
        early = [name for name in early if name[len(package):].partition(".")[0] not in self.USUAL]
        if early:
            self.notes.append(
                "importing {} imports {} at once: without a lazy import boileroom cannot be imported where the packages of this "
                "platform are missing".format(self.plan["class"], ", ".join(early[:3]))
            )

    def call(self, method, sequences, options):
        return getattr(self.wrapper, method)(self.input(sequences), options=options)

    def stop(self):
        if self.wrapper is not None:
            wrapper, self.wrapper = self.wrapper, None
            wrapper.__exit__(None, None, None)


class BackendHost(Host):
    """A backend as boileroom's wrapper uses it."""

    backend = None

    def build(self):
        """Creates the backend without starting it."""
        cls = self.resolve(self.plan["class"])
        self.note("build", cls.__name__)
        backend = cls(**self.plan["arguments"])
        for name in ("start", "stop", "get_model"):
            if not callable(getattr(backend, name, None)):
                guide = "; add one that returns `self.model` (boileroom's guide asks for the attribute only)"
                raise objects.Unfit("{} has no {}(), which boileroom's wrapper calls{}".format(
                    cls.__name__, name, guide if name == "get_model" else ""))
        return backend

    def start(self):
        self.backend = self.build()
        self.watch(self.backend)
        self.note("start", "{}.start()".format(type(self.backend).__name__))
        self.backend.start()
        self.settle(self.backend)

    def call(self, method, sequences, options):
        return call(self.backend, method, self.input(sequences), options)

    def stop(self):
        if self.backend is not None:
            self.backend.stop()


class CoreHost(Host):
    """A core class in this process, as boileroom's own server loads it."""

    core = None

    def start(self):
        cls = self.resolve(self.plan["class"])
        self.note("build", cls.__name__)
        core = cls(self.plan["config"])
        self.note("start", "{}._initialize()".format(cls.__name__))
        core._initialize()
        self.core = core

    def call(self, method, sequences, options):
        return getattr(self.core, method)(self.input(sequences), options=options)

    def stop(self):
        self.core = None


def call(backend, name, sequences, options):
    """Calls a method of a backend's model, or its `remote` if it has one, as on Modal."""
    method = getattr(backend.get_model(), name, None)
    if method is None:
        raise AttributeError("the backend's model has no method {!r}".format(name))
    remote = getattr(method, "remote", None)
    if callable(remote):
        return remote(sequences, options=options)
    if not callable(method):
        raise TypeError("{!r} of the backend's model is not callable".format(name))
    return method(sequences, options=options)


HOSTS = {"wrapper": WrapperHost, "backend": BackendHost, "core": CoreHost}
