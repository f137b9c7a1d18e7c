"""The bridge at work: takes orders from the harness, one at a time, and carries them out on the main thread, where signals,
event loops and most libraries expect to be. A second thread listens, so that an order to stop is heard in the middle of a call.
"""

import contextlib
import faulthandler
import json
import os
import platform
import queue
import signal
import sys
import threading
import traceback

from . import failure, hosts, result, watched
from .channel import Channel

# How long the harness may take to look at what is left after a stop, in seconds.
LONGEST_LOOK = 5.0


def main(path):
    """Works until the harness says stop or is gone; gives the exit status."""
    faulthandler.enable()
    # A request to end is one to stop; a backend that has its own idea of it may have it.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    for stream in (sys.stdout, sys.stderr):
        # A log that is complete when the process dies, and that takes any text.
        stream.reconfigure(line_buffering=True, errors="backslashreplace")
    return Bridge(Channel(path)).work()


class Bridge:
    """One connection and what it hosts."""

    def __init__(self, channel):
        self.channel = channel
        self.orders = queue.SimpleQueue()
        self.host = None
        self.guard = threading.Lock()
        self.busy = False
        self.stopping = False
        # The harness has looked at what is left after the stop.
        self.released = threading.Event()

    def work(self):
        """Carries out orders until the last."""
        threading.Thread(target=self.listen, name="hydrotest", daemon=True).start()
        python = {"version": platform.python_version(), "executable": sys.executable, "process": os.getpid()}
        self.channel.send(dict(python, say="ready"))
        status = None
        while status is None and not self.stopping:
            try:
                order = self.orders.get()
                if order["do"] == "exit":
                    # As a program that forgets its backend: nothing is stopped but by exit hooks.
                    return 0
                status = self.obey(order)
            except KeyboardInterrupt:
                # Ours, and late: what it was to interrupt had just ended. Or of another sender, while there was nothing to do.
                status = 0 if self.stopping else 130
        return self.stop(status)

    def listen(self):
        """Hears orders. Runs on a thread of its own."""
        while True:
            order = self.channel.receive()
            if order is None:
                self.released.set()
                self.interrupt()
                self.orders.put({"do": "stop"})
                return
            if order["do"] == "where":
                self.show_where()
                if "id" in order:
                    self.channel.send({"id": order["id"], "say": "done"})
            elif order["do"] == "interrupt":
                self.host.interruption.begin()
            elif order["do"] == "release":
                self.released.set()
            else:
                if order["do"] == "stop":
                    self.interrupt()
                self.orders.put(order)

    def interrupt(self):
        """Breaks off what is under way, as Ctrl-C would."""
        with self.guard:
            self.stopping = True
            if self.busy:
                self.show_where()
                signal.pthread_kill(threading.main_thread().ident, signal.SIGINT)

    @staticmethod
    def show_where():
        """Writes to the log where every thread is."""
        faulthandler.dump_traceback(all_threads=True)

    def obey(self, order):
        """Carries out one order. Gives an exit status when it was the last."""
        if order["do"] == "stop":
            return 0
        if order["do"] == "terminate":
            # As a scheduler does it.
            os.kill(os.getpid(), signal.SIGTERM)
            return None
        number = order["id"]
        try:
            with self.guard:
                if self.stopping:
                    return 0
                self.busy = True
            try:
                blobs = self.carry_out(order)
            finally:
                with self.guard:
                    self.busy = False
            self.flush()
        except BaseException as error:
            self.flush()
            if isinstance(error, KeyboardInterrupt) and self.stopping:
                return 0
            self.channel.send({"id": number, "say": "raised", "error": failure.describe(error)})
            if isinstance(error, SystemExit):
                return error.code if isinstance(error.code, int) else int(error.code is not None)
            return 130 if isinstance(error, KeyboardInterrupt) else None
        self.channel.send({"id": number, "say": "done"}, blobs)
        return None

    def carry_out(self, order):
        """What an order brings: nothing, or the blobs of a result."""
        if order["do"] == "start":
            self.host = hosts.HOSTS[order["host"]](order, self.note)
            self.host.start()
            return ()
        if order["do"] == "object":
            if self.host is None:
                self.host = watched.Objects(self.note, self.tell_of_shutdown)
            return (json.dumps(self.host.carry_out(order)).encode(),)
        if "object" in order:
            return self.pickled(self.host.call(order))
        return self.pickled(self.host.call(order["method"], order["sequences"], order["options"]))

    @staticmethod
    def pickled(value):
        """The blobs of a result."""
        try:
            return result.blobs(value)
        except Exception as error:
            raise Unpicklable("a {} cannot be pickled: {}: {}".format(
                type(value).__name__, type(error).__name__, error)) from error

    def tell_of_shutdown(self):
        """Tells the harness that an object is shut down, if it still listens."""
        with contextlib.suppress(OSError):
            self.channel.send({"say": "shutdown"})

    def note(self, step, what):
        """Tells the harness what is under way."""
        self.channel.send({"say": "step", "step": step, "what": what})

    @staticmethod
    def flush():
        """What the hosted code printed belongs before what is said of it."""
        for stream in (sys.stdout, sys.stderr):
            try:
                stream.flush()
            except Exception:
                pass

    def stop(self, status):
        """Stops what is hosted, and waits for the harness to look at what is left of it."""
        self.stopping = True
        exception = None
        for _ in range(2):
            try:
                if self.host is not None:
                    self.host.stop()
                break
            except KeyboardInterrupt:
                # It was on its way when the last call ended; the second attempt has none.
                continue
            except BaseException as error:
                exception = error
                traceback.print_exc(file=sys.stderr)
                break
        exception = exception or getattr(self.host, "exception", None)
        self.flush()
        head = {"say": "stopped", "notes": list(getattr(self.host, "notes", ()))}
        if exception is not None:
            head["error"] = failure.describe(exception)
        with contextlib.suppress(OSError):
            self.channel.send(head)
            # Whatever ends with this process is there until the harness has looked for it.
            self.released.wait(LONGEST_LOOK)
        return status


class Unpicklable(Exception):
    """A result that cannot leave the process."""
