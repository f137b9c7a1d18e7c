"""Backends with boileroom's interface that misbehave: each class in one way, or its model in the way that the option `do` of
a call names."""

import ctypes
import os
import socket
import subprocess
import sys
import threading
import time

import boileroom  # noqa: F401  makes the classes of inputs
import boileroom_classes
import numpy

LATE = ["sleep", "600"]


class Refusal(ValueError):
    """An exception class of the model."""


class Wordless(Exception):
    def __str__(self):
        raise RuntimeError("no words")


class Evil:
    """An object whose pickle runs a command."""

    def __reduce__(self):
        return (os.system, ("touch " + os.environ["EVIL"],))


class Big:
    """An object that no memory is enough to pickle."""

    def __reduce__(self):
        raise MemoryError()


def result(**fields):
    index = numpy.zeros((1, 3), numpy.int64)
    metadata = boileroom_classes.PredictionMetadata("esm2", "1", [3], 0.0, 0.0, 0.0)
    embeddings = numpy.arange(3 * 4096, dtype=numpy.float32).reshape(1, 3, 4096)
    return boileroom_classes.ESM2Output(
        **dict(dict(embeddings=embeddings, metadata=metadata, chain_index=index, residue_index=index), **fields)
    )


def hang():
    while True:
        time.sleep(600)


def write_into_channel():
    """Writes into the channel to the harness, which a print never does but malicious code could."""
    for descriptor in range(3, 64):
        try:
            connection = socket.socket(fileno=os.dup(descriptor))
        except OSError:
            continue
        if connection.family == socket.AF_UNIX and connection.type == socket.SOCK_STREAM:
            try:
                connection.sendall(b"\xff" * 64)
            except OSError:
                pass
    time.sleep(1)


def print_much():
    for _ in range(2000):
        print("x" * 4000)
    os.write(1, bytes(range(256)) * 64)
    os.write(2, b"\x04\0\0\0{}\0\0" * 64)
    print("the last line")
    return result()


def chain():
    try:
        {}["inner"]
    except KeyError as error:
        raise Refusal("outer words") from error


def kinds(value):
    """The classes of a structured input, outermost first."""
    if isinstance(value, list):
        for item in value:
            if not isinstance(item, str):
                yield from kinds(item)
        return
    yield type(value).__name__
    get = value.get if isinstance(value, dict) else lambda name: getattr(value, name, None)
    for name in ("sequences", "modifications", "msa"):
        if get(name) is not None:
            yield from kinds(get(name))


class Model:
    ACTIONS = {
        "refuse": chain,
        "wordless": lambda: (_ for _ in ()).throw(Wordless()),
        "unlikely_text": lambda: (_ for _ in ()).throw(Refusal("lone \ud800 and nul \0")),
        "much_text": lambda: (_ for _ in ()).throw(Refusal("y" * (1 << 22))),
        "exit": lambda: sys.exit(3),
        "interrupt": lambda: (_ for _ in ()).throw(KeyboardInterrupt()),
        "exit_at_once": lambda: os._exit(7),
        "segfault": lambda: ctypes.string_at(0),
        "hang": hang,
        "unpicklable": lambda: result(embeddings=lambda: 0),
        "evil": lambda: result(embeddings=Evil()),
        "no_memory": lambda: (_ for _ in ()).throw(MemoryError()),
        "big_array": lambda: numpy.empty(1 << 60, numpy.uint8),
        "big_result": lambda: result(embeddings=Big()),
        "no_prediction": lambda: {"embeddings": 1},
        "write": write_into_channel,
        "print": print_much,
        "unreachable": lambda: socket.create_connection(("127.0.0.1", 9), 5),
        "kind": result,
    }

    def fold(self, sequences, options=None):
        raise Refusal(" ".join(kinds(sequences)))

    def embed(self, sequences, options=None):
        print("asked to", options["do"])
        return self.ACTIONS[options["do"]]()


class Backend:
    """A correct backend."""

    def start(self):
        pass

    def get_model(self):
        return Model()

    def stop(self):
        pass


class Does(Backend):
    """Its model does the same in every call, independent of the options."""

    def __init__(self, what):
        self.what = what

    def get_model(self):
        return self

    def embed(self, sequences, options=None):
        return Model().embed(sequences, {"do": self.what})


class RaisesWhenMade(Backend):
    def __init__(self):
        raise RuntimeError("made wrong")


class RaisesAtStart(Backend):
    def start(self):
        print("about to fail")
        raise RuntimeError("no engine here")


class ExitsAtStart(Backend):
    def start(self):
        sys.exit("enough")


class DiesAtStart(Backend):
    def start(self):
        print("last words", flush=True)
        os._exit(7)


class HangsAtStart(Backend):
    def start(self):
        hang()


class Incomplete:
    def start(self):
        pass

    def stop(self):
        pass


class RaisesAtStop(Backend):
    def stop(self):
        raise RuntimeError("will not")


class HangsAtStop(Backend):
    def stop(self):
        while True:
            try:
                hang()
            except KeyboardInterrupt:
                continue


class LeavesProcess(Backend):
    def start(self):
        subprocess.Popen(LATE, start_new_session=True)


class LeavesThread(Backend):
    def start(self):
        threading.Thread(target=hang).start()
