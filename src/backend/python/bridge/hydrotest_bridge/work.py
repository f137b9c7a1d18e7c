"""The bridge at work: takes orders from the harness, one at a time, and carries them out on the main thread, where signals,
event loops and most libraries expect to be. A second thread listens, so that an order to stop is heard in the middle of a call.
"""

import faulthandler
import json
import os
import platform
import queue
import signal
import sys
import threading
import traceback

from . import failure, hosts, leftovers, result, scenes
from .channel import Channel


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

    def work(self):
        """Carries out orders until the last."""
        threading.Thread(target=self.listen, name="hydrotest", daemon=True).start()
        self.channel.send({"say": "hello", "version": platform.python_version(), "executable": sys.executable})
        status = None
        while status is None and not self.stopping:
            try:
                status = self.obey(self.orders.get())
            except KeyboardInterrupt:
                # Ours, and late: what it was to interrupt had just ended. Or somebody's, while there was nothing to do.
                status = 0 if self.stopping else 130
        return self.stop(status)

    def listen(self):
        """Hears orders. Runs on a thread of its own."""
        while True:
            order = self.channel.receive() or {"do": "stop"}
            if order["do"] == "where":
                self.show_where()
                if "id" in order:
                    self.channel.send({"id": order["id"], "say": "done"})
                continue
            if order["do"] == "stop":
                self.interrupt()
            self.orders.put(order)
            if order["do"] == "stop":
                return

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
        if order["do"] == "rehearse":
            wrong, notes = scenes.play(order["scene"], order, self.note)
            played = {"wrong": wrong, "notes": notes}
            return (json.dumps({name: [line[:2000] for line in lines[:20]] for name, lines in played.items()}).encode(),)
        value = self.host.call(order["method"], order["sequences"], order["options"])
        try:
            return result.blobs(value)
        except Exception as error:
            raise Unpicklable("a {} cannot be pickled: {}: {}".format(
                type(value).__name__, type(error).__name__, error)) from error

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
        """Stops what is hosted and says what is left of it."""
        self.stopping = True
        trouble = None
        for _ in range(2):
            try:
                if self.host is not None:
                    self.host.stop()
                break
            except KeyboardInterrupt:
                # It was on its way when the last call ended; the second attempt has none.
                continue
            except BaseException as error:
                trouble = error
                traceback.print_exc(file=sys.stderr)
                break
        trouble = trouble or getattr(self.host, "trouble", None)
        self.flush()
        # A core has nothing that would stop it but the end of the process.
        keeps = isinstance(self.host, hosts.CoreHost)
        left = [] if keeps else leftovers.of(os.environ.get("HYDROTEST_INSTANCE"))
        head = {"say": "stopped", "left": left, "notes": getattr(self.host, "notes", [])}
        if trouble is not None:
            head["error"] = failure.describe(trouble)
        try:
            self.channel.send(head)
        except OSError:
            pass
        return status


class Unpicklable(Exception):
    """A result that cannot leave the process."""
