"""Executes the orders of the harness one at a time, on the main thread, where signals, event loops and most libraries expect
to run. A second thread listens, so that an order to stop can interrupt a call.
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

# How long the harness may take to look for leaks after a stop, in seconds.
LONGEST_LOOK = 5.0


def main(path):
    """Works until the harness stops it or is gone. Returns the exit status."""
    faulthandler.enable()
    # SIGTERM stops the bridge like Ctrl-C; a backend may install its own handler.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    for stream in (sys.stdout, sys.stderr):
        # The log must be complete when the process dies, and accept any text.
        stream.reconfigure(line_buffering=True, errors="backslashreplace")
    return Bridge(Channel(path)).work()


class Bridge:
    """One connection and its host."""

    def __init__(self, channel):
        self.channel = channel
        self.orders = queue.SimpleQueue()
        self.host = None
        self.guard = threading.Lock()
        self.busy = False
        self.stopping = False
        # Set once the harness has looked for leaks after the stop.
        self.released = threading.Event()

    def work(self):
        """Executes orders until the last one."""
        threading.Thread(target=self.listen, name="hydrotest", daemon=True).start()
        python = {"version": platform.python_version(), "executable": sys.executable, "process": os.getpid()}
        self.channel.send(dict(python, say="ready"))
        status = None
        while status is None and not self.stopping:
            try:
                order = self.orders.get()
                if order["do"] == "exit":
                    # Like a program that forgets its backend: only exit hooks stop anything.
                    return 0
                status = self.obey(order)
            except KeyboardInterrupt:
                # Either our own signal, just after the order had ended, or another sender's while the bridge was idle.
                status = 0 if self.stopping else 130
        return self.stop(status)

    def listen(self):
        """Receives orders. Runs on its own thread."""
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
        """Interrupts the current order as Ctrl-C does."""
        with self.guard:
            self.stopping = True
            if self.busy:
                self.show_where()
                signal.pthread_kill(threading.main_thread().ident, signal.SIGINT)

    @staticmethod
    def show_where():
        """Writes the stack of every thread to the log."""
        faulthandler.dump_traceback(all_threads=True)

    def obey(self, order):
        """Executes one order. Returns an exit status if it was the last one."""
        if order["do"] == "stop":
            return 0
        if order["do"] == "terminate":
            # As a scheduler does.
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
        """Executes an order and returns the blobs of its result, if any."""
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
        except MemoryError:
            # A machine that is too small says nothing about the result.
            raise
        except Exception as error:
            raise Unpicklable("a {} cannot be pickled: {}: {}".format(
                type(value).__name__, type(error).__name__, error)) from error

    def tell_of_shutdown(self):
        """Reports that an object is shut down, if the harness still listens."""
        with contextlib.suppress(OSError):
            self.channel.send({"say": "shutdown"})

    def note(self, step, what):
        """Reports the current step to the harness."""
        self.channel.send({"say": "step", "step": step, "what": what})

    @staticmethod
    def flush():
        """Flushes the output of the hosted code, which must be in the log before the response."""
        for stream in (sys.stdout, sys.stderr):
            try:
                stream.flush()
            except Exception:
                pass

    def stop(self, status):
        """Stops the hosted code, and waits until the harness has looked for leaks."""
        self.stopping = True
        exception = None
        for _ in range(2):
            try:
                if self.host is not None:
                    self.host.stop()
                break
            except KeyboardInterrupt:
                # The signal arrived after the last call had ended; it is not repeated at the second attempt.
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
            # Processes that exit with this one must stay until the harness has looked for them.
            self.released.wait(LONGEST_LOOK)
        return status


class Unpicklable(Exception):
    """A result that cannot be sent to the harness."""
